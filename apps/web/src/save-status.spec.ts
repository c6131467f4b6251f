import { describe, expect, it } from '@jest/globals';
import { combine, describeSaveState, SaveStatus, type SaveState } from './save-status.js';

const time = (ms: number) => `at ${ms}`;
const words = (...states: SaveState[]) => {
  const state = combine(states);
  return state && describeSaveState(state, time);
};

describe('the save state in words', () => {
  it.each<[string | null, SaveState[]]>([
    [null, []],
    ['Connecting', [{ kind: 'opening', edits: 0 }]],
    ['Saved · at 5', [{ kind: 'saved', at: 5 }]],
    ['Saving 1 change', [{ kind: 'saving', edits: 1 }]],
    ['Offline: 14 changes not saved yet', [{ kind: 'offline', edits: 14 }]],
    ['Offline: everything typed is saved', [{ kind: 'offline', edits: 0 }]],
    ['2 changes not saved', [{ kind: 'ended', edits: 2, message: 'why' }]],
    ['Read-only', [{ kind: 'read-only' }]],
    ['Saved · at 7', [{ kind: 'saved', at: 5 }, { kind: 'saved', at: 7 }, { kind: 'read-only' }]],
    [
      'Offline: 5 changes not saved yet',
      [
        { kind: 'saving', edits: 2 },
        { kind: 'offline', edits: 3 },
      ],
    ],
    [
      'Saving 1 change',
      [
        { kind: 'ended', edits: 0, message: 'gone' },
        { kind: 'saving', edits: 1 },
      ],
    ],
  ])('%s', (expected, states) => {
    expect(words(...states)).toBe(expected);
  });
});

describe('SaveStatus', () => {
  it('is settled when nothing is open, saved or offline without edits', async () => {
    const status = new SaveStatus();
    expect(await status.whenSaved(0)).toBe(true);
    status.report('a', { kind: 'saved', at: 1 });
    status.report('b', { kind: 'offline', edits: 0 });
    expect(await status.whenSaved(0)).toBe(true);
  });

  it('waits until the last file is saved', async () => {
    const status = new SaveStatus();
    status.report('a', { kind: 'saving', edits: 1 });
    status.report('b', { kind: 'saving', edits: 2 });
    const saved = status.whenSaved(1_000);
    expect(status.edits).toBe(3);
    status.report('a', { kind: 'saved', at: 1 });
    status.report('b', { kind: 'saved', at: 2 });
    expect(await saved).toBe(true);
  });

  it('gives up after its patience', async () => {
    const status = new SaveStatus();
    status.report('a', { kind: 'offline', edits: 1 });
    expect(await status.whenSaved(5)).toBe(false);
  });
});
