import { describe, expect, it } from '@jest/globals';
import type { TextSplice } from '../history.js';
import { EditSources } from './edit-sources.js';
import { decodeReplayKeyframe, encodeReplayKeyframe } from './replay-keyframe.js';
import { decodeReplayPage, EDIT_KINDS, encodeReplayPage, type ReplayEdit } from './replay-page.js';
import { spansOf, WrittenText } from './written-text.js';

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

const PIECES = ['', 'x', 'été\n', '👩‍🏫', '\uFEFF', 'שלום', '\u0000'];

/** Edits of a text that starts empty, and for each unit of what they leave the edit that wrote it, by plain arrays. */
function randomEdits(seed: number, count: number) {
  const random = seeded(seed);
  const edits: ReplayEdit[] = [];
  let units: { unit: string; edit: number }[] = [];
  let ms = 1_700_000_000_000;
  let revision = random(1_000);
  for (let number = 1; number <= count; number++) {
    const splices: TextSplice[] = [];
    for (let places = random(3); places >= 0; places--) {
      const at = random(units.length + 1);
      const remove = Math.min(random(4), units.length - at);
      const insert = PIECES[random(PIECES.length)] ?? '';
      splices.push([at, remove, insert]);
      const added = insert.split('').map((unit) => ({ unit, edit: number }));
      units = [...units.slice(0, at), ...added, ...units.slice(at + remove)];
    }
    ms += random(5_000) - 500;
    revision += random(2);
    const kind = EDIT_KINDS[random(EDIT_KINDS.length)] ?? 'typed';
    edits.push({ ms, author: random(40), kind, revision, splices });
  }
  const text = units.map(({ unit }) => unit).join('');
  return { edits, text, written: Uint32Array.from(units, ({ edit }) => edit) };
}

describe('a page of a replay', () => {
  it.each([1, 2, 3, 4, 5])('comes back as it was (seed %i)', (seed) => {
    const page = { first: seed * 2_000, edits: randomEdits(seed, 300).edits.map(whole) };
    expect(decodeReplayPage(encodeReplayPage(page))).toEqual(page);
  });

  it('may be empty', () => {
    const page = { first: 0, edits: [] };
    expect(decodeReplayPage(encodeReplayPage(page))).toEqual(page);
  });

  it('is small: typing takes some nine bytes an edit before it is compressed', () => {
    const edits = Array.from({ length: 2_000 }, (_, n): ReplayEdit => {
      return { ms: 1_700_000_000_000 + n * 180, author: 0, kind: 'typed', revision: n, splices: [[n, 0, 'x']] };
    });
    expect(encodeReplayPage({ first: 0, edits }).length).toBeLessThan(10 * 2_000);
  });

  it.each([1, 2, 3])('never reads broken bytes as something else than an error or a page (seed %i)', (seed) => {
    const random = seeded(seed + 50);
    const bytes = encodeReplayPage({ first: 0, edits: randomEdits(seed, 40).edits.map(whole) });
    for (let cut = 0; cut < bytes.length; cut++) expect(() => decodeReplayPage(bytes.subarray(0, cut))).toThrow();
    for (let n = 0; n < 2_000; n++) survives(() => decodeReplayPage(damaged(bytes, random)));
  });

  it('refuses a format that it does not know, and bytes behind its end', () => {
    const bytes = encodeReplayPage({ first: 0, edits: [] });
    expect(() => decodeReplayPage(Uint8Array.from([9, ...bytes.subarray(1)]))).toThrow('format 9');
    expect(() => decodeReplayPage(Uint8Array.from([...bytes, 0]))).toThrow('1 bytes too many');
  });
});

