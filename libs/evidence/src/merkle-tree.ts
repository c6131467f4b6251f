/**
 * The Merkle tree of RFC 9162, section 2.1, over SHA-256. Pure: which hashes a root or a proof is made of is worked out here as
 * spans of leaves; where hashes are kept is the business of others (tiles.ts).
 */
import { createHash } from 'node:crypto';

/** 32 bytes. */
export type Hash = Buffer;

/** The leaves from `from` to `to`, which is not among them. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A complete subtree: the `2 ** level` leaves from `index * 2 ** level` on. Level 0 are the leaves. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Root of the tree without leaves. */
export const EMPTY_ROOT: Hash = createHash('sha256').digest();

/** The prefixes keep a leaf from being taken for a node, and the other way round. */
export function leafHash(content: Uint8Array | string): Hash {
  return createHash('sha256').update('\u0000').update(content).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  return createHash('sha256').update('\u0001').update(left).update(right).digest();
}

/** The largest power of two that is smaller than `leaves`, of which there are at least two. */
function leftPart(leaves: number): number {
  let part = 1;
  while (part * 2 < leaves) part *= 2;
  return part;
}

/**
 * The siblings on the way from leaf `index` up to the root of the tree of `size` leaves, the leaf's own first: the hashes of
 * these spans are its inclusion proof (2.1.3.1). Throws RangeError if the tree has no such leaf.
 */
export function inclusionSpans(index: number, size: number): Span[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`);
  const spans: Span[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + leftPart(to - from);
    const isLeft = index < middle;
    spans.unshift(isLeft ? { from: middle, to } : { from, to: middle });
    if (isLeft) to = middle;
    else from = middle;
  }
  return spans;
}

/**
 * The spans whose hashes prove that the tree of `first` leaves is the beginning of the one of `size` leaves (2.1.4.1). Throws
 * RangeError unless 0 < first <= size.
 */
export function consistencySpans(first: number, size: number): Span[] {
  if (!(first > 0 && first <= size)) throw new RangeError(`A tree of ${size} leaves has no beginning of ${first}.`);
  const spans: Span[] = [];
  let [from, to] = [0, size];
  while (first < to) {
    const middle = from + leftPart(to - from);
    const isLeft = first <= middle;
    spans.unshift(isLeft ? { from: middle, to } : { from, to: middle });
    if (isLeft) to = middle;
    else from = middle;
  }
  // The old root itself is left out: whoever checks the proof has it.
  return from === 0 ? spans : [{ from, to }, ...spans];
}

/** The complete subtrees that a span of a tree consists of, from left to right, each smaller than the one before it. */
export function subtreesOf({ from, to }: Span): Node[] {
  const nodes: Node[] = [];
  for (let at = from; at < to;) {
    let [level, leaves] = [0, 1];
    while (at % (leaves * 2) === 0 && at + leaves * 2 <= to) [level, leaves] = [level + 1, leaves * 2];
    nodes.push({ level, index: at / leaves });
    at += leaves;
  }
  return nodes;
}

/** Hash of a span by those of its complete subtrees. */
export function hashOfSubtrees(hashes: readonly Hash[]): Hash {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Grows by one leaf at a time and knows its root; keeps no more than a hash for each bit of its size. */
export class RunningTree {
  #size = 0;
  /** Complete subtrees from left to right. */
  readonly #hashes: Hash[] = [];

  get size(): number {
    return this.#size;
  }

  get root(): Hash {
    return hashOfSubtrees(this.#hashes);
  }

  append(leaf: Hash): void {
    let hash = leaf;
    for (let carry = this.#size; carry % 2 === 1; carry = Math.floor(carry / 2))
      hash = nodeHash(this.#hashes.pop() as Hash, hash);
    this.#hashes.push(hash);
    this.#size++;
  }
}
