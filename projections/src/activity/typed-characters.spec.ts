import { describe, expect, it } from '@jest/globals';
import * as Y from 'yjs';
import { typedCharacters } from './typed-characters.js';

describe('the characters of an edit', () => {
  function updateOf(change: (text: Y.Text) => void, before = 'print(1)\n'): Uint8Array {
    const doc = new Y.Doc();
    const text = doc.getText('text');
    text.insert(0, before);
    let update: Uint8Array = new Uint8Array();
    doc.on('update', (made: Uint8Array) => (update = made));
    doc.transact(() => change(text));
    return update;
  }

  it('are what it puts in, in UTF-16 units, and what it takes out', () => {
    const typed = updateOf((text) => text.insert(2, 'a👩'));
    expect(typedCharacters({ update: typed, origin: 'live' })).toEqual({ inserted: 3, removed: 0 });
    const over = updateOf((text) => (text.delete(0, 5), text.insert(0, 'x')));
    expect(typedCharacters({ update: over, origin: 'live' })).toEqual({ inserted: 1, removed: 5 });
  });

  it('of an edit made offline: only what it puts in', () => {
    const update = updateOf((text) => (text.delete(0, 5), text.insert(0, 'xyz')));
    expect(typedCharacters({ update, origin: 'sync' })).toEqual({ inserted: 3, removed: 0 });
  });

  it('are none where the update cannot be read', () => {
    expect(typedCharacters({ update: new Uint8Array([9, 9, 9]), origin: 'live' })).toEqual({ inserted: 0, removed: 0 });
  });
});
