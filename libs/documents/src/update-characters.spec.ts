import { describe, expect, it } from '@jest/globals';
import { charactersOf, TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';

/** What Yjs itself makes, since the reader in the domain is written after its format and must not drift from it. */
describe('the characters of a Yjs update, counted without Yjs', () => {
  function updatesOf(change: (text: Y.Text, doc: Y.Doc) => void): Uint8Array[] {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    change(doc.getText(TEXT_ROOT), doc);
    return updates;
  }

  it.each([
    ['one letter', 'x', 1],
    ['letters of two and three bytes', 'äß€', 3],
    ['a pair of surrogates', 'a😀b', 4],
    ['a paste', 'print(1)\n'.repeat(1_000), 9_000],
  ])('%s', (_, text, length) => {
    const [update] = updatesOf((shared) => shared.insert(0, text));
    expect(charactersOf(update as Uint8Array)).toEqual({ inserted: length, longest: length, deleted: 0 });
  });

  it('in the midst of a text, with neighbours on both sides, and a deletion', () => {
    const updates = updatesOf((shared) => {
      shared.insert(0, 'one three');
      shared.insert(4, 'two ');
      shared.delete(0, 8);
    });
    expect(updates.map(charactersOf)).toEqual([
      { inserted: 9, longest: 9, deleted: 0 },
      { inserted: 4, longest: 4, deleted: 0 },
      { inserted: 0, longest: 0, deleted: 8 },
    ]);
  });

  it('of several pieces, and replaced text', () => {
    const [update] = updatesOf((shared, doc) =>
      doc.transact(() => {
        shared.insert(0, 'abcdef');
        shared.insert(3, '--');
        shared.delete(0, 1);
      }),
    );
    const { inserted, longest, deleted } = charactersOf(update as Uint8Array);
    expect({ inserted, longest }).toEqual({ inserted: 7, longest: 3 });
    expect(deleted).toBe(1);
  });

  it('agrees with Yjs on a thousand changes of two people, merged and synchronised', () => {
    let seed = 7;
    const next = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
    const docs = [new Y.Doc(), new Y.Doc()];
    const sent: Uint8Array[] = [];
    let inserted = 0;
    docs.forEach((doc, n) =>
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin === 'peer') return;
        sent.push(update);
        Y.applyUpdate(docs[1 - n] as Y.Doc, update, 'peer');
      }),
    );
    for (let n = 0; n < 1_000; n++) {
      const text = (docs[n % 2] as Y.Doc).getText(TEXT_ROOT);
      const piece = 'é'.repeat(1 + next(5));
      if (next(4) === 0 && text.length > 3) text.delete(next(text.length - 2), 2);
      else {
        text.insert(next(text.length + 1), piece);
        inserted += piece.length;
      }
    }
    expect(sent.reduce((sum, update) => sum + charactersOf(update).inserted, 0)).toBe(inserted);
    const whole = charactersOf(Y.mergeUpdates(sent));
    expect(whole.inserted).toBe(inserted);
    // The state itself has tombstones in place of what was deleted.
    const state = charactersOf(Y.encodeStateAsUpdate(docs[0] as Y.Doc));
    expect(state.inserted).toBe((docs[0] as Y.Doc).getText(TEXT_ROOT).length);
  });

  it.each([
    ['nothing', []],
    ['cut off', [1, 1, 5]],
    ['not text', [1, 1, 5, 0, 8, 1, 1, 120, 1, 125, 0, 0]],
    ['more than there is', [255, 255, 255, 255, 15]],
  ])('%s: counts as nothing', (_, bytes) => {
    expect(charactersOf(new Uint8Array(bytes))).toEqual({ inserted: 0, longest: 0, deleted: 0 });
  });
});
