/**
 * Theory of operation. The nodes of the tree are kept in tiles, as in C2SP tlog-tiles but smaller: a tile has up to 32 hashes of
 * one level, side by side, and the next level of tiles begins five levels of nodes above it. Nodes in between are computed from
 * those in a tile. That takes 33 bytes a leaf, a row of a table for 32 of them, and a proof needs a few rows. Only complete
 * subtrees are kept, so a hash that was written never changes: a tile grows until it is full.
 */
import { type Hash, hashOfSubtrees, type Node, nodeHash } from './merkle-tree.js';

/** Levels of nodes between two levels of tiles. A tile is 1 KiB: small enough to lie in a table's row itself. */
const HEIGHT = 5;
export const TILE_HASHES = 2 ** HEIGHT;
const HASH_BYTES = 32;

export interface TileAddress {
  readonly level: number;
  readonly index: number;
}

export interface Tile extends TileAddress {
  /** Of 32 bytes each. */
  readonly hashes: Uint8Array;
}

export function tileKey({ level, index }: TileAddress): string {
  return `${level}/${index}`;
}

/** The tile from which a node's hash is computed. */
export function tileOf({ level, index }: Node): TileAddress {
  const tileLevel = Math.floor(level / HEIGHT);
  const leftmost = index * 2 ** (level - tileLevel * HEIGHT);
  return { level: tileLevel, index: Math.floor(leftmost / TILE_HASHES) };
}

/** Throws Error when the tile does not have it: the tree is smaller, or something was taken out of it. */
export function hashInTile({ level, index }: Node, tile: Tile): Hash {
  const count = 2 ** (level - tile.level * HEIGHT);
  const from = index * count - tile.index * TILE_HASHES;
  const hashes = split(tile.hashes.subarray(from * HASH_BYTES, (from + count) * HASH_BYTES));
  if (hashes.length < count) throw new Error(`Tile ${tileKey(tile)} of the tree lacks hashes.`);
  return completeHash(hashes);
}

export function hashesOf({ hashes }: Tile): Hash[] {
  return split(hashes);
}

function split(hashes: Uint8Array): Hash[] {
  const buffer = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  return Array.from({ length: buffer.length / HASH_BYTES }, (_, n) =>
    buffer.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES),
  );
}

function completeHash(hashes: readonly Hash[]): Hash {
  if (hashes.length === 1) return hashOfSubtrees(hashes);
  const middle = hashes.length / 2;
  return nodeHash(completeHash(hashes.slice(0, middle)), completeHash(hashes.slice(middle)));
}

/** The tiles of a tree of `size` leaves that are not full: what appending begins with. */
export function openTiles(size: number): TileAddress[] {
  const tiles: TileAddress[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_HASHES))
    if (count % TILE_HASHES > 0) tiles.push({ level, index: Math.floor(count / TILE_HASHES) });
  return tiles;
}

/** A tree that grows: appends leaves to the tiles that were not full, and says which tiles have to be written. */
export class GrowingTiles {
  #size: number;
  readonly #open = new Map<number, { index: number; hashes: Hash[] }>();
  readonly #changed = new Map<string, Tile>();

  /** `tiles`: exactly those of openTiles(size). Throws Error if one is missing or has another number of hashes. */
  constructor(size: number, tiles: readonly Tile[]) {
    this.#size = size;
    for (const { level, index } of openTiles(size)) {
      const tile = tiles.find((one) => one.level === level && one.index === index);
      const hashes = tile ? hashesOf(tile) : [];
      if (hashes.length !== Math.floor(size / TILE_HASHES ** level) % TILE_HASHES)
        throw new Error(`Tile ${tileKey({ level, index })} does not fit a tree of ${size} leaves.`);
      this.#open.set(level, { index, hashes });
    }
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Hash): void {
    this.#add(0, this.#size, leaf);
    this.#size++;
  }

  /** What append has changed. */
  changed(): Tile[] {
    const open = [...this.#open].map(([level, { index, hashes }]) => ({ level, index, hashes: Buffer.concat(hashes) }));
    return [...this.#changed.values(), ...open];
  }

  #add(level: number, index: number, hash: Hash): void {
    const tile = this.#open.get(level) ?? { index: Math.floor(index / TILE_HASHES), hashes: [] };
    tile.hashes.push(hash);
    this.#open.set(level, tile);
    if (tile.hashes.length < TILE_HASHES) return;
    const full = { level, index: tile.index, hashes: Buffer.concat(tile.hashes) };
    this.#changed.set(tileKey(full), full);
    this.#open.delete(level);
    this.#add(level + 1, tile.index, completeHash(tile.hashes));
  }
}
