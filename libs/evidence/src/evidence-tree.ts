import type { Position } from '@palimpsest/event-store';
import type { ClientBase, Pool } from 'pg';
import {
  consistencySpans,
  type Hash,
  hashOfSubtrees,
  inclusionSpans,
  type Node,
  type Span,
  subtreesOf,
} from './merkle-tree.js';
import { hashInTile, hashesOf, type Tile, TILE_HASHES, type TileAddress, tileKey, tileOf } from './tiles.js';

export type Database = Pick<Pool | ClientBase, 'query'>;

export interface TreeState {
  /** Identity of the log whose events are the leaves. */
  readonly log: string;
  readonly size: number;
  /** A checkpoint of at least so many leaves is waited for; 0: by nobody. */
  readonly wanted: number;
}

/** The tree as it is kept in schema `evidence`. Every answer takes one query, whatever the tree's size. */
export class EvidenceTree {
  constructor(private readonly database: Database) {}

  /** Undefined before the first leaf. */
  async state(): Promise<TreeState | undefined> {
    const { rows } = await this.database.query<{ log: string; size: string; wanted: string }>(
      'select log, size, wanted from evidence.tree',
    );
    const row = rows[0];
    return row && { log: row.log, size: Number(row.size), wanted: Number(row.wanted) };
  }

  /** The root that the tree had when it had so many leaves. Throws Error when it does not have them. */
  async root(size: number): Promise<Hash> {
    const [root] = await this.hashesOf([{ from: 0, to: size }]);
    return root as Hash;
  }

  /** Which leaf the event at a position is; undefined if it is none (yet). */
  async leafAt(position: Position): Promise<number | undefined> {
    const { rows } = await this.database.query<{ index: string }>(
      'select index from evidence.leaf where position = $1',
      [position],
    );
    return rows[0] && Number(rows[0].index);
  }

  /** A leaf's hash and its inclusion proof (RFC 9162, 2.1.3) in the tree of `size` leaves. Throws RangeError. */
  async inclusionOf(index: number, size: number): Promise<{ readonly leaf: Hash; readonly hashes: Hash[] }> {
    const spans = inclusionSpans(index, size);
    const [leaf, ...hashes] = await this.hashesOf([{ from: index, to: index + 1 }, ...spans]);
    return { leaf: leaf as Hash, hashes };
  }

  /** Consistency proof (RFC 9162, 2.1.4) between the trees of `first` and of `size` leaves. Throws RangeError. */
  consistency(first: number, size: number): Promise<Hash[]> {
    return this.hashesOf(consistencySpans(first, size));
  }

  /** Hashes of spans that inclusionSpans and its like name. Throws Error when the tree does not have them. */
  async hashesOf(spans: readonly Span[]): Promise<Hash[]> {
    const nodes = spans.map(subtreesOf);
    const tiles = await readTiles(this.database, nodes.flat().map(tileOf));
    return nodes.map((ofSpan) => hashOfSubtrees(ofSpan.map((node) => hashIn(tiles, node))));
  }

  /** Leaf hashes from `from` on, at most up to `to`; fewer where the tree ends. */
  async leafHashes({ from, to }: Span): Promise<Hash[]> {
    const first = tileOf({ level: 0, index: from }).index;
    const last = tileOf({ level: 0, index: Math.max(from, to - 1) }).index;
    const { rows } = await this.database.query<{ index: string; hashes: Buffer }>(
      'select index, hashes from evidence.tile where level = 0 and index between $1 and $2 order by index',
      [first, last],
    );
    const hashes = rows.flatMap(({ index, hashes }) => hashesOf({ level: 0, index: Number(index), hashes }));
    const offset = from - first * TILE_HASHES;
    return hashes.slice(offset, offset + to - from);
  }
}

function hashIn(tiles: ReadonlyMap<string, Tile>, node: Node): Hash {
  const address = tileOf(node);
  const tile = tiles.get(tileKey(address));
  if (!tile) throw new Error(`Tile ${tileKey(address)} of the tree is missing.`);
  return hashInTile(node, tile);
}

/** By their keys; those that are not there are missing. */
export async function readTiles(database: Database, wanted: readonly TileAddress[]): Promise<Map<string, Tile>> {
  const addresses = [...new Map(wanted.map((one) => [tileKey(one), one])).values()];
  if (addresses.length === 0) return new Map();
  const { rows } = await database.query<{ level: number; index: string; hashes: Buffer }>({
    name: 'tiles of the tree',
    text: `select t.level, t.index, t.hashes from unnest($1::smallint[], $2::bigint[]) as w (level, index)
           join evidence.tile t on t.level = w.level and t.index = w.index`,
    values: [addresses.map(({ level }) => level), addresses.map(({ index }) => index)],
  });
  const tiles = rows.map(({ level, index, hashes }) => ({ level, index: Number(index), hashes }));
  return new Map(tiles.map((tile) => [tileKey(tile), tile]));
}
