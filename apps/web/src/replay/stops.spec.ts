import { describe, expect, it } from '@jest/globals';
import type { FileHistoryDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { inWords, stopsOf } from './stops.js';

const history = {
  authors: [{ id: 'a', name: 'Ada', role: 'student' }],
  pages: [{ first: 0, edits: 100, startMs: 1_000, endMs: 2_000, tag: '' }],
  marks: [
    { kind: 'pasted', edit: 40, ms: 1_400, author: 0, size: 52 },
    { kind: 'pause', edit: 60, ms: 1_600, author: 0, size: 180_000 },
  ],
} as unknown as FileHistoryDto;

const run: HistoryRunDto = {
  ...{ id: 'r', byName: 'Ben', entry: 'main.py', requestedAt: 1_500, startedAt: 1_501, finishedAt: 1_510 },
  ...{ outcome: 'exited', raised: null, edit: null, output: [], input: [], errors: [], figures: 0, fix: null },
};

describe('what there is to go to', () => {
  it('is by time, in words, and where it belongs on the bar', () => {
    const stops = stopsOf(history, [run]);
    expect(stops.map(({ kind, index }) => [kind, index])).toEqual([
      ['pasted', 40],
      ['run', 50],
      ['pause', 60],
    ]);
    expect(stops[0]?.words).toMatch(/^Ada pasted 52 characters, /);
    expect(stops[1]?.words).toMatch(/^Ben ran main\.py at .*: ran without error$/);
    expect(stops[2]?.words).toMatch(/^Nobody wrote for 3 min; then Ada went on, /);
  });

  it('says what fixed the error of a run', () => {
    const error = { ms: 1, exception: 'NameError', message: '', path: null, line: null };
    const failed = { ...run, raised: 'NameError', errors: [error], edit: 30, fix: { run: 's', from: 30, to: 35 } };
    const stopOf = (failed: HistoryRunDto) => stopsOf({ ...history, marks: [] }, [failed])[0];
    const failedStop = stopOf(failed);
    expect(failedStop).toMatchObject({ index: 30, result: 'error' });
    const words = failedStop?.words;
    expect(words).toMatch(/ended with an error \(NameError\); fixed by edits 31 to 35$/);
    const one = { ...failed, fix: { run: 's', from: 30, to: 31 } };
    expect(stopOf(one)?.words).toMatch(/edit 31 fixed it$/);
  });

  it.each([
    [120_001, '2 min'],
    [3_600_000, '1 h 0 min'],
    [172_800_000, '2 days'],
  ])('%i ms are %s', (ms, words) => expect(inWords(ms)).toBe(words));
});
