import 'reflect-metadata'; // the index of the protocol has DTO classes
import { describe, expect, it } from '@jest/globals';
import { TEXT_ROOT } from '@palimpsest/domain';
import { decodeReplayKeyframe, EditSources, encodeReplayKeyframe, WrittenText } from '@palimpsest/protocol';
import * as Y from 'yjs';
import {
  type BuildingBase,
  type BuiltPage,
  buildPages,
  fullPages,
  type LoggedEdit,
  PAGE_BYTES,
  PAGE_EDITS,
} from './page-building.js';
import { historyOfTwo } from './testing/two-authors.js';

const empty = (): BuildingBase => ({
  doc: new Y.Doc(),
  keyframe: { edit: 0, text: '', edits: new Uint32Array(0), sources: new EditSources() },
  lastMs: undefined,
});

const logged = (updates: readonly Uint8Array[]): LoggedEdit[] =>
  updates.map((update, n) => ({
    ...{ ms: 1_000 * n, author: n % 2, way: 'live', update, revision: BigInt(n), eventId: `e${n}`, within: 1 },
  }));

async function pagesOf(
  base: BuildingBase,
  edits: readonly LoggedEdit[],
  sizes: readonly number[],
): Promise<BuiltPage[]> {
  const pages: BuiltPage[] = [];
  await buildPages(
    base,
    edits,
    sizes,
    async (page) => void pages.push(await Promise.resolve(page)),
    () => undefined,
  );
  return pages;
}

describe('pages of a replay', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    'hold after every edit the text that Yjs gives, edits at the same time and divided characters included (seed %i)',
    async (seed) => {
      const { updates, texts } = historyOfTwo(seed, 400);
      const pages = await pagesOf(empty(), logged(updates), [150, 150, updates.length - 300]);
      const shown = new WrittenText();
      for (const { page, keyframe } of pages) {
        page.edits.forEach(({ splices }, n) => {
          shown.apply(page.first + n + 1, splices);
          expect(shown.toString()).toBe(texts[page.first + n]);
        });
        expect([keyframe.text, keyframe.edits]).toEqual([shown.toString(), shown.edits()]);
      }
    },
  );

  it.each([1, 2, 3, 4, 5, 6])('are the same, wherever building was interrupted (seed %i)', async (seed) => {
    const edits = logged(historyOfTwo(seed, 300).updates);
    const whole = await pagesOf(empty(), edits, [100, 100, 100]);
    const first = empty();
    const [one] = await pagesOf(first, edits.slice(0, 100), [100]);
    const keyframe = decodeReplayKeyframe(encodeReplayKeyframe(one!.keyframe));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    const rest = await pagesOf({ doc, keyframe, lastMs: edits[99]?.ms }, edits.slice(100), [100, 100]);
    const pagesAndTexts = (pages: readonly BuiltPage[]) =>
      pages.map(({ page, keyframe: { text, edits: by }, summary }) => ({ page, text, by, summary }));
    expect(pagesAndTexts(rest)).toEqual(pagesAndTexts(whole.slice(1)));
  });

  it('tell the text of the edits that a page before has written', async () => {
    const { updates } = historyOfTwo(3, 200);
    const pages = await pagesOf(empty(), logged(updates), [100, 100]);
    const keyframe = decodeReplayKeyframe(encodeReplayKeyframe(pages[1]!.keyframe));
    for (const number of new Set(keyframe.edits))
      expect(keyframe.sources.get(number)).toMatchObject({ ms: 1_000 * (number - 1), author: (number - 1) % 2 });
  });

  it('refuse a text that is not the one of the document', async () => {
    const base = { ...empty(), keyframe: { edit: 1, text: 'a', edits: Uint32Array.of(1), sources: new EditSources() } };
    await expect(pagesOf(base, [], [])).rejects.toThrow('not the one of the document');
  });

  it(`are full at ${PAGE_EDITS} edits, or earlier at ${PAGE_BYTES} bytes`, () => {
    const of = (count: number, bytes: number) => logged(Array.from({ length: count }, () => new Uint8Array(bytes)));
    expect(fullPages(of(PAGE_EDITS - 1, 1))).toEqual([]);
    expect(fullPages(of(PAGE_EDITS, 1))).toEqual([PAGE_EDITS]);
    expect(fullPages(of(2 * PAGE_EDITS + 5, 1))).toEqual([PAGE_EDITS, PAGE_EDITS]);
    expect(fullPages(of(9, PAGE_BYTES / 4))).toEqual([4, 4]);
    expect(fullPages(of(3, PAGE_BYTES / 4))).toEqual([]);
  });

  it('say what kind each edit was', async () => {
    const doc = new Y.Doc();
    const text = doc.getText(TEXT_ROOT);
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    const block = 'for n in range(10):\n    print(n)\n';
    text.insert(0, 'x');
    text.insert(1, block);
    text.delete(1, block.length);
    text.insert(0, block);
    text.insert(0, '\n    ');
    const ways = ['live', 'live', 'live', 'live', 'live'] as const;
    const edits = logged(updates).map((edit, n) => ({ ...edit, way: ways[n] ?? 'live' }));
    const [built] = await pagesOf(empty(), edits, [5]);
    expect(built?.page.edits.map(({ kind }) => kind)).toEqual(['typed', 'pasted', 'deleted', 'put-back', 'typed']);
    expect(built?.summary.pastes).toEqual([
      { edit: 2, ms: 1_000, author: 1, kind: 'pasted', units: block.length, lines: 3 },
      { edit: 4, ms: 3_000, author: 1, kind: 'put-back', units: block.length, lines: 3 },
    ]);
  });
});
