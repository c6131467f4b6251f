import { describe, expect, it } from '@jest/globals';
import { combine, describeSaveState, SaveStatus, type SaveState } from './save-status.js';

const time = (ms: number) => `at ${ms}`;
const words = (...states: SaveState[]) => {
  const state = combine(states);
  return state && describeSaveState(state, time, 10_000);
};

describe('the save state in words', () => {
  it.each<[string | null, SaveState[]]>([
    [null, []],
    ['Connecting', [{ kind: 'opening', edits: 0 }]],
    ['Saved · at 5', [{ kind: 'saved', at: 5 }]],
    ['Saving 1 change', [{ kind: 'saving', edits: 1 }]],
    ['Offline: 14 changes kept on this computer', [{ kind: 'offline', edits: 14, place: 'computer' }]],
    ['Offline: 1 change kept in this tab only', [{ kind: 'offline', edits: 1, place: 'tab' }]],
    ['Offline: everything typed is saved', [{ kind: 'offline', edits: 0, place: 'computer' }]],
    ['Too many changes at once: sending again in 4 s', [{ kind: 'waiting', edits: 2, until: 13_001 }]],
    ['Earlier changes held until the text of others is back', [{ kind: 'held', edits: 0 }]],
    ['2 changes held until the text of others is back', [{ kind: 'held', edits: 2 }]],
    [
      'Offline: 4 changes kept in this tab only',
      [
        { kind: 'offline', edits: 3, place: 'computer' },
        { kind: 'offline', edits: 1, place: 'tab' },
      ],
    ],
    ['2 changes not saved', [{ kind: 'ended', edits: 2, message: 'why' }]],
    ['Read-only', [{ kind: 'read-only' }]],
    ['Saved · at 7', [{ kind: 'saved', at: 5 }, { kind: 'saved', at: 7 }, { kind: 'read-only' }]],
    [
      'Offline: 5 changes kept on this computer',
      [
        { kind: 'saving', edits: 2 },
        { kind: 'offline', edits: 3, place: 'computer' },
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
    status.report('b', { kind: 'offline', edits: 0, place: 'computer' });
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

  it('knows whether unsaved edits would go with the tab', () => {
    const status = new SaveStatus();
    status.report('a', { kind: 'saving', edits: 1 }, 'computer');
    status.report('b', { kind: 'saved', at: 1 }, 'tab');
    expect(status.place).toBe('computer');
    status.report('b', { kind: 'saving', edits: 1 }, 'tab');
    expect(status.place).toBe('tab');
    status.forget('b');
    expect(status.place).toBe('computer');
  });

  it('gives up after its patience', async () => {
    const status = new SaveStatus();
    status.report('a', { kind: 'offline', edits: 1, place: 'computer' });
    expect(await status.whenSaved(5)).toBe(false);
  });
});
