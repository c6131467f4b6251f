import { expect, test } from '@jest/globals';
import type { Position, RecordedEvent } from '../event-store.js';
import { Feed } from './feed.js';

const event = (position: number, type = 'wanted', bytes = 1): RecordedEvent => ({
  id: '',
  stream: 's',
  revision: BigInt(position),
  position: String(position) as Position,
  type,
  contentType: 'binary',
  data: new Uint8Array(bytes),
  recordedAt: new Date(0),
});
const wants = ({ type }: RecordedEvent) => type === 'wanted';
const seen = (items: Awaited<ReturnType<Feed['take']>>) =>
  items === 'overflow'
    ? items
    : items.map((item) => (item.kind === 'event' ? item.event.position : `c${item.position}`)).join(' ');

test('what waits is given at once', async () => {
  const feed = new Feed({ wants, checkpoints: false });
  feed.offer([event(1), event(2, 'other'), event(3)]);
  expect(seen(await feed.take())).toBe('1 3');
});

test('a taker waits for the next', async () => {
  const feed = new Feed({ wants, checkpoints: false });
  const taken = feed.take();
  feed.offer([event(1, 'other')]);
  feed.offer([event(2)]);
  expect(seen(await taken)).toBe('2');
});

test('checkpoints in a row are one, and do not overtake events', async () => {
  const feed = new Feed({ wants, checkpoints: true });
  feed.offer([event(1, 'other'), event(2, 'other'), event(3), event(4, 'other')]);
  feed.offer([event(5, 'other')]);
  expect(seen(await feed.take())).toBe('c2 3 c5');
});

test('one more than may wait: overflow, and nothing after it', async () => {
  const feed = new Feed({ wants, checkpoints: true, maxWaitingEvents: 2 });
  feed.offer([event(1), event(2)]);
  expect(seen(await feed.take())).toBe('1 2');
  feed.offer([event(3), event(4), event(5), event(6, 'other')]);
  feed.offer([event(7)]);
  expect(seen(await feed.take())).toBe('overflow');
});

test('bytes are bounded too: 4 MiB', async () => {
  const feed = new Feed({ wants, checkpoints: false });
  feed.offer([event(1, 'wanted', 4_194_304)]);
  expect(seen(await feed.take())).toBe('1');
  feed.offer([event(2, 'wanted', 4_194_304), event(3)]);
  expect(seen(await feed.take())).toBe('overflow');
});
