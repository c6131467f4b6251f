import { describe, expect, test } from '@jest/globals';
import { encodeBatch, MAX_BATCH_BYTES, MAX_BATCH_REQUESTS, takeBatch, type Entry } from './append-batch.js';

const entry = (stream: string, bytes = 1): Entry => ({
  requests: [{ stream, expected: 'any', events: [] }],
  atomic: false,
  bytes,
});
const atomic = (...streams: string[]): Entry => ({
  requests: streams.map((stream) => ({ stream, expected: 'any', events: [] })),
  atomic: true,
  bytes: 1,
});
const names = (entries: readonly Entry[]) =>
  entries.map(({ requests }) => requests.map(({ stream }) => stream).join('+')).join(' ');
const queue = (text: string) =>
  text.split(' ').map((word) => (word.includes('+') ? atomic(...word.split('+')) : entry(word)));

describe('takeBatch', () => {
  test.each([
    ['a b c', 'a b c', ''],
    ['a a b a c', 'a b c', 'a a'],
    ['a b+c d', 'a', 'b+c d'],
    ['b+c d', 'b+c', 'd'],
    ['a a b+c', 'a', 'a b+c'],
  ])('of %s: %s, leaving %s', (waiting, taken, left) => {
    const list = queue(waiting);
    expect(names(takeBatch(list))).toBe(taken);
    expect(names(list)).toBe(left);
  });

  test('of nothing: nothing', () => expect(takeBatch([])).toEqual([]));

  test('at most 100 requests', () => {
    const list = Array.from({ length: 250 }, (_, n) => entry(`s${n}`));
    expect([takeBatch(list), takeBatch(list), takeBatch(list)].map(({ length }) => length)).toEqual([
      MAX_BATCH_REQUESTS,
      MAX_BATCH_REQUESTS,
      50,
    ]);
  });

  test('at most 1 MiB, but always one', () => {
    const list = [
      entry('a', MAX_BATCH_BYTES - 1),
      entry('b', 1),
      entry('c', 1),
      entry('d', MAX_BATCH_BYTES + 1),
      entry('e'),
    ];
    expect([names(takeBatch(list)), names(takeBatch(list)), names(takeBatch(list)), names(takeBatch(list))]).toEqual([
      'a b',
      'c',
      'd',
      'e',
    ]);
  });

  test('5,000 waiting for one stream leave in order', () => {
    const list = Array.from({ length: 5000 }, (_, n) => entry('s', n));
    const taken: number[] = [];
    while (list.length > 0) taken.push(...takeBatch(list).map(({ bytes }) => bytes));
    expect(taken).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  });
});

test('encodeBatch lays data and metadata one after the other and points at them', () => {
  const event = (id: string, data: string, metadata?: string) => ({
    id,
    type: `type ${id}`,
    contentType: 'binary' as const,
    data: Buffer.from(data),
    ...(metadata !== undefined && { metadata: Buffer.from(metadata) }),
  });
  const entries: Entry[] = [
    { ...entry('a'), requests: [{ stream: 'a', expected: 7n, events: [event('1', 'xy', 'm'), event('2', '')] }] },
    { ...entry('b'), requests: [{ stream: 'b', expected: 'noStream', events: [event('3', 'z', '')] }] },
  ];
  expect(
    encodeBatch(entries, [null, null, null]).map((value, n) =>
      [2, 3, 7, 8, 9].includes(n) ? numbers(value as Buffer) : value,
    ),
  ).toEqual([
    ['a', 'b'],
    '{7,-1}',
    [2, 1],
    [1, 1, 2],
    '{1,2,3}',
    ['type 1', 'type 2', 'type 3'],
    '{false,false,false}',
    [1, 4, 4],
    [2, 0, 1],
    [1, null, 0],
    '{null,null,null}',
    Buffer.from('xymz'),
    false,
  ]);
});

test('metadata that is kept does not travel', () => {
  const one = { id: '1', type: 't', contentType: 'json' as const, data: Buffer.from('xy'), metadata: Buffer.from('m') };
  const entries: Entry[] = [{ ...entry('a'), requests: [{ stream: 'a', expected: 'any', events: [one, one] }] }];
  const parameters = encodeBatch(entries, [-5n, null]);
  expect([9, 10, 11].map((n) => (n === 9 ? numbers(parameters[n] as Buffer) : String(parameters[n])))).toEqual([
    [null, 1],
    '{-5,null}',
    'xyxym',
  ]);
});

/** Reads an array of int4 in binary form. */
function numbers(array: Buffer): (number | null)[] {
  const words = Array.from({ length: array.byteLength / 4 }, (_, n) => array.readInt32BE(4 * n));
  const [dimensions, nulls, type, length, first] = words.splice(0, 5);
  const values: (number | null)[] = [];
  while (words.length > 0) values.push(words.shift() === -1 ? null : (words.shift() ?? 0));
  expect([dimensions, nulls, type, length, first]).toEqual([1, values.includes(null) ? 1 : 0, 23, values.length, 1]);
  return values;
}
