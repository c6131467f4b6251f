import { describe, expect, it } from '@jest/globals';
import { type Hash, leafHash } from './merkle-tree.js';
import { naiveConsistency, naiveInclusion, naiveRoot } from './testing/naive-tree.js';
import { callVerifier, runVerifier } from './testing/python.js';
import { RFC_8032_VECTORS, type Rfc8032Vector } from './testing/rfc8032-vectors.js';

const hex = (hash: Hash) => hash.toString('hex');

/** The last digit of a text in hexadecimal is another. */
function altered(text: string, at = text.length - 1): string {
  return `${text.slice(0, at)}${((Number.parseInt(text[at] ?? '0', 16) + 1) % 16).toString(16)}${text.slice(at + 1)}`;
}

describe('verifier.py', () => {
  it('checks signatures as RFC 8032 says, and refuses what is altered', () => {
    const words = ({ public: key, message, signature }: Rfc8032Vector) => [key, message, signature];
    const good = RFC_8032_VECTORS.map((vector) => ['is_signed', words(vector)] as const);
    expect(callVerifier(good)).toEqual(RFC_8032_VECTORS.map(() => true));
    const bad = RFC_8032_VECTORS.flatMap((vector) => [
      ['is_signed', words({ ...vector, message: `${vector.message}00` })] as const,
      ...[0, 63, 64, 100].map(
        (at) => ['is_signed', words({ ...vector, signature: altered(vector.signature, at) })] as const,
      ),
      ['is_signed', words({ ...vector, signature: vector.signature.slice(2) })] as const,
      ['is_signed', words({ ...vector, public: RFC_8032_VECTORS[1]!.public, message: 'ff' })] as const,
    ]);
    expect(callVerifier(bad)).toEqual(bad.map(() => false));
  });

  it('refuses a signature whose s is as large as the order, which would make a second one', () => {
    const vector = RFC_8032_VECTORS[0]!;
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(vector.signature.slice(64), 'hex').reverse().toString('hex')}`) + order;
    const grown = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
    const signature = vector.signature.slice(0, 64) + grown;
    expect(callVerifier([['is_signed', [vector.public, vector.message, signature]]])).toEqual([false]);
  });

  it('checks every inclusion proof up to 65 leaves, and refuses each for another leaf, place or root', () => {
    const leaves = Array.from({ length: 65 }, (_, n) => leafHash(`leaf ${n}`));
    const good: [string, unknown[]][] = [];
    const bad: [string, unknown[]][] = [];
    for (let size = 1; size <= leaves.length; size++) {
      const tree = leaves.slice(0, size);
      const root = hex(naiveRoot(tree));
      for (let index = 0; index < size; index++) {
        const [leaf, path] = [hex(leaves[index]!), naiveInclusion(index, tree).map(hex)];
        good.push(['is_included', [leaf, index, size, path, root]]);
        bad.push(['is_included', [altered(leaf), index, size, path, root]]);
        bad.push(['is_included', [leaf, index, size, path, altered(root)]]);
        bad.push(['is_included', [leaf, size, size, path, root]]);
        bad.push(['is_included', [leaf, index, size, [...path, leaf], root]]);
        if (size > 1) bad.push(['is_included', [leaf, index, size, path.slice(1), root]]);
        if (index % 2 === 0 && index + 1 < size) bad.push(['is_included', [leaf, index + 1, size, path, root]]);
      }
    }
    expect(callVerifier(good).filter((one) => one !== true)).toEqual([]);
    expect(callVerifier(bad).filter((one) => one !== false)).toEqual([]);
  });

  it('checks every consistency proof up to 65 leaves, and refuses each for another root', () => {
    const leaves = Array.from({ length: 65 }, (_, n) => leafHash(`leaf ${n}`));
    const good: [string, unknown[]][] = [];
    const bad: [string, unknown[]][] = [];
    for (let size = 1; size <= leaves.length; size++)
      for (let first = 1; first <= size; first++) {
        const tree = leaves.slice(0, size);
        const [old, root] = [hex(naiveRoot(tree.slice(0, first))), hex(naiveRoot(tree))];
        const path = naiveConsistency(first, tree).map(hex);
        good.push(['is_consistent', [first, size, path, old, root]]);
        bad.push(['is_consistent', [first, size, path, altered(old), root]]);
        bad.push(['is_consistent', [first, size, path, old, altered(root)]]);
        bad.push(['is_consistent', [first, size, [...path, old], old, root]]);
        if (path.length > 0) bad.push(['is_consistent', [first, size, path.slice(0, -1), old, root]]);
      }
    expect(callVerifier(good).filter((one) => one !== true)).toEqual([]);
    expect(callVerifier(bad).filter((one) => one !== false)).toEqual([]);
  });

  it('says how it is used, and what it cannot read', () => {
    expect(runVerifier()).toMatchObject({ status: 2, out: '' });
    expect(runVerifier().error).toContain('python3 verifier.py <folder>');
    expect(runVerifier('/nowhere.json')).toMatchObject({ status: 2, error: expect.stringContaining('cannot be read') });
    expect(runVerifier('/nowhere.json', '--key')).toMatchObject({ status: 2 });
    expect(runVerifier('/nowhere.json', '--key', 'nonsense')).toMatchObject({ status: 2 });
  });
});
