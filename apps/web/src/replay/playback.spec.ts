import { describe, expect, it } from '@jest/globals';
import type { HistoryRunDto } from '@palimpsest/protocol/wire';
import { type Played, Playback } from './playback.js';

const run = (
  id: string,
  requestedAt: number,
  finishedAt: number | null = null,
  output: number[] = [],
): HistoryRunDto => ({
  id,
  byName: 'ada',
  entry: 'main.py',
  requestedAt,
  startedAt: requestedAt + 1,
  finishedAt,
  ...{ raised: null, edit: null, input: [], errors: [], figures: 0, fix: null },
  outcome: finishedAt === null ? null : 'exited',
  output: output.map((ms) => [ms, '.'] as const),
});

function playback(times: number[], runs: HistoryRunDto[] = [], more: Partial<Played> = {}): Playback {
  const edits = times.map((ms) => ({ ms }));
  return new Playback({ first: 0, edits, until: undefined, runs, skipsSilence: true, ...more });
}

describe('Playback', () => {
  it('stands still without edits', () => {
    expect(playback([]).at(5)).toEqual({ index: 0, ms: 0 });
    expect(playback([]).isOver({ index: 0, ms: 0 })).toBe(true);
  });

  it('shows an edit together with what came of it before the next', () => {
    const score = playback([100, 200, 300]);
    expect([0, 1, 3, 9].map((index) => score.at(index))).toEqual([
      { index: 0, ms: 99 },
      { index: 1, ms: 199 },
      { index: 3, ms: 300 },
      { index: 3, ms: 300 },
    ]);
  });

  it('shows after the last edit everything that its runs said', () => {
    expect(playback([100], [run('a', 500, 900)]).at(1).ms).toBe(900);
  });

  it('does not let time go back where the clock did', () => {
    const score = playback([100, 90, 120]);
    expect([score.timeOf(1), score.timeOf(2), score.timeOf(3)]).toEqual([100, 100, 120]);
    expect(score.at(1)).toEqual({ index: 1, ms: 100 });
  });

  it('goes from run to run and back', () => {
    const score = playback([100, 1000], [run('a', 200, 300), run('b', 400, 450), run('c', 2000, 2100)]);
    const start = score.at(0);
    const a = score.nextRun(start);
    expect(a).toEqual({ index: 1, ms: 399 });
    const b = a && score.nextRun(a);
    expect(b).toEqual({ index: 1, ms: 999 });
    const c = b && score.nextRun(b);
    expect(c).toEqual({ index: 2, ms: 2100 });
    expect(c && score.nextRun(c)).toBeNull();
    expect(c && score.previousRun(c)).toEqual(b);
    expect(b && score.previousRun(b)).toEqual(a);
    expect(a && score.previousRun(a)).toBeNull();
  });

  it('plays in true time', () => {
    const score = playback([1000, 1500, 2500]);
    const begin = score.startAt(score.at(1));
    expect(begin).toEqual({ index: 1, ms: 1000 });
    expect(score.advance(begin, 400)).toEqual({ index: 1, ms: 1400 });
    expect(score.advance(begin, 500)).toEqual({ index: 2, ms: 1500 });
    expect(score.advance(begin, 1500)).toEqual({ index: 3, ms: 2500 });
  });

  it('shortens long silence', () => {
    const score = playback([1000, 100_000]);
    const begin = score.startAt(score.at(1));
    expect(score.advance(begin, 1999).index).toBe(1);
    expect(score.advance(begin, 2000)).toEqual({ index: 2, ms: 100_000 });
  });

  it('plays what a program says after the last edit, and then is over', () => {
    const score = playback([1000], [run('a', 1500, 3000, [2000, 2500])]);
    const begin = score.startAt(score.at(1));
    const later = score.advance(begin, 1200);
    expect(later).toEqual({ index: 1, ms: 2200 });
    expect(score.isOver(later)).toBe(false);
    expect(score.isOver(score.advance(later, 5000))).toBe(true);
  });

  it('plays silence as long as it was, if that is wanted', () => {
    const score = playback([1000, 100_000], [], { skipsSilence: false });
    expect(score.advance(score.startAt(score.at(1)), 98_999)).toEqual({ index: 1, ms: 99_999 });
  });

  describe('a page that others follow', () => {
    const page = (runs: HistoryRunDto[] = []) => playback([1000, 2000], runs, { first: 500, until: 9000 });

    it('numbers its edits as the file does, and ends when the next begins', () => {
      const score = page();
      expect([0, 500, 501, 502, 999].map((index) => score.at(index))).toEqual([
        { index: 500, ms: 999 },
        { index: 500, ms: 999 },
        { index: 501, ms: 1999 },
        { index: 502, ms: 8999 },
        { index: 502, ms: 8999 },
      ]);
      expect([score.first, score.end, score.timeOf(502)]).toEqual([500, 502, 2000]);
    });

    it('has the runs of its time, and no others', () => {
      const score = page([run('before', 900), run('in', 1500), run('after', 9000)]);
      expect(score.runs.map(({ id }) => id)).toEqual(['in']);
      expect(score.nextRun(score.at(500))).toEqual({ index: 501, ms: 1999 });
      expect(score.nextRun(score.at(501))).toBeNull();
      expect(score.previousRun(score.at(502))).toEqual({ index: 501, ms: 1999 });
    });

    it('is over with its last edit and what came of it', () => {
      const score = page([run('in', 3000, 4000)]);
      expect(score.isOver({ index: 502, ms: 3999 })).toBe(false);
      expect(score.isOver({ index: 502, ms: 4000 })).toBe(true);
    });
  });
});
