import { describe, expect, it } from '@jest/globals';
import { asId, type FileId } from '@palimpsest/domain';
import { type Holding, inWords, judge, usedBytes } from './quota-account.js';

const file = (n: number) => asId<FileId>(`00000000-0000-4000-8000-00000000000${n}`);
const text = (bytes: number): Holding => ({ kind: 'text', bytes });
const binary = (sha256: string, bytes: number): Holding => ({ kind: 'binary', sha256, bytes });

describe('the account of a quota', () => {
  it('counts texts each and contents once', () => {
    expect(usedBytes([text(5), text(5), binary('a', 10), binary('a', 10), binary('b', 1)])).toBe(21);
  });

  it.each([
    ['up to the last byte', 10, [file(2), text(5)], { used: 5, needed: 5, allowed: true }],
    ['not over it', 10, [file(2), text(6)], { used: 5, needed: 6, allowed: false }],
    [
      'less than before, also where it is too much already',
      3,
      [file(1), text(4)],
      { used: 5, needed: -1, allowed: true },
    ],
    ['as much as before, likewise', 3, [file(1), text(5)], { used: 5, needed: 0, allowed: true }],
    ['but not more', 3, [file(1), text(6)], { used: 5, needed: 1, allowed: false }],
  ] as const)('%s', (_, most, [changed, holding], expected) => {
    expect(judge(new Map([[file(1), text(5)]]), new Map([[changed, holding]]), most)).toEqual(expected);
  });

  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 kB'],
    [1_048_575, '1024 kB'],
    [10_485_760, '10 MB'],
    [10_485_761, '10.00 MB'],
  ])('%s bytes are %s', (bytes, words) => expect(inWords(bytes)).toBe(words));
});
