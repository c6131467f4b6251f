import { describe, expect, it } from '@jest/globals';
import type { ActivityEntryDto, FileHistoryDto, HistoryRunDto, ReplayEdit } from '@palimpsest/protocol/wire';
import { type PlayedFile, Score } from './score.js';

const at = (ms: number) => new Date(ms).toISOString();

function row(id: string, ms: number, more: Partial<ActivityEntryDto> = {}): ActivityEntryDto {
  return {
    ...{ id, at: at(ms), until: null, kind: 'file', by: 'ada', byName: 'Ada', byProgram: false, text: id },
    ...{ failed: false, session: null, workspace: 'w', workspaceName: 'W', file: null, path: null, run: null },
    ...{ count: 1, inserted: 0, removed: 0, firstRevision: null, lastRevision: null, ...more },
  };
}

/** A row of edits of the revisions from `from` to `to`. */
const written = (
  id: string,
  file: string,
  ms: number,
  from: number,
  to: number,
  more: Partial<ActivityEntryDto> = {},
) => row(id, ms, { kind: 'edit', file, firstRevision: String(from), lastRevision: String(to), ...more });

/** A file of which each edit is an event of its own, by the authors `ada` and `ben`. */
function file(id: string, edits: readonly (readonly [ms: number, author: number, kind?: ReplayEdit['kind']])[]) {
  const history = { file: id, path: `${id}.py`, authors: [{ id: 'ada' }, { id: 'ben' }] } as unknown as FileHistoryDto;
  const made = edits.map(([ms, author, kind = 'typed'], revision) => ({ ms, author, kind, revision, splices: [] }));
  return { history, pages: [{ first: 0, edits: made }] } satisfies PlayedFile;
}

const edits = (score: Score) => score.edits.map(({ ms, file: of, index }) => [ms, of, index]);

describe('a score', () => {
  it('has the edits of all files in the order of time, and its rows the oldest first', () => {
    const rows = [row('c', 900), written('b', 'two', 150, 0, 0), written('a', 'one', 100, 0, 1)];
    const score = new Score(rows, [
      file('one', [
        [100, 0],
        [200, 0],
      ]),
      file('two', [[150, 0]]),
    ]);
    expect(edits(score)).toEqual([
      [100, 'one', 1],
      [150, 'two', 1],
      [200, 'one', 2],
    ]);
    expect(score.rows.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('plays those edits that its rows stand for: by person and revision', () => {
    const both = file('one', [
      [1, 0],
      [2, 1],
      [3, 0],
      [4, 1],
      [5, 0],
    ]);
    expect(edits(new Score([written('a', 'one', 1, 0, 2)], [both]))).toEqual([
      [1, 'one', 1],
      [3, 'one', 3],
    ]);
    const rows = [
      written('a', 'one', 1, 0, 0),
      written('b', 'one', 2, 1, 3, { by: 'ben' }),
      written('c', 'one', 5, 4, 4),
    ];
    expect(edits(new Score(rows, [both])).map(([ms]) => ms)).toEqual([1, 2, 4, 5]);
  });

  it('plays what programs wrote, whoever had started them', () => {
    const of = file('one', [
      [1, 0],
      [2, 0, 'program'],
    ]);
    expect(edits(new Score([written('a', 'one', 2, 1, 1, { byProgram: true, by: 'system' })], [of]))).toEqual([
      [2, 'one', 2],
    ]);
    expect(edits(new Score([written('a', 'one', 1, 0, 1)], [of]))).toEqual([[1, 'one', 1]]);
  });

  it('never lets a text go back where the clock was set back', () => {
    const score = new Score(
      [written('a', 'one', 100, 0, 2)],
      [
        file('one', [
          [100, 0],
          [90, 0],
          [110, 0],
        ]),
      ],
    );
    expect(edits(score)).toEqual([
      [100, 'one', 1],
      [100, 'one', 2],
      [110, 'one', 3],
    ]);
  });

  it('shows what was written in last, before the first edit its file as it was, and nothing where nothing was written', () => {
    const rows = [written('a', 'one', 100, 2, 2), written('b', 'two', 200, 0, 0)];
    const score = new Score(rows, [
      file('one', [
        [1, 0],
        [2, 0],
        [100, 0],
      ]),
      file('two', [[200, 0]]),
    ]);
    expect(score.textAt(99)).toEqual({ file: 'one', index: 2 });
    expect(score.textAt(100)).toMatchObject({ file: 'one', index: 3 });
    expect(score.textAt(199)).toMatchObject({ file: 'one', index: 3 });
    expect(score.textAt(5000)).toMatchObject({ file: 'two', index: 1 });
    expect(score.nextFileAfter(0)).toMatchObject({ file: 'two', index: 1 });
    expect(score.nextFileAfter(200)).toBeUndefined();
    expect(new Score([row('a', 5)], []).textAt(9)).toBeUndefined();
  });

  it('knows the row and the runs of a moment', () => {
    const run = (id: string, ms: number) => row(id, ms, { kind: 'run', run: id, until: at(ms + 50) });
    const score = new Score([run('r1', 10), row('f', 20), run('r2', 30), run('r3', 40)], []);
    expect([score.rowAt(9), score.rowAt(10), score.rowAt(29), score.rowAt(99)]).toEqual([-1, 0, 1, 3]);
    expect([score.runsAt(9, 2), score.runsAt(29, 2), score.runsAt(99, 2)]).toEqual([[], ['r1'], ['r3', 'r2']]);
    expect(score.timeOfRow(2)).toBe(30);
  });

  it('is played with long silence shortened, or as it was', () => {
    const rows = [written('a', 'one', 0, 0, 1), row('b', 60_500), row('r', 61_000, { kind: 'run', until: at(61_500) })];
    const score = new Score(rows, [
      file('one', [
        [0, 0],
        [500, 0],
      ]),
    ]);
    expect(score.clock(true).length).toBe(500 + 2_000 + 500 + 500);
    expect(score.clock(false).length).toBe(61_500);
    expect(score.clock(true).unplay(2_500)).toBe(60_500);
  });

  it('lasts until everything of its runs has been seen, though the rows know no end of them', () => {
    const told: HistoryRunDto = {
      ...{ id: 'r', byName: 'Ada', entry: 'a.py', requestedAt: 10, startedAt: 20, finishedAt: null, outcome: null },
      ...{ raised: null, edit: null, input: [], figures: 0, fix: null, output: [[900, 'x']] },
      errors: [{ ms: 950, exception: 'E', message: '', path: null, line: null }],
    };
    const rows = [row('a', 10, { kind: 'run', run: 'r' })];
    expect([...new Score(rows, [], [told]).clock(true).beats]).toEqual([10, 10, 20, 900, 950]);
  });
});
