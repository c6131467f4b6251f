import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RecordedDocuments } from '@palimpsest/documents';
import { partsOfStream } from '@palimpsest/domain';
import { FileTexts } from './file-texts.js';
import { inLogOrder } from './in-log-order.js';
import { readRunAccount } from './run-account.js';
import { exited, Lesson } from './testing/lesson.js';

let lesson: Lesson;
let files: string[];
let space: string;

beforeAll(async () => {
  lesson = await Lesson.begin();
  space = await lesson.open('w', 'ada');
  files = [];
  for (const path of ['a.py', 'b.py', 'c.py']) files.push(await lesson.create(space, path, 'ada'));
  for (let n = 0; n < 60; n++)
    await lesson.edit(files[(n * 7) % 3] ?? '', n % 2 ? 'ada' : 'ben', (text) => {
      text.insert((n * 13) % (text.length + 1), n % 5 ? 'xy' : '🙂');
      if (text.length > 8) text.delete(0, 1 + (text.toString().codePointAt(0) === 0x1f642 ? 1 : 0));
    });
});
afterAll(() => lesson.end());

async function edits(most?: number): Promise<{ done: string; texts: string[] }> {
  const texts = new FileTexts(new RecordedDocuments(lesson.store), most);
  const done: unknown[] = [];
  for await (const event of inLogOrder(
    lesson.store,
    files.map((file) => ({ stream: `file-${file}`, since: new Date(0) })),
  ))
    done.push(await texts.apply(partsOfStream(event.stream).id, event));
  const now = await Promise.all(files.map((file) => texts.textNow(file)));
  texts.dispose();
  return { done: JSON.stringify(done), texts: now };
}

it('tell the same of texts that had to be let go in between as of those that were held', async () => {
  const held = await edits();
  expect(held.texts).toEqual(files.map((file) => lesson.text(file)));
  expect(await edits(1)).toEqual(held);
  expect(await edits(2)).toEqual(held);
});

it('a run’s account takes 262,144 characters of what it printed, and no more', async () => {
  const most = 262_144;
  const run = (name: string, length: number) =>
    lesson.run(name, space, 'ada', { 'a.py': files[0] ?? '' }, [
      { type: 'OutputEmitted', data: { chunks: [[1, 'x'.repeat(most - 1)]] } },
      { type: 'OutputEmitted', data: { chunks: [[1, 'y'.repeat(length)]] } },
      { type: 'OutputEmitted', data: { chunks: [[1, 'z']] } },
      exited(0),
    ]);
  for (const [name, length] of [
    ['r1', 1],
    ['r2', 2],
  ] as const) {
    const { output, outcome } = await readRunAccount(lesson.store, await run(name, length));
    expect([output.length, output.at(-1), outcome?.kind]).toEqual([most, 'y', 'exited']);
  }
});
