import { describe, expect, it } from '@jest/globals';
import { EditSources, type FileHistoryDto, type ReplayEdit } from '@palimpsest/protocol/wire';
import { LoadedPage, pageAt, pageOf } from './replay-source.js';

const pages = [
  { first: 0, edits: 10, startMs: 100, endMs: 190, tag: 'a' },
  { first: 10, edits: 5, startMs: 200, endMs: 290, tag: 'b' },
];
const history = { pages } as unknown as FileHistoryDto;

const edit = (ms: number, insert: string, at: number): ReplayEdit => {
  return { ms, author: 0, kind: 'typed', revision: 0, splices: [[at, 0, insert]] };
};

describe('pages of a history', () => {
  it.each([
    [0, 0],
    [1, 0],
    [10, 0],
    [11, 1],
    [15, 1],
    [99, 1],
  ])('edit %i is in page %i', (number, page) => expect(pageOf(history, number)).toBe(page));

  it.each([
    [0, 0],
    [199, 0],
    [200, 1],
    [900, 1],
  ])('time %i is in page %i', (ms, page) => expect(pageAt(history, ms)).toBe(page));

  it('of an empty history there is the first', () => {
    expect([pageOf({ pages: [] }, 0), pageAt({ pages: [] }, 5)]).toEqual([0, 0]);
  });

  it('know who wrote each character at every moment, forwards and backwards', () => {
    const sources = new EditSources();
    sources.add(3, { ms: 7, author: 1, kind: 'pasted' });
    const keyframe = { edit: 4, text: 'ab', edits: Uint32Array.of(3, 3), sources };
    const page = new LoadedPage(1, 4, [edit(10, 'x', 1), edit(20, 'y', 3)], keyframe);
    expect([4, 6, 5, 6].map((index) => [...page.writtenAt(index)])).toEqual([
      [3, 3],
      [3, 5, 3, 6],
      [3, 5, 3],
      [3, 5, 3, 6],
    ]);
    expect([3, 5, 9].map((number) => page.sourceOf(number)?.ms)).toEqual([7, 10, undefined]);
  });
});
