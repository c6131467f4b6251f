import { expect, test } from '@jest/globals';
import type { EventStore, NewEvent } from '../event-store.js';
import { collect, event, newStream } from './samples.js';

export function payloadCases(store: () => EventStore): void {
  async function roundTrip(fields: Partial<NewEvent>) {
    const stream = newStream();
    await store().append(stream, [event(), event(fields), event()], { expected: 'noStream' });
    const [read] = await collect(store().readStream(stream, { from: 1n, limit: 1 }));
    if (!read) throw new Error('nothing came back');
    return read;
  }

  test.each([
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, n) => n))],
    ['no bytes', Buffer.alloc(0)],
    ['text that looks like an escape', Buffer.from('\\x00 \\000 \\\\')],
    ['900 kB', Buffer.from(Array.from({ length: 900_000 }, (_, n) => (n * n) % 251))],
    ['a view into a larger buffer', new Uint8Array(new Uint8Array([9, 1, 2, 3, 9]).buffer, 1, 3)],
  ])('[PL1] %s', async (_name, data) => {
    const read = await roundTrip({ contentType: 'binary', data });
    expect(Buffer.compare(read.data, data)).toBe(0);
    expect(read.contentType).toBe('binary');
  });

  test('[PL2] absent, empty and binary metadata', async () => {
    expect('metadata' in (await roundTrip({}))).toBe(false);
    expect(Buffer.from((await roundTrip({ metadata: Buffer.alloc(0) })).metadata ?? 'absent')).toEqual(Buffer.alloc(0));
    const metadata = Buffer.from([0, 255, 10, 92]);
    expect(Buffer.from((await roundTrip({ metadata, data: Buffer.alloc(0) })).metadata ?? [])).toEqual(metadata);
  });

  test('[PL3] JSON stays the text that it was', async () => {
    const text = '{"z": 12345678901234567890123, "a": 1.10, "ü🦊": "\\u0000 \u2028", "a": 2}';
    const read = await roundTrip({ data: Buffer.from(text) });
    expect(Buffer.from(read.data).toString()).toBe(text);
    expect(read.contentType).toBe('json');
  });

  test('[PL4] an id in upper case comes back in lower case', async () => {
    const id = 'ABCDEF01-2345-6789-ABCD-EF0123456789';
    expect((await roundTrip({ id })).id).toBe(id.toLowerCase());
  });

  test('[PL4] recordedAt is a moment near now', async () => {
    const read = await roundTrip({});
    expect(Math.abs(read.recordedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });
}
