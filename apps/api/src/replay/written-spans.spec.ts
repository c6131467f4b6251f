import 'reflect-metadata'; // the index of the protocol has DTO classes
import { describe, expect, it } from '@jest/globals';
import type { EditSource } from '@palimpsest/protocol';
import { writtenSpans } from './written-spans.js';

const typed = (ms: number, author = 0): EditSource => ({ ms, author, kind: 'typed' });

/** Edits by number, from 1. */
const spans = (edits: readonly number[], ...sources: EditSource[]) =>
  writtenSpans(Uint32Array.from(edits), (edit) => sources[edit - 1]!);

describe('who wrote what of a text', () => {
  it('is nothing for no text', () => expect(spans([])).toEqual([]));

  it('joins what one person wrote in one go, forwards only', () => {
    expect(spans([1, 2, 3], typed(0), typed(100), typed(200))).toEqual([[3, 0, 'typed', 1, 0, 3]]);
    expect(spans([2, 1], typed(0), typed(100))).toEqual([
      [1, 0, 'typed', 2, 100, 2],
      [1, 0, 'typed', 1, 0, 1],
    ]);
  });

  it('parts what was written five seconds later, and not a millisecond less', () => {
    expect(spans([1, 2], typed(0), typed(4_999))).toHaveLength(1);
    expect(spans([1, 2], typed(0), typed(5_000))).toHaveLength(2);
  });

  it('parts authors and ways', () => {
    expect(spans([1, 2], typed(0), typed(1, 1))).toHaveLength(2);
    expect(spans([1, 2], typed(0), { ...typed(1), kind: 'pasted' })).toHaveLength(2);
  });

  it('keeps a piece that one edit wrote whole', () => {
    expect(spans([7, 7, 7], ...Array.from({ length: 7 }, () => typed(5)))).toEqual([[3, 0, 'typed', 7, 5, 7]]);
  });
});
