import 'reflect-metadata'; // the index of the protocol has DTO classes
import { describe, expect, it } from '@jest/globals';
import { type EditSource, EditSources } from '@palimpsest/protocol';
import { SourcesThen } from './sources-then.js';
import { writtenSpans } from './written-spans.js';

const typed = (ms: number, author = 0): EditSource => ({ ms, author, kind: 'typed' });

/** Those of edits by number, from 1: the first half of the edits is in the keyframe, the rest in the page after it. */
const spans = (edits: readonly number[], ...made: EditSource[]) => {
  const first = made.length >> 1;
  const keyframe = new EditSources(0);
  made.slice(0, first).forEach((source, n) => keyframe.add(n + 1, source));
  const page = { first, edits: made.slice(first).map((source) => ({ ...source, revision: 0, splices: [] })) };
  return writtenSpans(Uint32Array.from(edits), new SourcesThen(keyframe, page));
};

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

  it('refuses text of an edit that is not known', () => {
    expect(() => spans([3], typed(0), typed(1))).toThrow('edit 3 wrote nothing');
    expect(() => spans([0], typed(0), typed(1))).toThrow('edit 0 wrote nothing');
  });

  it('keeps a piece that one edit wrote whole', () => {
    expect(spans([7, 7, 7], ...Array.from({ length: 7 }, () => typed(5)))).toEqual([[3, 0, 'typed', 7, 5, 7]]);
  });
});
