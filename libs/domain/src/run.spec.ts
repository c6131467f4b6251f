import { describe, expect, it } from '@jest/globals';
import { fold } from './decider.js';
import { asId, type CourseId, type FileId, type RunId, type UserId, type WorkspaceId } from './identifiers.js';
import { MAX_INPUT_LENGTH, runDecider, type RunEvent, type RunRequested } from './run.js';
import { scenario } from './scenario.js';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const by = asId<UserId>(uuid(1));
const run: RunRequested['data'] = {
  id: asId<RunId>(uuid(2)),
  workspace: asId<WorkspaceId>(uuid(3)),
  course: asId<CourseId>(uuid(4)),
  by,
  mode: 'script',
  entry: 'main.py',
  files: [{ file: asId<FileId>(uuid(5)), path: 'main.py', revision: '7' }],
  columns: 80,
  rows: 24,
};
const requested: RunEvent = { type: 'RunRequested', data: run };
const start = { executor: 'e1', attempt: 'x', sandbox: 'full', startedAt: 1 };
const started: RunEvent = { type: 'RunStarted', data: start };
const cancelled: RunEvent = { type: 'RunCancelled', data: { by } };
const finished: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'exited', code: 0 }, usage: null } };
const repl: RunEvent = { type: 'ReplEntered', data: { ms: 5, script: { kind: 'completed' } } };
const { given } = scenario(runDecider);

describe('run', () => {
  it('is requested once', () => {
    expect(given().when({ kind: 'request', run })).toEqual([requested]);
    expect(given(requested).refused({ kind: 'request', run })).toBe('already-exists');
  });

  it('needs a script that is in the workspace, unless it is a prompt', () => {
    expect(given().refused({ kind: 'request', run: { ...run, entry: 'other.py' } })).toBe('not-found');
    expect(given().when({ kind: 'request', run: { ...run, mode: 'repl', entry: null, files: [] } })).toHaveLength(1);
  });

  it.each([
    [20, 5, true],
    [500, 200, true],
    [19, 24, false],
    [501, 24, false],
    [80, 4, false],
    [80, 201, false],
    [80.5, 24, false],
    [Number.NaN, 24, false],
  ])('a terminal of %s × %s: %s', (columns, rows, fits) => {
    const request = { kind: 'request', run: { ...run, columns, rows } } as const;
    const resize = { kind: 'resize', columns, rows } as const;
    if (fits) {
      expect(given().when(request)).toHaveLength(1);
      expect(given(requested, started).when(resize)).toHaveLength(1);
    } else {
      expect(given().refused(request)).toBe('invalid-value');
      expect(given(requested, started).refused(resize)).toBe('invalid-value');
    }
  });

  it('passes over a size that comes when it has ended: the window could not know', () => {
    const resize = { kind: 'resize', columns: 100, rows: 30 } as const;
    expect(given(requested, started, finished).when(resize)).toEqual([]);
  });

  it('is started by one executor only', () => {
    expect(given(requested).when({ kind: 'start', start })).toEqual([started]);
    expect(given(requested, started).refused({ kind: 'start', start })).toBe('already-exists');
    expect(given(requested, cancelled).refused({ kind: 'start', start })).toBe('run-ended');
    expect(given().refused({ kind: 'start', start })).toBe('not-found');
  });

  it('takes input while it runs, up to the limit', () => {
    const input = (text: string) => ({ kind: 'provideInput', by, text }) as const;
    expect(given(requested).refused(input('x'))).toBe('run-not-started');
    expect(given(requested, started).when(input('x'))).toEqual([{ type: 'InputProvided', data: { by, text: 'x' } }]);
    expect(given(requested, started).when(input(''))).toEqual([]);
    expect(given(requested, started).when(input('x'.repeat(MAX_INPUT_LENGTH)))).toHaveLength(1);
    expect(given(requested, started).refused(input('x'.repeat(MAX_INPUT_LENGTH + 1)))).toBe('too-large');
    expect(given(requested, started, finished).refused(input('x'))).toBe('run-ended');
  });

  it('is cancelled once, while it waits or runs, and not after its end', () => {
    const end: RunEvent = { type: 'RunFinished', data: { outcome: { kind: 'cancelled' }, usage: null } };
    expect(given(requested).when({ kind: 'cancel', by })).toEqual([cancelled, end]);
    expect(given(requested, cancelled).when({ kind: 'cancel', by })).toEqual([end]);
    expect(given(requested, cancelled, end).when({ kind: 'cancel', by })).toEqual([]);
    expect(given(requested, started).when({ kind: 'cancel', by })).toEqual([cancelled]);
    expect(given(requested, started, cancelled).when({ kind: 'cancel', by })).toEqual([]);
    expect(given(requested, started, finished).when({ kind: 'cancel', by })).toEqual([]);
  });

  it('becomes a prompt once', () => {
    const enter = { kind: 'enterRepl', ms: 5, script: { kind: 'completed' } } as const;
    expect(given(requested, started).when(enter)).toEqual([repl]);
    expect(given(requested, started, repl).when(enter)).toEqual([]);
  });

  it('ends once', () => {
    const finish = { kind: 'finish', outcome: { kind: 'exited', code: 0 }, usage: null } as const;
    expect(given(requested, started).when(finish)).toEqual([finished]);
    expect(given(requested, started, finished).refused(finish)).toBe('run-ended');
  });

  it('goes on as it was when files of the program are looked at and kept, also after its end', () => {
    const found: readonly RunEvent[] = [
      { type: 'FilesCollected', data: { ms: 1, batch: 0, files: [], notKept: [], more: 0 } },
      { type: 'FilesNotKept', data: { ms: 1, batch: 0, files: [{ path: 'a', reason: 'link' }] } },
      {
        type: 'FileProduced',
        data: {
          ...{ ms: 1, batch: 0, path: 'a.txt', change: 'created', kind: 'text', size: 1, base: null, revision: '0' },
          file: asId('00000000-0000-4000-8000-000000000009'),
        },
      },
    ];
    for (const past of [[requested], [requested, started], [requested, started, finished]])
      expect(fold(runDecider, [...past, ...found])).toEqual(fold(runDecider, past));
  });
});
