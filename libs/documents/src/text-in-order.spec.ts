import { describe, expect, it } from '@jest/globals';
import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';
import { decodeTextInOrder, encodeTextInOrder } from './text-in-order.js';

/** Whole numbers below the argument, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const PIECES = ['a', 'bc', 'x = 1\n', 'Grüße', '👩‍🏫', '\r\n', 'ه'];

function editAtRandom(doc: Y.Doc, next: (below: number) => number): void {
  const text = doc.getText(TEXT_ROOT);
  if (next(25) === 0) doc.clientID = 1 + next(2 ** 31);
  if (text.length > 4 && next(3) === 0) text.delete(next(text.length - 3), 1 + next(3));
  else text.insert(next(text.length + 1), PIECES[next(PIECES.length)] ?? '');
}

/** Three people write without seeing each other for a while, then meet. The document of one of them. */
function written(seed: number, edits: number): Y.Doc {
  const next = randomFrom(seed);
  const docs = [1, 2, 3].map(() => new Y.Doc());
  docs.forEach((doc, index) => (doc.clientID = 100 * seed + index + 1));
  const meet = () => {
    for (const doc of docs)
      for (const other of docs) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)));
  };
  for (let n = 0; n < edits; n++) {
    editAtRandom(docs[next(3)]!, next);
    if (next(40) === 0) meet();
  }
  meet();
  return docs[0]!;
}

/** What applying the document's update to a new one gives. */
function applied(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  copy.getText(TEXT_ROOT);
  return copy;
}

const inOrder = (doc: Y.Doc) => decodeTextInOrder(encodeTextInOrder(doc) ?? new Uint8Array());

/** Every struct with all that it says, by client id and clock, and the text's order. */
function anatomy(doc: Y.Doc) {
  const text = doc.getText(TEXT_ROOT);
  const describeItem = (struct: Y.Item | Y.GC) => {
    if (!(struct instanceof Y.Item)) return struct;
    const { id, left, right, origin, rightOrigin, content, info, parent, parentSub, redone, length } = struct;
    const names = { left: left?.lastId, right: right?.id, origin, rightOrigin, isInText: parent === text };
    return {
      id,
      length,
      info,
      parentSub,
      redone,
      ...names,
      kind: content.constructor.name,
      content: content.getContent(),
    };
  };
  const order: Y.ID[] = [];
  for (let item = text._start; item !== null; item = item.right) order.push(item.id);
  const structs = [...doc.store.clients].sort(([one], [other]) => one - other);
  return { length: text.length, order, structs: structs.map(([client, of]) => [client, of.map(describeItem)]) };
}

describe('a text in its own order', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is, struct for struct, what its update gives (seed %i)', (seed) => {
    const doc = written(seed, 600);
    expect(anatomy(inOrder(doc))).toEqual(anatomy(applied(doc)));
  });

  it.each([11, 12, 13])('goes on like the one that was never stored, whoever edits (seed %i)', (seed) => {
    const doc = written(seed, 300);
    const restored = inOrder(doc);
    const peer = applied(doc);
    const next = randomFrom(seed);
    const updates: Uint8Array[] = [];
    peer.on('update', (update: Uint8Array) => updates.push(update));
    for (let n = 0; n < 300; n++) editAtRandom(peer, next);
    // One after the other to the stored one, whose search markers and splits are then its own; one at once to the other.
    for (const update of updates) Y.applyUpdate(restored, update);
    for (let n = 0; n < 50; n++) editAtRandom(restored, next);
    Y.applyUpdate(peer, Y.encodeStateAsUpdate(restored, Y.encodeStateVector(peer)));
    expect(restored.getText(TEXT_ROOT).toString()).toBe(peer.getText(TEXT_ROOT).toString());
    expect(Y.equalSnapshots(Y.snapshot(restored), Y.snapshot(peer))).toBe(true);
    expect(restored.store.pendingStructs).toBeNull();
  });

  it('may be empty, or deleted altogether', () => {
    expect(inOrder(new Y.Doc()).getText(TEXT_ROOT).toString()).toBe('');
    const doc = written(3, 50);
    doc.getText(TEXT_ROOT).delete(0, doc.getText(TEXT_ROOT).length);
    expect(anatomy(inOrder(doc))).toEqual(anatomy(applied(doc)));
  });

  it.each<[string, (doc: Y.Doc) => void]>([
    ['a format', (doc) => doc.getText(TEXT_ROOT).format(0, 1, { bold: true })],
    ['an embed', (doc) => doc.getText(TEXT_ROOT).insertEmbed(0, { image: 'x' })],
    ['another root', (doc) => doc.getMap('other').set('a', 1)],
    [
      'a deleted nested type, which is collected',
      (doc) => {
        doc.getArray('list').push([new Y.Array()]);
        doc.getArray('list').delete(0, 1);
      },
    ],
  ])('is not for a document with %s', (_, change) => {
    const doc = written(1, 20);
    change(doc);
    expect(encodeTextInOrder(doc)).toBeUndefined();
  });

  it('never comes out half: every cut throws, and every changed byte throws or gives a whole document', () => {
    const bytes = encodeTextInOrder(written(5, 40)) ?? new Uint8Array();
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeTextInOrder(bytes.subarray(0, length))).toThrow();
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      let doc: Y.Doc | undefined;
      try {
        doc = decodeTextInOrder(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      if (!doc) continue;
      let visible = 0;
      for (let item = doc.getText(TEXT_ROOT)._start; item !== null; item = item.right)
        visible += item.deleted ? 0 : item.length;
      expect(visible).toBe(doc.getText(TEXT_ROOT).length);
      expect(doc.getText(TEXT_ROOT).toString().length).toBe(visible);
    }
  });
});
