import { describe, expect, it } from '@jest/globals';
import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';
import { MAX_INSERT, rewriteText } from './rewrite-text.js';
import { changesBetween } from './text-changes.js';

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

const WORDS = ['x', 'total = 1', 'été', '👩‍🏫', '🙂🙃', 'שלום', ' ', '\n', '\r\n', '\t', '', 'print(x)'];
const LINES = (next: (below: number) => number, count: number) =>
  Array.from({ length: count }, () => WORDS[next(WORDS.length)] + (next(2) ? '\n' : '')).join('');

function apply(before: string, changes: ReturnType<typeof changesBetween>): string {
  let after = before;
  for (const { at, remove, insert } of [...changes].reverse())
    after = after.slice(0, at) + insert + after.slice(at + remove);
  return after;
}

/** One of a few changes that programs make of a text. */
function mutated(text: string, next: (below: number) => number): string {
  const characters = [...text];
  for (let edits = next(6); edits >= 0; edits--) {
    const at = next(characters.length + 1);
    characters.splice(at, next(4), ...[...(WORDS[next(WORDS.length)] ?? '')]);
  }
  return characters.join('');
}

describe('changesBetween', () => {
  it.each([
    ['', ''],
    ['', 'a'],
    ['a', ''],
    ['a\nb\nc\n', 'a\nB\nc\n'],
    ['a\r\nb', 'a\nb'],
    ['🙂', '🙃'],
    ['a🙂b', 'a🙃b'],
    ['👩‍🏫', '👨‍🏫'],
    ['same\n'.repeat(3), 'same\n'.repeat(4)],
  ])('%j to %j', (before, after) => {
    expect(apply(before, changesBetween(before, after))).toBe(after);
  });

  it('changes only what is another within a line', () => {
    const before = 'one\ntwo three\nfour\n';
    const changes = changesBetween(before, 'one\ntwo thirty\nfour\n');
    expect(Math.min(...changes.map(({ at }) => at))).toBe('one\ntwo th'.length);
    expect(Math.max(...changes.map(({ at, remove }) => at + remove))).toBe('one\ntwo three'.length);
  });

  it('replaces as a whole what has nothing in common, and what would take too long to compare', () => {
    expect(changesBetween('abc', 'xyz')).toEqual([{ at: 0, remove: 3, insert: 'xyz' }]);
    const long = (name: string) => Array.from({ length: 3_000 }, (_, n) => `${name} ${n}\n`).join('');
    expect(changesBetween(long('a'), long('b'))).toHaveLength(1);
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'leads to the other text and cuts no pair: seed %i',
    (seed) => {
      const next = randomFrom(seed);
      for (let round = 0; round < 25; round++) {
        const before = LINES(next, next(30));
        const after = next(8) === 0 ? LINES(next, next(30)) : mutated(before, next);
        const changes = changesBetween(before, after);
        expect(apply(before, changes)).toBe(after);
        for (const { at, remove, insert } of changes) {
          for (const piece of [before.slice(at, at + remove), insert, before.slice(0, at)])
            expect(piece).not.toMatch(/[\ud800-\udfff]/u);
        }
        let end = 0;
        for (const { at, remove } of changes) {
          expect(at).toBeGreaterThanOrEqual(end);
          end = at + remove;
        }
      }
    },
  );
});

describe('rewriteText', () => {
  const docOf = (text: string) => {
    const doc = new Y.Doc();
    doc.clientID = 1;
    doc.getText(TEXT_ROOT).insert(0, text);
    return doc;
  };

  /** What people do meanwhile: each types a mark of their own somewhere, and takes a character or two away. */
  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'a program changes the text while people type in it: all documents agree, every typed mark is there, and what only the program touched is as it wrote it: seed %i',
    (seed) => {
      const next = randomFrom(1_000 + seed);
      const base = LINES(next, 5 + next(30));
      const doc = docOf(base);
      const state = Y.encodeStateAsUpdate(doc);
      const people = [11, 12, 13].map((client) => {
        const own = new Y.Doc();
        own.clientID = client;
        Y.applyUpdate(own, state);
        const text = own.getText(TEXT_ROOT);
        text.insert(next(text.length + 1), `<${client}>`);
        return own;
      });
      const after = mutated(`# by the program\n${base}`, next);
      const updates = rewriteText(doc, after, 99);
      expect(doc.getText(TEXT_ROOT).toString()).toBe(after);
      for (const person of people) {
        const theirs = Y.encodeStateAsUpdate(person);
        for (const other of [doc, ...people]) Y.applyUpdate(other, theirs);
      }
      for (const other of people) for (const update of updates) Y.applyUpdate(other, update);
      const merged = doc.getText(TEXT_ROOT).toString();
      for (const other of people) expect(other.getText(TEXT_ROOT).toString()).toBe(merged);
      let without = merged;
      for (const client of [11, 12, 13]) {
        expect(merged).toContain(`<${client}>`);
        without = without.replace(`<${client}>`, '');
      }
      // A mark typed into the middle of a surrogate pair breaks that pair, whoever else writes: Yjs leaves U+FFFD there.
      if (!without.includes('\ufffd')) expect(without).toBe(after);
    },
  );

  it('gives the same bytes for the same text and id, all under that id, and the document keeps its own', () => {
    const state = Y.encodeStateAsUpdate(docOf('a\nb\n'));
    const rewrite = () => {
      const doc = new Y.Doc();
      doc.clientID = 7;
      Y.applyUpdate(doc, state);
      const updates = rewriteText(doc, 'a\nc\nd\n', 99);
      expect(doc.clientID).toBe(7);
      return updates;
    };
    const [first, second] = [rewrite(), rewrite()];
    expect(first).toEqual(second);
    for (const update of first) expect([...Y.parseUpdateMeta(update).to.keys()]).toEqual([99]);
    expect(rewriteText(docOf('same'), 'same', 99)).toEqual([]);
  });

  it('a long text comes in updates that each fit into an event, whole characters each', () => {
    const after = '🙂'.repeat(MAX_INSERT) + 'é'.repeat(400_000);
    const doc = docOf('');
    const updates = rewriteText(doc, after, 99);
    expect(updates.length).toBeGreaterThan(4);
    for (const update of updates) expect(update.length).toBeLessThan(900_000);
    const copy = new Y.Doc();
    for (const update of updates) Y.applyUpdate(copy, update);
    expect(copy.getText(TEXT_ROOT).toString()).toBe(after);
  });
});
