import { expect, test } from '@jest/globals';
import type { Position, RecordedEvent } from '../event-store.js';
import { LiveBuffer, type LiveItem } from './live-buffer.js';

const item = (size = 0): LiveItem => ({
  kind: 'event',
  event: { data: Buffer.alloc(size) } as Partial<RecordedEvent> as RecordedEvent,
});
const checkpoint = (position: string): LiveItem => ({ kind: 'checkpoint', position: position as Position });

test('gives what waits, and waits for what comes', async () => {
  const buffer = new LiveBuffer();
  const taking = buffer.take();
  buffer.offer(item());
  expect(await taking).toHaveLength(1);
});

test('checkpoints in a row are one', async () => {
  const buffer = new LiveBuffer();
  for (const one of [checkpoint('1/1'), checkpoint('2/2'), item(), checkpoint('3/3')]) buffer.offer(one);
  expect(await buffer.take()).toEqual([checkpoint('2/2'), item(), checkpoint('3/3')]);
});

test.each([
  ['events', new LiveBuffer(2), [item(), item(), item()]],
  ['bytes', new LiveBuffer(), [item(4_194_304), item(1)]],
])('[SB8] too many %s overflow it, once and for all', async (_what, buffer, items) => {
  expect(items.map((one) => buffer.offer(one)).at(-1)).toBe(false);
  expect(await buffer.take()).toBe('overflow');
  expect(buffer.offer(item())).toBe(false);
});

test('what came before a failure is given before it', async () => {
  const buffer = new LiveBuffer();
  buffer.offer(item());
  buffer.fail(new Error('gone'));
  expect(await buffer.take()).toHaveLength(1);
  await expect(buffer.take()).rejects.toThrow('gone');
});