describe('a keyframe', () => {
  it.each([1, 2, 3, 4, 5])('comes back as it was (seed %i)', (seed) => {
    const { edits, text, written } = randomEdits(seed, 400);
    const sources = sourcesOf(edits);
    const back = decodeReplayKeyframe(encodeReplayKeyframe({ edit: 400, text: exact(text), edits: written, sources }));
    expect(back.text).toBe(exact(text));
    expect(back.edits).toEqual(written);
    for (let number = 1; number <= 400; number++)
      expect(back.sources.get(number)).toEqual(written.includes(number) ? sources.get(number) : undefined);
  });

  it('refuses text of an edit that nobody made', () => {
    const keyframe = { edit: 1, text: 'a', edits: Uint32Array.of(1), sources: new EditSources() };
    expect(() => encodeReplayKeyframe(keyframe)).toThrow('nobody');
  });

  it.each([1, 2, 3])('never reads broken bytes as something else than an error or a keyframe (seed %i)', (seed) => {
    const random = seeded(seed);
    const { edits, text, written } = randomEdits(seed, 60);
    const sources = sourcesOf(edits);
    const bytes = encodeReplayKeyframe({ edit: 60, text: exact(text), edits: written, sources });
    for (let n = 0; n < 2_000; n++) survives(() => decodeReplayKeyframe(damaged(bytes, random)));
  });
});

describe('sources', () => {
  it('are found by number, in whichever order they are asked for, and are as many as were added', () => {
    const sources = new EditSources();
    for (let n = 1; n <= 1_000; n++) sources.add(3 * n, { ms: n, author: n % 7, kind: 'typed' });
    expect(sources.length).toBe(1_000);
    for (const number of [3, 6, 9, 3_000, 3, 1_500, 1_503])
      expect(sources.get(number)).toEqual({ ms: number / 3, author: (number / 3) % 7, kind: 'typed' });
    for (const number of [0, 1, 4, 3_001, 3_003]) expect(sources.get(number)).toBeUndefined();
  });

  it('come in order, and a copy is another one', () => {
    const sources = new EditSources();
    sources.add(5, { ms: 1, author: 0, kind: 'typed' });
    for (const number of [5, 4, 0, 2 ** 32])
      expect(() => sources.add(number, { ms: 1, author: 0, kind: 'typed' })).toThrow(RangeError);
    sources.copy().add(6, { ms: 1, author: 0, kind: 'typed' });
    expect(sources.get(6)).toBeUndefined();
  });
});

describe('a text that knows who wrote it', () => {
  it.each([1, 2, 3, 4, 5])('agrees with plain arrays after every edit (seed %i)', (seed) => {
    const { edits, text, written } = randomEdits(seed, 600);
    const shown = new WrittenText();
    edits.forEach(({ splices }, n) => shown.apply(n + 1, splices));
    expect(shown.toString()).toBe(text);
    expect(shown.edits()).toEqual(written);
    expect(shown.length).toBe(text.length);
  });

  it('has copies of its own', () => {
    const shown = new WrittenText('ab', Uint32Array.of(1, 2));
    const copy = shown.copy();
    copy.apply(3, [[1, 1, 'xyz']]);
    expect([shown.toString(), copy.toString()]).toEqual(['ab', 'axyz']);
    expect([...copy.edits()]).toEqual([1, 3, 3, 3]);
  });

  it('refuses a place that is not in the text', () => {
    expect(() => new WrittenText('ab', Uint32Array.of(1, 1)).apply(2, [[1, 2, '']])).toThrow(RangeError);
  });

  it.each([
    [[], []],
    [[1, 1, 1], [[3, 1, 0]]],
    [
      [4, 5, 6, 6, 6],
      [
        [3, 4, 1],
        [2, 6, 0],
      ],
    ],
    [
      [9, 8],
      [
        [1, 9, 0],
        [1, 8, 0],
      ],
    ],
  ])('%j as spans', (edits, spans) => {
    expect(spansOf(Uint32Array.from(edits)).map(({ length, edit, step }) => [length, edit, step])).toEqual(spans);
  });
});

function sourcesOf(edits: readonly ReplayEdit[]): EditSources {
  const sources = new EditSources();
  edits.forEach((edit, n) => sources.add(n + 1, edit));
  return sources;
}

/** Bytes carry whole characters only, as the log does: what is left of a divided one is U+FFFD. */
function whole(edit: ReplayEdit): ReplayEdit {
  return { ...edit, splices: edit.splices.map(([at, remove, insert]) => [at, remove, exact(insert)]) };
}

function exact(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

function damaged(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let n = random(3); n >= 0; n--) copy[random(copy.length)] = random(256);
  return copy;
}

function survives(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    // By name: the decoder of texts is of another realm than the test.
    expect(['RangeError', 'TypeError']).toContain((error as Error).name);
  }
}
