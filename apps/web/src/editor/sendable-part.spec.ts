import { describe, expect, it } from '@jest/globals';
import * as Y from 'yjs';
import { sendablePart } from './sendable-part.js';

/** A document that writes under a number that a reader can follow. */
function author(client: number, from?: Y.Doc): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = client;
  if (from) copy(from, doc);
  return doc;
}

const textOf = (doc: Y.Doc) => doc.getText('text').toString();
const copy = (from: Y.Doc, to: Y.Doc) => Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
const write = (doc: Y.Doc, at: number, text: string) => doc.getText('text').insert(at, text);

/** What the author of `own` sends from `doc` to `server`. */
function part(doc: Y.Doc, server: Y.Doc, ...own: number[]) {
  const vector = Y.encodeStateVector(server);
  const clocks = Y.decodeStateVector(vector);
  return sendablePart(Y.encodeStateAsUpdate(doc, vector), { own: new Set(own), clocks });
}

describe('sendablePart', () => {
  it('is the whole of what a server misses in the usual case, byte for byte', () => {
    const server = author(1);
    write(server, 0, 'print()');
    const ada = author(2, server);
    write(ada, 6, '"one 😀"');
    write(ada, 0, '# Ada\n');
    ada.getText('text').delete(0, 2);
    const { update, isHeld, isCut } = part(ada, server, 2);
    expect(update).toEqual(Y.encodeStateAsUpdate(ada, Y.encodeStateVector(server)));
    expect([isHeld, isCut]).toEqual([false, false]);
  });

  it('sends the rest of a struct that the server has the beginning of', () => {
    const ada = author(2);
    write(ada, 0, 'one ');
    const server = author(1, ada);
    write(ada, 4, 'two');
    Y.applyUpdate(server, part(ada, server, 2).update);
    expect(textOf(server)).toBe('one two');
  });

  it('sends nothing in the name of another person', () => {
    const ben = author(3);
    write(ben, 0, 'Ben');
    const ada = author(2, ben);
    const server = author(1);
    const { update, isHeld, isCut } = part(ada, server, 2);
    expect([...update]).toEqual([0, 0]);
    expect([isHeld, isCut]).toEqual([false, true]);
  });

  it('holds what builds on text that the server lost, and sends it when that is back', () => {
    const server = author(1);
    const ben = author(3);
    write(ben, 0, 'Ben');
    const ada = author(2, ben);
    write(ada, 3, ' and Ada');
    expect(part(ada, server, 2)).toMatchObject({ isHeld: true, isCut: true });
    Y.applyUpdate(server, part(ben, server, 3).update);
    const later = part(ada, server, 2);
    expect([later.isHeld, later.isCut]).toEqual([false, false]);
    Y.applyUpdate(server, later.update);
    expect(textOf(server)).toBe('Ben and Ada');
  });

  it('sends what stands before the first edit that must wait', () => {
    const server = author(1);
    const ada = author(2);
    write(ada, 0, 'alone ');
    const ben = author(3);
    write(ben, 0, 'Ben');
    copy(ben, ada);
    write(ada, textOf(ada).indexOf('Ben') + 2, '-');
    const { update, isHeld } = part(ada, server, 2);
    Y.applyUpdate(server, update);
    expect([isHeld, textOf(server)]).toEqual([true, 'alone ']);
    expect(server.store.pendingStructs).toBeNull();
  });

  it("follows edits of several of one's own client ids that build on each other", () => {
    const first = author(2);
    write(first, 0, 'ac');
    const second = author(9, first);
    write(second, 1, 'b');
    copy(second, first);
    write(first, 2, '!');
    const server = author(1);
    Y.applyUpdate(server, part(first, server, 2, 9).update);
    expect(textOf(server)).toBe('ab!c');
  });

  it('leaves out deletions of text that the server does not have', () => {
    const ben = author(3);
    write(ben, 0, 'Ben');
    const ada = author(2, ben);
    ada.getText('text').delete(0, 3);
    const { update, isHeld, isCut } = part(ada, author(1), 2);
    expect([...update]).toEqual([0, 0]);
    expect([isHeld, isCut]).toEqual([false, true]);
  });

  it('holds edits whose beginning is not there any more', () => {
    const ada = author(2);
    const parts: Uint8Array[] = [];
    ada.on('update', (update: Uint8Array) => parts.push(update));
    write(ada, 0, 'a');
    write(ada, 1, 'b');
    const fresh = author(7);
    Y.applyUpdate(fresh, parts[1] as Uint8Array);
    expect(part(fresh, author(1), 2)).toMatchObject({ isHeld: true });
  });
});
