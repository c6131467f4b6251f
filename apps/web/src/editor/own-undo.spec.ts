import { describe, expect, it } from '@jest/globals';
import * as Y from 'yjs';
import { ownUndo } from './own-undo.js';

/** One person's document; `editor` stands for the binding of the editor, whose edits are this person's. */
class Side {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('text');
  readonly undo = ownUndo(this.text);
  readonly editor = {};

  constructor() {
    this.undo.addTrackedOrigin(this.editor);
  }

  edit(at: number, remove: number, insert: string): void {
    this.undo.stopCapturing();
    this.doc.transact(() => {
      this.text.delete(at, remove);
      this.text.insert(at, insert);
    }, this.editor);
  }

  get(from: Side): void {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(this.doc)), 'provider');
  }
}

function exchange(a: Side, b: Side): void {
  a.get(b);
  b.get(a);
  expect(a.text.toString()).toBe(b.text.toString());
}

function pair(text: string): [ada: Side, ben: Side] {
  const [ada, ben] = [new Side(), new Side()];
  // From the outbox or the server, as one's own edits before a reload are.
  ada.doc.transact(() => ada.text.insert(0, text), 'outbox');
  exchange(ada, ben);
  return [ada, ben];
}

describe('undo', () => {
  it("takes back one's own typing and leaves what another typed meanwhile, also in the middle of it", () => {
    const [ada, ben] = pair('start\n');
    ada.edit(6, 0, 'Adas line\n');
    exchange(ada, ben);
    ben.edit(10, 0, '<Ben>');
    exchange(ada, ben);
    ada.undo.undo();
    exchange(ada, ben);
    expect(ben.text.toString()).toBe('start\n<Ben>');
    ada.undo.redo();
    exchange(ada, ben);
    expect(ben.text.toString()).toContain('Ben');
    expect(ben.text.toString().replace('<Ben>', '')).toBe('start\nAdas line\n');
  });

  it("brings back what one deleted, and nothing of another's deletions", () => {
    const [ada, ben] = pair('one two three');
    ada.edit(0, 4, '');
    exchange(ada, ben);
    ben.edit(0, 4, '');
    exchange(ada, ben);
    ada.undo.undo();
    exchange(ada, ben);
    expect(ben.text.toString()).toBe('one three');
    expect(ada.undo.undo()).toBeNull();
  });

  it('has nothing to take back of what came from the outbox or from others', () => {
    const [ada, ben] = pair('kept');
    ben.edit(4, 0, '!');
    exchange(ada, ben);
    expect(ada.undo.undo()).toBeNull();
    expect(ada.text.toString()).toBe('kept!');
  });
});
