import { beforeAll, expect, test } from '@jest/globals';
import { InvalidArgument, StreamNotFound } from '../errors.js';
import type { EventStore, Position, ReadStreamOptions, RecordedEvent } from '../event-store.js';
import { binary, collect, event, events, ids, logAfter, newStream, revisions } from './samples.js';

/** Two full pages of an adapter that reads 500 at a time, and a short one. */
const LONG = 1203;

export function readCases(store: () => EventStore): void {
  const ten = newStream();
  const long = newStream();
  beforeAll(async () => {
    await store().append(ten, events(10), { expected: 'noStream' });
    await store().append(long, events(LONG), { expected: 'noStream' });
  });

  const count = (from: number, to: number) =>
    Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => (from < to ? from + n : from - n));

  test.each<[string, ReadStreamOptions, number[]]>([
    ['[RD1] all', {}, count(0, 9)],
    ['[RD1] from the start', { from: 'start' }, count(0, 9)],
    ['[RD1] from the middle', { from: 4n }, count(4, 9)],
    ['[RD1] from the last', { from: 9n }, [9]],
    ['[RD1] from behind the last', { from: 10n }, []],
    ['[RD1] from far behind the last', { from: 2n ** 63n - 1n }, []],
    ['[RD1] from the end', { from: 'end' }, []],
    ['[RD2] backwards', { direction: 'backwards' }, count(9, 0)],
    ['[RD2] backwards from the end', { direction: 'backwards', from: 'end' }, count(9, 0)],
    ['[RD2] backwards from the middle', { direction: 'backwards', from: 4n }, count(4, 0)],
    ['[RD2] backwards from 0', { direction: 'backwards', from: 0n }, [0]],
    ['[RD2] backwards from the start', { direction: 'backwards', from: 'start' }, [0]],
    ['[RD2] backwards from behind the last', { direction: 'backwards', from: 100n }, count(9, 0)],
    ['[RD3] limit 0', { limit: 0 }, []],
    ['[RD3] limit 1', { limit: 1 }, [0]],
    ['[RD3] limit 1 backwards', { limit: 1, direction: 'backwards' }, [9]],
    ['[RD3] the exact limit', { limit: 10 }, count(0, 9)],
    ['[RD3] more than there is', { limit: 11, from: 8n }, [8, 9]],
  ])('%s', async (_name, options, expected) => {
    expect(revisions(await collect(store().readStream(ten, options)))).toEqual(expected);
  });

  test('[RD3] three pages equal one read, in both directions', async () => {
    const all = await collect(store().readStream(long));
    const parts = [0, 401, 802].map((from) => collect(store().readStream(long, { from: BigInt(from), limit: 401 })));
    expect(revisions(all)).toEqual(count(0, LONG - 1));
    expect((await Promise.all(parts)).flat()).toEqual(all);
    expect(await collect(store().readStream(long, { direction: 'backwards' }))).toEqual([...all].reverse());
    for (const limit of [499, 500, 501, 1000])
      expect(await collect(store().readStream(long, { limit }))).toHaveLength(limit);
  });

  test('[RD3] [PL1] many large events come back whole, though a page holds few of them', async () => {
    const stream = newStream();
    for (let n = 0; n < 12; n++) await store().append(stream, [binary(900_000), event()], { expected: 'any' });
    const read = await collect(store().readStream(stream));
    expect(read.map(({ data }) => data.byteLength)).toEqual(count(0, 23).map((n) => (n % 2 === 0 ? 900_000 : 2)));
    expect(await collect(store().readStream(stream, { direction: 'backwards' }))).toHaveLength(24);
    expect(await collect(store().readAll({ filter: { streamPrefixes: [stream] } }))).toHaveLength(24);
  });

  test('[RD4] a missing stream', async () => {
    await expect(collect(store().readStream(newStream()))).rejects.toBeInstanceOf(StreamNotFound);
    await expect(collect(store().readStream(newStream(), { limit: 0 }))).rejects.toBeInstanceOf(StreamNotFound);
    expect(await store().streamInfo(newStream())).toMatchObject({ exists: false, revision: undefined, deleted: false });
  });

  test('[RD5] 100 reads left early', async () => {
    for (let n = 0; n < 100; n++)
      for await (const first of store().readStream(long)) {
        expect(first.revision).toBe(0n);
        break;
      }
    expect(await collect(store().readStream(ten))).toHaveLength(10);
  });

  test('[RD6] a read ends while a writer goes on', async () => {
    const stream = newStream();
    await store().append(stream, events(600), { expected: 'any' });
    const read: RecordedEvent[] = [];
    for await (const one of store().readStream(stream)) {
      if (read.push(one) % 100 === 0) await store().append(stream, events(100), { expected: 'any' });
    }
    expect(read).toHaveLength(600);
  });

  test('[RD7] an aborted read', async () => {
    const reason = new Error('enough');
    await expect(collect(store().readStream(ten, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    await expect(collect(store().readAll({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    const controller = new AbortController();
    const midway = async () => {
      for await (const one of store().readStream(long, { signal: controller.signal }))
        if (one.revision === 5n) controller.abort(reason);
    };
    await expect(midway()).rejects.toBe(reason);
  });

  test('[RD8] impossible bounds', async () => {
    for (const options of [{ from: -1n }, { limit: -1 }, { limit: 1.5 }, { limit: NaN }, { from: 2n ** 63n }])
      await expect(collect(store().readStream(ten, options))).rejects.toBeInstanceOf(InvalidArgument);
    await expect(collect(store().readAll({ limit: -1 }))).rejects.toBeInstanceOf(InvalidArgument);
    await expect(collect(store().readAll({ after: 'x' as Position }))).rejects.toBeInstanceOf(InvalidArgument);
    await expect(collect(store().readAll({ filter: { typePrefixes: ['a\0'] } }))).rejects.toBeInstanceOf(
      InvalidArgument,
    );
  });

  test('[AL1] [AL2] [RD3] the whole log, forwards, backwards and in parts', async () => {
    const before = await store().head();
    const batch = events(5);
    for (const one of batch) await store().append(newStream(), [one], { expected: 'any' });
    const read = await logAfter(store(), before);
    expect(ids(read)).toEqual(ids(batch));
    const all = await collect(store().readAll());
    expect(ids(await collect(store().readAll({ direction: 'backwards' })))).toEqual(ids(all).reverse());
    expect(all.slice(-5)).toEqual(read);
    const [first, second, third, fourth, last] = read.map(({ position }) => position) as [
      Position,
      Position,
      Position,
      Position,
      Position,
    ];
    expect(ids(await collect(store().readAll({ after: first, before: fourth })))).toEqual(ids(batch.slice(1, 3)));
    expect(ids(await collect(store().readAll({ after: second, limit: 2 })))).toEqual(ids(batch.slice(2, 4)));
    const backwards = store().readAll({ before: last, after: first, direction: 'backwards', limit: 2 });
    expect(ids(await collect(backwards))).toEqual(ids([batch[3], batch[2]] as typeof batch));
    expect(await collect(store().readAll({ after: last }))).toEqual([]);
    expect(await collect(store().readAll({ after: third, before: third }))).toEqual([]);
  });

  test('[AL3] filters: and between parts, or within one, wildcards mean themselves', async () => {
    const [p, q] = [newStream('p%_x'), newStream('pabcx')];
    const before = await store().head();
    await store().append(p, [event({ type: 'a.one' }), event({ type: 'b.one' })], { expected: 'any' });
    await store().append(q, [event({ type: 'a.two' }), event({ type: 'A.one' })], { expected: 'any' });
    const types = async (filter: { streamPrefixes?: string[]; typePrefixes?: string[] }) =>
      (await collect(store().readAll({ ...(before && { after: before }), filter }))).map(({ type }) => type);
    expect(await types({})).toEqual(['a.one', 'b.one', 'a.two', 'A.one']);
    expect(await types({ streamPrefixes: [], typePrefixes: [] })).toHaveLength(4);
    expect(await types({ streamPrefixes: ['p%_x'] })).toEqual(['a.one', 'b.one']);
    expect(await types({ streamPrefixes: ['p%'] })).toEqual(['a.one', 'b.one']);
    expect(await types({ streamPrefixes: [p, q] })).toHaveLength(4);
    expect(await types({ typePrefixes: ['a.', 'b.'] })).toEqual(['a.one', 'b.one', 'a.two']);
    expect(await types({ streamPrefixes: [q], typePrefixes: ['a.'] })).toEqual(['a.two']);
    expect(await types({ streamPrefixes: ['nobody'], typePrefixes: ['a.'] })).toEqual([]);
    expect(await types({ typePrefixes: ['%'] })).toEqual([]);
  });

  test('[AL3] a filter that refuses nearly everything, in both directions', async () => {
    const rare = newStream('rare');
    await store().append(rare, [event()], { expected: 'any' });
    for (let n = 0; n < 3; n++) await store().append(newStream(), events(5000), { expected: 'any' });
    await store().append(rare, [event()], { expected: 'any' });
    const filter = { streamPrefixes: [rare] };
    expect(revisions(await collect(store().readAll({ filter })))).toEqual([0, 1]);
    expect(revisions(await collect(store().readAll({ filter, direction: 'backwards' })))).toEqual([1, 0]);
    expect(revisions(await collect(store().readAll({ filter, limit: 1 })))).toEqual([0]);
  });

  test('[AL7] [AL8] head and the order of positions', async () => {
    const { position: first } = await store().append(newStream(), events(3), { expected: 'any' });
    expect(await store().head()).toBe(first);
    const { position: second } = await store().append(newStream(), [event()], { expected: 'any' });
    expect(store().comparePositions(first, second)).toBeLessThan(0);
    expect(store().comparePositions(second, first)).toBeGreaterThan(0);
    expect(store().comparePositions(first, first)).toBe(0);
    for (const text of ['', 'x', '-1', '1.5', '99999999999999999999'])
      expect(() => store().comparePositions(text as Position, first)).toThrow(InvalidArgument);
  });

  test('[AL10] the share of the log up to a position grows to 1', async () => {
    const stream = newStream();
    const positions: Position[] = [];
    for (let n = 0; n < 4; n++) positions.push((await store().append(stream, events(2), { expected: 'any' })).position);
    const whole = positions[3] as Position;
    const shares = positions.map((position) => store().shareOfLog(position, whole));
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares[0]).toBeLessThan(1);
    expect(shares[3]).toBe(1);
    expect(store().shareOfLog(whole, positions[0] as Position)).toBe(1);
    expect(() => store().shareOfLog('x' as Position, whole)).toThrow(InvalidArgument);
  });
}
