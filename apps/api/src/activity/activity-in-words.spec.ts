import { describe, expect, it } from '@jest/globals';
import type { ActivityEntry } from '@palimpsest/projections';
import { activityInWords, inputInWords, isFailure } from './activity-in-words.js';

const AT = new Date(0);

function entry(more: Partial<ActivityEntry>): ActivityEntry {
  return {
    ...{
      entryNo: '1',
      micros: '0',
      at: AT,
      until: AT,
      kind: 'edit',
      type: 'FileEdited',
      person: 'p',
      personName: 'Ada',
    },
    ...{ via: 'web', session: null, workspace: null, workspaceName: null, file: null, path: 'main.py', run: null },
    ...{
      object: '',
      firstRevision: null,
      lastRevision: null,
      count: 1,
      inserted: 0,
      removed: 0,
      summary: '',
      detail: {},
    },
    ...more,
  };
}

const RUN = { state: 'finished', mode: 'script', errors: 0, produced: 0, outcome: 'exited', ending: 'ended' } as const;

describe('a row of a timeline in words', () => {
  it.each<[string, Partial<ActivityEntry>]>([
    ['edited main.py: 1 edit, 1 character typed', { inserted: 1 }],
    ['edited main.py: 14 edits, 120 characters typed, 3 removed', { count: 14, inserted: 120, removed: 3 }],
    ['wrote by program main.py: 1 edit, 5 characters typed', { via: 'executor', inserted: 5 }],
    ['ran main.py: waiting to start', { kind: 'run', object: 'main.py', detail: { state: 'queued' } }],
    ['ran main.py: running', { kind: 'run', object: 'main.py', detail: { state: 'running' } }],
    [
      'ran main.py: ended with exit code 1 (NameError, line 3), 1.2 s, 0.4 s of processor time',
      {
        ...{ kind: 'run', object: 'main.py' },
        detail: { ...RUN, ending: 'ended with exit code 1', exception: 'NameError', line: 3, wallMs: 1234, cpuMs: 400 },
      },
    ],
    ['typed into a program: Ada⏎', { kind: 'input', summary: 'Ada\r' }],
    ['file made: a.py and 2 more', { kind: 'file', object: 'a.py', summary: 'file made', count: 3 }],
    ['had main.py open: left', { kind: 'connection', object: 'main.py', detail: { connection: 'c', reason: 'left' } }],
    [
      'opened main.py; it is open, or its end is not known',
      { kind: 'connection', object: 'main.py', until: null, detail: { connection: 'c' } },
    ],
    ['signed in (Firefox)', { kind: 'session', summary: 'signed in (Firefox)' }],
  ])('%s', (text, more) => {
    expect(activityInWords(entry(more))).toBe(text);
  });

  it('shows keys that cannot be seen', () => {
    expect(inputInWords('a\t\u0003\u001b\u0000')).toBe('a⇥Ctrl+C··');
  });

  it('tells what went wrong from what did not', () => {
    expect(isFailure(entry({}))).toBe(false);
    expect(isFailure(entry({ kind: 'limit' }))).toBe(true);
    expect(isFailure(entry({ kind: 'run', detail: RUN }))).toBe(false);
    expect(isFailure(entry({ kind: 'run', detail: { ...RUN, outcome: 'cancelled' } }))).toBe(false);
    expect(isFailure(entry({ kind: 'run', detail: { ...RUN, outcome: 'out-of-memory' } }))).toBe(true);
    expect(isFailure(entry({ kind: 'run', detail: { ...RUN, errors: 1 } }))).toBe(true);
  });
});
