import { describe, expect, it } from '@jest/globals';
import { overviewOf } from './overview.js';
import { PAUSE_MS, type PageSummary, summaryOf } from './page-summary.js';
import type { OpenReplay } from './replay-files.js';

const edit = (ms: number, author = 0, kind: 'typed' | 'pasted' = 'typed', insert = 'x') => {
  return { ms, author, kind, revision: 0, splices: [[0, 0, insert] as const] };
};

function opened(summaries: readonly PageSummary[], edits: number): OpenReplay {
  const pages = summaries.map((summary, page) => {
    const facts = { revision: 0n, eventId: '', within: 1, authors: [], tag: `t${page}` };
    return { first: page * edits, edits, summary, ...facts };
  });
  const total = pages.length * edits;
  return {
    file: 'f',
    epoch: 'e',
    revision: 0n,
    edits: total,
    authors: [],
    pages,
    growing: undefined,
  } as unknown as OpenReplay;
}

describe('the summary of a page', () => {
  it('has a pause from two minutes on, also the one before the page', () => {
    const page = { first: 100, edits: [edit(PAUSE_MS + 1), edit(2 * PAUSE_MS + 1), edit(3 * PAUSE_MS + 2, 1)] };
    expect(summaryOf(page, 0).pauses).toEqual([
      { edit: 101, ms: PAUSE_MS + 1, author: 0, lasted: PAUSE_MS + 1 },
      { edit: 103, ms: 3 * PAUSE_MS + 2, author: 1, lasted: PAUSE_MS + 1 },
    ]);
    expect(summaryOf(page, undefined).pauses).toHaveLength(1);
  });

  it('knows its latest time, which a clock that was set back makes another than the last', () => {
    const { startMs, endMs, latestMs } = summaryOf({ first: 0, edits: [edit(5), edit(9), edit(7)] }, undefined);
    expect([startMs, endMs, latestMs]).toEqual([5, 7, 9]);
  });

  it('counts who wrote in slots of a hundred', () => {
    const edits = Array.from({ length: 250 }, (_, n) => edit(n, n % 2));
    expect(summaryOf({ first: 0, edits }, undefined).slots.map((slot) => [slot.ms, slot.edits, slot.by])).toEqual([
      [
        0,
        100,
        [
          [0, 50],
          [1, 50],
        ],
      ],
      [
        100,
        100,
        [
          [0, 50],
          [1, 50],
        ],
      ],
      [
        200,
        50,
        [
          [0, 25],
          [1, 25],
        ],
      ],
    ]);
  });
});

describe('an overview', () => {
  it('stays small, however long the history is: three hundred stretches that hold all edits', () => {
    const edits = Array.from({ length: 2_000 }, (_, n) => edit(n));
    const { stretches, pages } = overviewOf(
      opened(
        Array.from({ length: 130 }, () => summaryOf({ first: 0, edits }, undefined)),
        2_000,
      ),
    );
    expect(pages).toHaveLength(130);
    expect(stretches.length).toBeLessThanOrEqual(300);
    expect(stretches.reduce((sum, one) => sum + one.edits, 0)).toBe(260_000);
  });

  it('shows the two hundred largest marks of each kind, in order, and says how many there are', () => {
    const pasted = Array.from({ length: 201 }, (_, n) => edit(n, 0, 'pasted', 'x'.repeat(n === 7 ? 1 : 50)));
    const { marks, allMarks } = overviewOf(opened([summaryOf({ first: 0, edits: pasted }, undefined)], 201));
    expect([marks.length, allMarks]).toEqual([200, 201]);
    expect(marks.map((mark) => mark.edit)).toEqual(marks.map((mark) => mark.edit).toSorted((a, b) => a - b));
    expect(marks.some((mark) => mark.edit === 8)).toBe(false);
  });
});
