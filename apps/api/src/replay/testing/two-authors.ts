import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';

/** Numbers that look random and are the same each time (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const PIECES = ['x', 'été\n', '👩‍🏫', 'שלום', '😀😀', 'a long piece of text\nof two lines\n'];

/** A history as the log would have it. */
export interface HistoryOfTwo {
  /** Even ones by the first author, odd ones by the second. */
  readonly updates: readonly Uint8Array[];
  /** The text after each of them, as a plain fold gives it. */
  readonly texts: readonly string[];
}

/**
 * Two people who write in one file without seeing each other for a while, now and then: at random places, which may be within a
 * character beyond U+FFFF; several places in one edit; text that one has taken out while the other wrote into it.
 */
export function historyOfTwo(seed: number, edits: number): HistoryOfTwo {
  const random = seeded(seed);
  const people = [1, 2].map((client) => {
    const doc = new Y.Doc();
    doc.clientID = seed * 10 + client;
    return doc;
  });
  const folded = new Y.Doc();
  const updates: Uint8Array[] = [];
  const texts: string[] = [];
  const unseen: Uint8Array[][] = [[], []];
  for (let n = 0; n < edits; n++) {
    const who = n % 2;
    const doc = people[who] as Y.Doc;
    if (random(4) === 0) for (const update of unseen[who]?.splice(0) ?? []) Y.applyUpdate(doc, update);
    const update = edited(doc, random);
    unseen[1 - who]?.push(update);
    updates.push(update);
    Y.applyUpdate(folded, update);
    texts.push(folded.getText(TEXT_ROOT).toString());
  }
  return { updates, texts };
}

function edited(doc: Y.Doc, random: (below: number) => number): Uint8Array {
  const before = Y.encodeStateVector(doc);
  const text = doc.getText(TEXT_ROOT);
  const taken: Uint8Array[] = [];
  const take = (update: Uint8Array) => void taken.push(update);
  doc.on('update', take);
  doc.transact(() => {
    for (let places = random(3) + 1; places > 0; places--)
      if (text.length > 6 && random(3) === 0) text.delete(random(text.length - 5), 1 + random(5));
      else text.insert(random(text.length + 1), PIECES[random(PIECES.length)] ?? '');
  });
  doc.off('update', take);
  return taken[0] ?? Y.encodeStateAsUpdate(doc, before);
}
