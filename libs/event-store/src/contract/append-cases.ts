import { expect, test } from '@jest/globals';
import { AppendTooLarge, InvalidArgument, WrongExpectedVersion } from '../errors.js';
import type { EventStore } from '../event-store.js';
import { binary, collect, event, events, ids, newStream, revisions } from './samples.js';

async function stored(store: EventStore, stream: string): Promise<number> {
  const { revision } = await store.streamInfo(stream);
  return revision === undefined ? 0 : Number(revision) + 1;
}

export function appendCases(store: () => EventStore): void {
  test('[AP1] the first event has revision 0', async () => {
    const { revision, replayed } = await store().append(newStream(), [event()], { expected: 'noStream' });
    expect([revision, replayed]).toEqual([0n, false]);
  });

  test('[AP1] [AP9] n events have the revisions 0 to n-1, in order', async () => {
    const stream = newStream();
    const batch = events(7);
    const { revision, position } = await store().append(stream, batch, { expected: 'noStream' });
    const read = await collect(store().readStream(stream));
    expect(revision).toBe(6n);
    expect(read.at(-1)?.position).toBe(position);
    expect(revisions(read)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(ids(read)).toEqual(ids(batch));
  });

  test('[AP2] the exact last revision is continued', async () => {
    const stream = newStream();
    await store().append(stream, events(3), { expected: 'noStream' });
    expect((await store().append(stream, events(2), { expected: 2n })).revision).toBe(4n);
  });

  test.each([
    ['stale', 1n],
    ['future', 3n],
    ['far future', 2n ** 62n],
    ['noStream [AP4]', 'noStream' as const],
  ])('[AP3] %s on a stream at revision 2', async (_name, expected) => {
    const stream = newStream();
    await store().append(stream, events(3), { expected: 'noStream' });
    const refused = store().append(stream, [event()], { expected });
    await expect(refused).rejects.toBeInstanceOf(WrongExpectedVersion);
    await expect(refused).rejects.toMatchObject({ stream, expected, actual: 2n, retryable: false });
    expect(await stored(store(), stream)).toBe(3);
  });

  test.each([['streamExists' as const], [0n]])('[AP4] %s on a missing stream', async (expected) => {
    const stream = newStream();
    const refused = store().append(stream, [event()], { expected });
    await expect(refused).rejects.toMatchObject({ code: 'WrongExpectedVersion', actual: 'noStream' });
    expect((await store().streamInfo(stream)).exists).toBe(false);
  });

  test('[AP5] any, on a missing and on an existing stream; streamExists on an existing one', async () => {
    const stream = newStream();
    expect((await store().append(stream, [event()], { expected: 'any' })).revision).toBe(0n);
    expect((await store().append(stream, [event()], { expected: 'any' })).revision).toBe(1n);
    expect((await store().append(stream, [event()], { expected: 'streamExists' })).revision).toBe(2n);
  });

  test('[AP6] no events', async () => {
    const stream = newStream();
    await expect(store().append(stream, [], { expected: 'any' })).rejects.toBeInstanceOf(InvalidArgument);
    expect((await store().streamInfo(stream)).exists).toBe(false);
  });

  test('[AP7] 200 concurrent appends that expect a revision: one winner for each', async () => {
    const stream = newStream();
    await store().append(stream, [event()], { expected: 'noStream' });
    const attempts = Array.from({ length: 200 }, (_, n) =>
      store().append(stream, [event()], { expected: BigInt(n % 10) }),
    );
    const won = (await Promise.allSettled(attempts)).flatMap((a) =>
      a.status === 'fulfilled' ? [a.value.revision] : [],
    );
    expect(new Set(won).size).toBe(won.length);
    expect(await stored(store(), stream)).toBe(won.length + 1);
    expect(won.map(Number)).toEqual(won.map((_, n) => n + 1));
  });

  test('[AP8] 200 concurrent appends with any: all stored, no gap', async () => {
    const stream = newStream();
    const batch = events(200);
    const results = await Promise.all(batch.map((one) => store().append(stream, [one], { expected: 'any' })));
    expect(results.map(({ revision }) => Number(revision)).sort((a, b) => a - b)).toEqual(batch.map((_, n) => n));
    expect(ids(await collect(store().readStream(stream))).sort()).toEqual(ids(batch).sort());
  });

  test('[AP9] [AP10] one event too large: nothing of the append is stored', async () => {
    const stream = newStream();
    const refused = store().append(stream, [event(), binary(store().limits.maxEventBytes + 1)], { expected: 'any' });
    await expect(refused).rejects.toMatchObject({ code: 'AppendTooLarge', subject: 'event' });
    expect((await store().streamInfo(stream)).exists).toBe(false);
  });

  test('[AP10] exactly the limit of an event, metadata counted', async () => {
    const stream = newStream();
    const metadata = Buffer.alloc(1000);
    const { maxEventBytes } = store().limits;
    await store().append(stream, [{ ...binary(maxEventBytes - 1000), metadata }], { expected: 'any' });
    await expect(
      store().append(stream, [{ ...binary(maxEventBytes - 999), metadata }], { expected: 'any' }),
    ).rejects.toBeInstanceOf(AppendTooLarge);
    expect(await stored(store(), stream)).toBe(1);
  });

  test('[AP10] exactly the limit of an append, and one byte more', async () => {
    const stream = newStream();
    const half = Math.floor(store().limits.maxAppendBytes / 2);
    await store().append(stream, [binary(half), binary(store().limits.maxAppendBytes - half)], { expected: 'any' });
    await expect(
      store().append(stream, [binary(half), binary(store().limits.maxAppendBytes - half + 1)], { expected: 'any' }),
    ).rejects.toMatchObject({ code: 'AppendTooLarge', size: store().limits.maxAppendBytes + 1 });
    expect(await stored(store(), stream)).toBe(2);
  });

  test('[AP11] 10,000 events in one append, and one more', async () => {
    const stream = newStream();
    const many = events(10_001);
    await expect(store().append(stream, many, { expected: 'any' })).rejects.toMatchObject({ unit: 'events' });
    expect((await store().append(stream, many.slice(1), { expected: 'any' })).revision).toBe(9_999n);
  });

  test('[AP12] losers among 100 concurrent appends do not fail their neighbours', async () => {
    const streams = Array.from({ length: 100 }, () => newStream());
    const settled = await Promise.allSettled(
      streams.map((stream, n) => store().append(stream, [event()], { expected: n % 3 === 0 ? 5n : 'noStream' })),
    );
    expect(settled.map(({ status }) => status)).toEqual(
      streams.map((_, n) => (n % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
    expect(await Promise.all(streams.map((stream) => stored(store(), stream)))).toEqual(
      streams.map((_, n) => (n % 3 === 0 ? 0 : 1)),
    );
  });

  test('[AP14] names at their limits', async () => {
    const longest = newStream().padEnd(1024, 'x');
    const type = 'é'.repeat(512);
    await store().append(longest, [event({ type })], { expected: 'noStream' });
    expect(await collect(store().readStream(longest))).toMatchObject([{ stream: longest, type }]);
  });

  test.each([
    ['empty', ''],
    ['1025 bytes', 'x'.repeat(1025)],
    ['1026 bytes in 513 characters', 'é'.repeat(513)],
    ['$', '$x'],
    ['$$', '$$x'],
    ['NUL', 'a\0b'],
    ['half a character', 'a\ud800'],
  ])('[AP14] refused as a name: %s', async (_name, name) => {
    await expect(store().append(name, [event()], { expected: 'any' })).rejects.toBeInstanceOf(InvalidArgument);
    await expect(store().append(newStream(), [event({ type: name })], { expected: 'any' })).rejects.toBeInstanceOf(
      InvalidArgument,
    );
  });

  test.each([
    'case 1',
    'caseé-1',
    'case-日本',
    'case-🦊',
    '-',
    'a$b',
    `case-${'y'.repeat(200)}`,
    'q\'"\\,{}NULL',
    'NULL',
  ])('[AP14] [PL4] the name %s comes back', async (suffix) => {
    const stream = `n${newStream()}${suffix}`;
    await store().append(stream, [event({ type: suffix })], { expected: 'noStream' });
    expect(await collect(store().readStream(stream))).toMatchObject([{ stream, type: suffix, revision: 0n }]);
  });

  test('[AP15] ids that are no UUIDs, or occur twice', async () => {
    const twice = event();
    for (const batch of [[event({ id: 'x' })], [event({ id: '' })], [twice, { ...twice, id: twice.id.toUpperCase() }]])
      await expect(store().append(newStream(), batch, { expected: 'any' })).rejects.toBeInstanceOf(InvalidArgument);
  });

  test('[AP16] aborted before it was sent', async () => {
    const [aborted, late] = [newStream(), newStream()];
    const reason = new Error('enough');
    const controller = new AbortController();
    const pending = store().append(late, [event()], { expected: 'any', signal: controller.signal });
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect(store().append(aborted, [event()], { expected: 'any', signal: controller.signal })).rejects.toBe(
      reason,
    );
    await store().append(newStream(), [event()], { expected: 'any' });
    expect(await stored(store(), aborted)).toBe(0);
  });

  test('[AP13] several streams, all or nothing', async () => {
    if (!store().limits.atomicMultiStream) return;
    const [a, b] = [newStream(), newStream()];
    const both = [
      { stream: a, expected: 'noStream' as const, events: events(2) },
      { stream: b, expected: 'any' as const, events: events(3) },
    ];
    expect(await store().appendMany?.(both)).toMatchObject([{ revision: 1n }, { revision: 2n }]);
    expect(await store().appendMany?.(both)).toMatchObject([{ replayed: true }, { replayed: true }]);
    const fresh = newStream();
    const conflict = [
      { stream: fresh, expected: 'noStream' as const, events: events(1) },
      { stream: a, expected: 7n, events: events(1) },
    ];
    await expect(store().appendMany?.(conflict)).rejects.toMatchObject({
      code: 'WrongExpectedVersion',
      stream: a,
      actual: 1n,
    });
    expect([await stored(store(), a), await stored(store(), fresh)]).toEqual([2, 0]);
  });

  test('[AP13] a stream twice, and too many bytes together', async () => {
    if (!store().limits.atomicMultiStream) return;
    const [a, b] = [newStream(), newStream()];
    const request = (stream: string, size: number) => ({ stream, expected: 'any' as const, events: [binary(size)] });
    await expect(store().appendMany?.([request(a, 1), request(a, 1)])).rejects.toBeInstanceOf(InvalidArgument);
    const half = store().limits.maxAppendBytes / 2;
    await expect(store().appendMany?.([request(a, half), request(b, half + 1)])).rejects.toBeInstanceOf(AppendTooLarge);
    expect(await store().appendMany?.([request(a, half), request(b, half)])).toHaveLength(2);
    expect(await store().appendMany?.([])).toEqual([]);
  });
}
