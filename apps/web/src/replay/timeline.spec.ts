import { describe, expect, it } from '@jest/globals';
import type { TextSplice } from '@palimpsest/protocol/wire';
import { Timeline } from './timeline.js';

const edit = (...splices: TextSplice[]) => ({ splices });
const timelineOf = (...edits: TextSplice[][]) =>
  new Timeline({ first: 0, text: '', edits: edits.map((splices) => edit(...splices)) });
const texts = (timeline: Timeline, edits: number) =>
  Array.from({ length: edits + 1 }, (_, index) => timeline.textAt(index).toString());

/** Numbers that look random and are the same each time (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Random typing, as splices and as the texts that plain strings give for them. */
function randomHistory(seed: number, count: number) {
  const random = seeded(seed);
  const edits: { splices: TextSplice[] }[] = [];
  const expected = [''];
  let text = '';
  for (let i = 0; i < count; i++) {
    const splices: TextSplice[] = [];
    for (let part = 0; part <= random(2); part++) {
      const at = random(text.length + 1);
      const remove = Math.min(random(4), text.length - at);
      const insert = ['', 'x', 'ab', '\n', 'é\r\n', '👋'][random(6)] ?? '';
      splices.push([at, remove, insert]);
      text = text.slice(0, at) + insert + text.slice(at + remove);
    }
    edits.push(edit(...splices));
    expected.push(text);
  }
  return { timeline: new Timeline({ first: 0, text: '', edits }), expected };
}

describe('Timeline', () => {
  it('is empty without edits', () => {
    const timeline = timelineOf();
    expect(texts(timeline, 0)).toEqual(['']);
    expect(timeline.changeAt(0)).toEqual({ ranges: [], inserted: '', removed: '' });
  });

  it('has a text after each edit', () => {
    const timeline = timelineOf([[0, 0, 'print(1)']], [[6, 1, '2']], [[8, 0, '\n']], []);
    expect(texts(timeline, 4)).toEqual(['', 'print(1)', 'print(2)', 'print(2)\n', 'print(2)\n']);
  });

  it('takes the splices of an edit one after the other', () => {
    const timeline = timelineOf(
      [[0, 0, 'a b a']],
      [
        [0, 1, 'long'],
        [7, 1, 'long'],
      ],
    );
    expect(timeline.textAt(2).toString()).toBe('long b long');
  });

  it('says where an edit shows, and what it put in and took out', () => {
    const timeline = timelineOf(
      [[0, 0, 'a b a']],
      [
        [0, 1, 'xx'],
        [5, 1, 'xx'],
      ],
      [[0, 3, '']],
    );
    expect(timeline.changeAt(2)).toEqual({
      ranges: [
        { from: 0, to: 2 },
        { from: 5, to: 7 },
      ],
      inserted: 'xxxx',
      removed: 'aa',
    });
    expect(timeline.changeAt(3)).toEqual({ ranges: [{ from: 0, to: 0 }], inserted: '', removed: 'xx ' });
  });

  it('moves earlier ranges of the same edit along', () => {
    const timeline = timelineOf(
      [[0, 0, 'abc']],
      [
        [3, 0, 'Z'],
        [0, 0, '__'],
      ],
    );
    expect(timeline.changeAt(2).ranges).toEqual([
      { from: 5, to: 6 },
      { from: 0, to: 2 },
    ]);
  });

  it('clamps positions that are not in the text', () => {
    const timeline = timelineOf([[9, 9, 'ok']], [[1, 9, '!']]);
    expect(texts(timeline, 2)).toEqual(['', 'ok', 'o!']);
    expect(timeline.textAt(-1).toString()).toBe('');
    expect(timeline.textAt(99).toString()).toBe('o!');
  });

  it.each([1, 2, 3])('agrees with plain strings forwards, backwards and anywhere (seed %i)', (seed) => {
    const { timeline, expected } = randomHistory(seed, 2_500);
    const random = seeded(seed + 100);
    const path = [0, 1, 2, 999, 1000, 1001, 1000, 999, 2500, 2499, 2000, 1999];
    for (let i = 0; i < 300; i++) path.push(random(2_501));
    for (const index of path) expect(timeline.textAt(index).toString()).toBe(expected[index]);
  });

  it('begins with the text and the number of edits before a page', () => {
    const timeline = new Timeline({ first: 2_000, text: 'a\nb', edits: [edit([3, 0, '!'])] });
    expect([2_000, 2_001, 9_999, 0].map((index) => timeline.textAt(index).toString())).toEqual([
      ...['a\nb', 'a\nb!', 'a\nb!', 'a\nb'],
    ]);
    expect(timeline.changeAt(2_001).inserted).toBe('!');
    expect(timeline.changeAt(2_000).ranges).toEqual([]);
  });
});
