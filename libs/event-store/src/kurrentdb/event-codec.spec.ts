import { expect, test } from '@jest/globals';
import { event } from '../contract/samples.js';
import type { NewEvent } from '../event-store.js';
import { decodeEvent, encodeEvent } from './event-codec.js';
import type { ReadResp } from './protocol.js';
import { eventMessage } from './testing/messages.js';

/** What the client sends of an event, and the server answers. */
function carried(fields: Partial<NewEvent>): ReadResp.ReadEvent {
  const sent = encodeEvent(event(fields));
  const data = sent.contentType === 'application/json' ? Buffer.from(JSON.stringify(sent.data)) : sent.data;
  const metadata = (sent.metadata ?? new Uint8Array()) as Uint8Array;
  const place = { stream: 'room-1', revision: 3n, position: 70n, created: new Date(1_700_000_000_123) };
  const message = eventMessage({ ...sent, ...place, data: data as Uint8Array, metadata }).getEvent();
  if (!message) throw new Error('no event');
  return message;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (value: string) => Buffer.from(value);

test.each<[string, Partial<NewEvent>]>([
  ['compact JSON', { data: text('{"b":1,"a":[true,null,"ü🦊"]}') }],
  ['spaced JSON', { data: text('{ "a": 1 }') }],
  ['a number beyond 2^53', { data: text('{"n":12345678901234567890123}') }],
  ['keys that are numbers, out of order', { data: text('{"2":1,"1":2}') }],
  ['a key twice', { data: text('{"a":1,"a":2}') }],
  ['__proto__ and toJSON', { data: text('{"__proto__":1,"toJSON":2}') }],
  ['half a character', { data: text('"\\ud800"') }],
  ['a byte order mark', { data: bytes(0xef, 0xbb, 0xbf, 0x31) }],
  ['no UTF-8', { data: bytes(0x22, 0xff, 0x22) }],
  ['no bytes, said to be JSON', { data: bytes() }],
  ['binary that looks like JSON', { contentType: 'binary', data: text('{"a":1}') }],
  ['metadata of JSON', { metadata: text('{"v": 1}') }],
  ['empty metadata', { metadata: bytes() }],
  ['empty metadata and spaced JSON', { metadata: bytes(), data: text('[ ]') }],
  ['metadata that looks like a mark', { metadata: bytes(0, 0x70, 0x6c, 0x73, 3, 9), contentType: 'binary' }],
  ['metadata that is a beginning of a mark', { metadata: bytes(0, 0x70) }],
])('[PL1] [PL2] [PL3] %s comes back', (_name, fields) => {
  const given = event(fields);
  const read = decodeEvent(carried(fields));
  expect(Buffer.from(read?.data ?? [])).toEqual(Buffer.from(given.data));
  expect(read?.contentType).toBe(given.contentType);
  expect(read?.metadata && Buffer.from(read.metadata)).toEqual(given.metadata && Buffer.from(given.metadata));
  expect(read).toMatchObject({
    stream: 'room-1',
    revision: 3n,
    position: '70/70',
    recordedAt: new Date(1_700_000_000_123),
  });
});

test('JSON is sent as JSON only if the client will write the same bytes', () => {
  const type = (json: string) => encodeEvent(event({ data: text(json) })).contentType;
  expect(type('{"a":1}')).toBe('application/json');
  expect(type('{"a": 1}')).toBe('application/octet-stream');
});

test("the server's own events, and links, are nobody's", () => {
  const own = carried({});
  own.getEvent()?.getMetadataMap().set('type', '$streamDeleted');
  expect(decodeEvent(own)).toBeUndefined();
  const link = carried({});
  link.setLink(link.getEvent());
  expect(decodeEvent(link)).toBeUndefined();
});
