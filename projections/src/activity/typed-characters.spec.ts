import { describe, expect, it } from '@jest/globals';
import { typedCharacters } from './typed-characters.js';

describe('the characters of an edit', () => {
  /** Yjs, version 1: inserts "abc" at the beginning of the text, and deletes five units of another client. */
  const update = new Uint8Array([1, 1, 5, 0, 4, 1, 4, ...Buffer.from('text'), 3, ...Buffer.from('abc'), 1, 9, 1, 0, 5]);

  it('are what it puts in and what it takes out', () => {
    expect(typedCharacters({ update, origin: 'live' })).toEqual({ inserted: 3, removed: 5 });
  });

  it('of one made offline: only what it puts in', () => {
    expect(typedCharacters({ update, origin: 'sync' })).toEqual({ inserted: 3, removed: 0 });
  });

  it('are none where the update cannot be read', () => {
    expect(typedCharacters({ update: new Uint8Array([9, 9, 9]), origin: 'live' })).toEqual({ inserted: 0, removed: 0 });
  });
});
