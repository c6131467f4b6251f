import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RecordedEvent } from '@palimpsest/event-store';
import { inLogOrder } from './in-log-order.js';
import { Lesson } from './testing/lesson.js';

let lesson: Lesson;

beforeAll(async () => {
  lesson = await Lesson.begin();
  const space = await lesson.open('w', 'ada');
  const files = [];
  for (const path of ['a.py', 'b.py', 'c.py']) files.push(await lesson.create(space, path, 'ada'));
  for (let n = 0; n < 350; n++) {
    const file = files[(n * n) % 3] ?? '';
    await lesson.edit(file, 'ada', (text) => text.insert(0, 'x'));
    if (n % 90 === 0) lesson.wait(700);
  }
});
afterAll(() => lesson.end());

async function positions(events: AsyncIterable<RecordedEvent>): Promise<string[]> {
  const found: string[] = [];
  for await (const { position } of events) found.push(position);
  return found;
}

it('gives the events of all streams in the order of the log, over the ends of pages, whatever the times say', async () => {
  const all = await positions(lesson.store.readAll());
  const streams = [
    ...lesson.workspaces.map(({ id }) => `workspace-${id}`),
    ...lesson.files.map(({ id }) => `file-${id}`),
  ];
  for (const since of [new Date(0), new Date(lesson.now)])
    expect(
      await positions(
        inLogOrder(
          lesson.store,
          streams.map((stream) => ({ stream, since })),
        ),
      ),
    ).toEqual(all);
  const sources = lesson.files.map(({ id, createdAt }) => ({ stream: `file-${id}`, since: createdAt }));
  expect(await positions(inLogOrder(lesson.store, sources))).toHaveLength(350);
});

it('reads no more of a stream than is wanted, and nothing of one that is not there', async () => {
  const [file] = lesson.files;
  const since = new Date(0);
  for (const limit of [1, 2, 101])
    expect(await positions(inLogOrder(lesson.store, [{ stream: `file-${file?.id}`, since, limit }]))).toHaveLength(
      limit,
    );
  expect(await positions(inLogOrder(lesson.store, [{ stream: 'file-none', since }]))).toEqual([]);
  expect(await positions(inLogOrder(lesson.store, []))).toEqual([]);
});
