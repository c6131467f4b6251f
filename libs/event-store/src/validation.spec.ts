import { describe, expect, test } from '@jest/globals';
import { AppendTooLarge, InvalidArgument } from './errors.js';
import type { NewEvent, Position } from './event-store.js';
import * as limits from './validation.js';

const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const event = (n: number, bytes = 0): NewEvent => ({
  id: id(n),
  type: 't',
  contentType: 'json',
  data: new Uint8Array(bytes),
});
const append = (events: NewEvent[], stream = 's') => limits.checkAppend({ stream, expected: 'any', events });

describe('an append', () => {
  test('its size is that of data and metadata', () => {
    expect(append([event(1, 10), { ...event(2, 5), metadata: new Uint8Array(7) }])).toBe(22);
  });
  test('the largest event', () => expect(append([event(1, limits.MAX_EVENT_BYTES)])).toBe(1_000_000));
  test('one byte more', () => expect(() => append([event(1, limits.MAX_EVENT_BYTES + 1)])).toThrow(AppendTooLarge));
  test('most events', () => {
    const most = Array.from({ length: limits.MAX_APPEND_EVENTS + 1 }, (_, n) => event(n));
    expect(append(most.slice(1))).toBe(0);
    expect(() => append(most)).toThrow(AppendTooLarge);
  });
  test.each([['any'], ['noStream'], ['streamExists'], [0n], [2n ** 63n - 1n]] as const)('expecting %s', (expected) =>
    expect(limits.checkExpected(expected)).toBeUndefined(),
  );
  test.each([[-1n], [2n ** 63n], ['none'], [1]])('not expecting %s', (expected) =>
    expect(() => limits.checkExpected(expected as never)).toThrow(InvalidArgument),
  );
  test('data that is no bytes', () =>
    expect(() => append([{ ...event(1), data: 'text' as unknown as Uint8Array }])).toThrow(InvalidArgument));
  test('another content type', () =>
    expect(() => append([{ ...event(1), contentType: 'xml' as 'json' }])).toThrow(InvalidArgument));
});

describe('custom metadata', () => {
  test.each([['\\u0000'], ['\\\\u0000'], ['\\ud800'], ['🦊']])('text %s is possible', (text) =>
    expect(limits.checkMetadata({ custom: { text } })).toBeUndefined(),
  );
  test.each([['\0'], ['\\\0'], ['\ud800']])('text %j is not', (text) =>
    expect(() => limits.checkMetadata({ custom: { text } })).toThrow(InvalidArgument),
  );
  test('a bigint is not JSON', () =>
    expect(() => limits.checkMetadata({ custom: { n: 1n } })).toThrow(InvalidArgument));
});

test.each(['0', '1', '9223372036854775807'])('the position %s', (text) =>
  expect(limits.parsePosition(text as Position)).toBe(BigInt(text)),
);
test.each(['', '01', '-1', ' 1', '1e3', '9223372036854775808', '0x1'])('no position: %j', (text) =>
  expect(() => limits.parsePosition(text as Position)).toThrow(InvalidArgument),
);
