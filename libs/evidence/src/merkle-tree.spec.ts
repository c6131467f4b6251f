import { describe, expect, it } from '@jest/globals';
import {
  consistencySpans,
  EMPTY_ROOT,
  type Hash,
  hashOfSubtrees,
  inclusionSpans,
  leafHash,
  RunningTree,
  type Span,
  subtreesOf,
} from './merkle-tree.js';
import { naiveConsistency, naiveInclusion, naiveRoot } from './testing/naive-tree.js';
import { GrowingTiles, hashInTile, openTiles, type Tile, tileKey, tileOf } from './tiles.js';

const MOST = 130;
const hex = (hash: Hash) => hash.toString('hex');
const LEAVES = Array.from({ length: MOST }, (_, n) => leafHash(`leaf ${n}`));

/** A tree of `size` leaves as it lies in a table: grown in batches of `batch`, each beginning with what was written. */
function grown(size: number, batch: number): Map<string, Tile> {
  const table = new Map<string, Tile>();
  for (let from = 0; from < size; from += batch) {
    const tree = new GrowingTiles(
      from,
      openTiles(from).map((address) => table.get(tileKey(address)) as Tile),
    );
    for (const leaf of LEAVES.slice(from, Math.min(size, from + batch))) tree.append(leaf);
    for (const tile of tree.changed()) table.set(tileKey(tile), tile);
  }
  return table;
}

function hashOf(table: ReadonlyMap<string, Tile>, span: Span): Hash {
  return hashOfSubtrees(subtreesOf(span).map((node) => hashInTile(node, table.get(tileKey(tileOf(node))) as Tile)));
}

describe('the tree', () => {
  it('has the roots that implementations of Certificate Transparency agree on', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const tree = new RunningTree();
    const roots = inputs.map((hex) => {
      tree.append(leafHash(Buffer.from(hex, 'hex')));
      return tree.root.toString('hex');
    });
    expect(roots).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]);
    expect(new RunningTree().root).toEqual(EMPTY_ROOT);
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it.each([1, 3, 32, 100])('grown by %i leaves at a time, has the root of the definition at every size', (batch) => {
    const running = new RunningTree();
    const whole = grown(MOST, batch);
    for (let size = 0; size <= MOST; size++) {
      const root = hex(naiveRoot(LEAVES.slice(0, size)));
      const span = { from: 0, to: size };
      // The last: a larger tree knows the roots of all smaller ones.
      const roots = [running.root, hashOf(grown(size, batch), span), hashOf(whole, span)];
      expect(roots.map(hex)).toEqual([root, root, root]);
      if (size < MOST) running.append(LEAVES[size] as Hash);
    }
  });

  it('proves every leaf of every size as the definition does', () => {
    const table = grown(MOST, 7);
    for (let size = 1; size <= MOST; size++)
      for (let index = 0; index < size; index++) {
        const proof = inclusionSpans(index, size).map((span) => hashOf(table, span));
        expect(proof.map(hex)).toEqual(naiveInclusion(index, LEAVES.slice(0, size)).map(hex));
      }
  });

  it('proves every beginning of every size as the definition does', () => {
    const table = grown(MOST, 7);
    for (let size = 1; size <= MOST; size++)
      for (let first = 1; first <= size; first++) {
        const proof = consistencySpans(first, size).map((span) => hashOf(table, span));
        expect(proof.map(hex)).toEqual(naiveConsistency(first, LEAVES.slice(0, size)).map(hex));
      }
  });

  it('has the same tiles however it grew', () => {
    expect(grown(MOST, 1)).toEqual(grown(MOST, MOST));
  });

  it.each([
    [0, 0],
    [3, 3],
    [-1, 3],
    [NaN, 3],
  ])('proves no leaf %d of %d', (index, size) => {
    expect(() => inclusionSpans(index, size)).toThrow(RangeError);
  });

  it.each([
    [0, 3],
    [4, 3],
    [NaN, 3],
  ])('proves no beginning of %d in %d', (first, size) => {
    expect(() => consistencySpans(first, size)).toThrow(RangeError);
  });

  it('refuses to grow on tiles that are not those of its size', () => {
    const [tile] = openTiles(5);
    expect(() => new GrowingTiles(5, [])).toThrow('does not fit a tree of 5 leaves');
    expect(() => new GrowingTiles(5, [{ ...tile!, hashes: Buffer.alloc(4 * 32) }])).toThrow('does not fit');
    expect(() => hashInTile({ level: 1, index: 2 }, { ...tile!, hashes: Buffer.alloc(5 * 32) })).toThrow(
      'lacks hashes',
    );
  });

  it('counts leaves beyond 32 bits', () => {
    const size = 2 ** 40 + 1;
    expect(inclusionSpans(2 ** 40, size)).toEqual([{ from: 0, to: 2 ** 40 }]);
    expect(subtreesOf({ from: 0, to: size })).toEqual([
      { level: 40, index: 0 },
      { level: 0, index: 2 ** 40 },
    ]);
    expect(tileOf({ level: 40, index: 0 })).toEqual({ level: 8, index: 0 });
  });
});
