import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { collect, event, events, ids, newStream, Recording, revisions } from '../contract/samples.js';
import type { NewEvent } from '../event-store.js';
import { SHORT_PAGE_SIZE } from './event-row.js';
import { createPostgresLog, type PostgresLog } from './postgres-log.js';

let log: PostgresLog;
beforeAll(async () => {
  log = await createPostgresLog();
});
afterAll(() => log.dispose());

const sized = (bytes: number): NewEvent => event({ contentType: 'binary', data: Buffer.alloc(bytes, 0xa5) });
/** Repeats, so that it is kept once and named. */
const metadata = Buffer.from(JSON.stringify({ v: 1, actor: 'somebody', note: 'x'.repeat(100) }));

test.each([1, SHORT_PAGE_SIZE - 1, SHORT_PAGE_SIZE, SHORT_PAGE_SIZE + 1, 3 * SHORT_PAGE_SIZE])(
  'a stream of %i events reads the same from every revision, with every limit',
  async (count) => {
    const store = log.open();
    const stream = newStream();
    for (const one of events(count, { metadata })) await store.append(stream, [one], { expected: 'any' });
    const all = await collect(store.readStream(stream, { direction: 'backwards' }));
    all.reverse();
    expect(revisions(all)).toEqual(Array.from({ length: count }, (_, n) => n));
    for (const from of [0, 1, count - 1, count])
      expect(await collect(store.readStream(stream, { from: BigInt(from) }))).toEqual(all.slice(from));
    for (const limit of [1, SHORT_PAGE_SIZE, SHORT_PAGE_SIZE + 1])
      expect(await collect(store.readStream(stream, { limit }))).toEqual(all.slice(0, limit));
    expect(all.every((one) => Buffer.from(one.metadata ?? []).equals(metadata))).toBe(true);
  },
);

test('a page that ends early for its bytes is followed by the rest', async () => {
  const store = log.open();
  const other = log.open();
  const stream = newStream();
  const seen = new Recording((signal) => other.subscribe({ after: 'end', signal }));
  await eventually(() => seen.has('caughtUp'));
  const list = [sized(65_535), sized(1), sized(1), sized(900_000), sized(3), sized(70_000), sized(2)];
  for (const one of list) await store.append(stream, [one], { expected: 'any' });
  await eventually(() => seen.events.length >= list.length);
  expect(ids(seen.events)).toEqual(ids(list));
  expect(ids(await collect(store.readStream(stream)))).toEqual(ids(list));
  expect(ids(await collect(store.readStream(stream, { from: 3n })))).toEqual(ids(list.slice(3)));
  await seen.stop();
});

test('many events of another process at once reach a subscriber in their order', async () => {
  const store = log.open();
  const other = log.open();
  const seen = new Recording((signal) => other.subscribe({ after: 'end', signal }));
  await eventually(() => seen.has('caughtUp'));
  const list = events(5 * SHORT_PAGE_SIZE);
  await store.append(newStream(), list, { expected: 'noStream' });
  await eventually(() => seen.events.length >= list.length);
  expect(ids(seen.events)).toEqual(ids(list));
  await seen.stop();
});

test('what deletion, truncation and maxCount hide stays hidden in the first page', async () => {
  const store = log.open();
  const stream = newStream();
  await store.append(stream, events(10), { expected: 'any' });
  await store.setStreamMetadata(stream, { maxCount: 4 }, 'any');
  expect(revisions(await collect(store.readStream(stream)))).toEqual([6, 7, 8, 9]);
  expect(revisions(await collect(store.readStream(stream, { from: 2n, limit: 2 })))).toEqual([6, 7]);
  await store.setStreamMetadata(stream, { truncateBefore: 9n }, 'any');
  expect(revisions(await collect(store.readStream(stream)))).toEqual([9]);
  await store.delete(stream, 'any');
  await store.append(stream, events(2), { expected: 'any' });
  expect(revisions(await collect(store.readStream(stream)))).toEqual([10, 11]);
});
