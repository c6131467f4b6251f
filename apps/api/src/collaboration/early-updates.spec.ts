import { describe, expect, it } from '@jest/globals';
import * as Y from 'yjs';
import { EarlyUpdates } from './early-updates.js';

/** The updates of somebody who types these letters; `-` deletes the last one. */
function typed(keys: string): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = 7;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  for (const key of keys) {
    if (key === '-') text.delete(text.length - 1, 1);
    else text.insert(text.length, key);
  }
  return updates;
}

const takenOf = (updates: readonly Uint8Array[], recorded: number) => {
  const early = new EarlyUpdates();
  return updates.map((update) => early.take(update, (client) => (client === 7 ? recorded : 0)));
};

describe('updates before the step 2', () => {
  it('are taken while they follow what is recorded or was taken', () => {
    expect(takenOf(typed('abc-'), 0)).toEqual([true, true, true, true]);
    expect(takenOf(typed('abc-').slice(2), 2)).toEqual([true, true]);
  });

  it('are left to the step 2 from the first one on that follows something typed offline', () => {
    expect(takenOf(typed('abc').slice(1), 0)).toEqual([false, false]);
    const [a, , c] = typed('abc');
    expect(takenOf([a!, c!, a!], 0)).toEqual([true, false, false]);
  });

  it('are left to the step 2 when they delete something typed offline', () => {
    expect(takenOf(typed('ab-').slice(2), 1)).toEqual([false]);
  });

  it('go on to the inspection when they cannot be read', () => {
    expect(takenOf([Uint8Array.of(1, 200), Uint8Array.of()], 0)).toEqual([true, true]);
  });
});
