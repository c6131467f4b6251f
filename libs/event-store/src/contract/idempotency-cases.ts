import { expect, test } from '@jest/globals';
import type { EventStore, Expected } from '../event-store.js';
import { testNeeding, type ContractHarness, type ContractLog } from './harness.js';
import { collect, event, events, ids, newStream } from './samples.js';

export function idempotencyCases(harness: ContractHarness, store: () => EventStore, log: () => ContractLog): void {
  test.each<[string, Expected]>([
    ['[ID1] noStream', 'noStream'],
    ['[ID2] any', 'any'],
  ])('%s: the first append repeated', async (_name, expected) => {
    const stream = newStream();
    const batch = events(3);
    const first = await store().append(stream, batch, { expected });
    expect(await store().append(stream, batch, { expected })).toEqual({ ...first, replayed: true });
    await store().append(stream, events(2), { expected: 'any' });
    expect(await store().append(stream, batch, { expected })).toEqual({ ...first, replayed: true });
    expect((await store().streamInfo(stream)).revision).toBe(4n);
  });

  test.each<[string, Expected]>([
    ['[ID1] an exact revision', 1n],
    ['[ID2] any', 'any'],
    ['[ID2] streamExists', 'streamExists'],
  ])('%s: a later append repeated, after others followed', async (_name, expected) => {
    const stream = newStream();
    const batch = events(2);
    await store().append(stream, events(2), { expected: 'noStream' });
    const first = await store().append(stream, batch, { expected });
    await store().append(stream, events(2), { expected: 3n });
    expect(await store().append(stream, batch, { expected })).toEqual({ ...first, replayed: true });
    expect((await store().streamInfo(stream)).revision).toBe(5n);
  });

  test.each<[string, Expected]>([
    ['noStream', 'noStream'],
    ['any', 'any'],
    ['streamExists', 'streamExists'],
  ])('[ID3] %s with half of the ids', async (_name, expected) => {
    const stream = newStream();
    const [a, b, c] = [event(), event(), event()];
    await store().append(stream, [a, b], { expected: 'noStream' });
    const newOneFirst = expected === 'noStream' || harness.weakRepetition !== 'firstId' ? [[c, b]] : [];
    for (const batch of [[a, c], ...newOneFirst, [b, a], [a, b, c]])
      await expect(store().append(stream, batch, { expected })).rejects.toMatchObject({
        code: 'WrongExpectedVersion',
        actual: 1n,
      });
    expect(ids(await collect(store().readStream(stream)))).toEqual(ids([a, b]));
  });

  test('[ID1] a beginning of an earlier append is at its place too', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await store().append(stream, [a, b], { expected: 'noStream' });
    expect(await store().append(stream, [a], { expected: 'noStream' })).toMatchObject({ revision: 0n, replayed: true });
  });

  test('[ID4] one id in two streams', async () => {
    const one = event();
    const [a, b] = [newStream(), newStream()];
    for (const stream of [a, b])
      expect(await store().append(stream, [one], { expected: 'any' })).toMatchObject({ revision: 0n, replayed: false });
  });

  testNeeding(harness, 'cutConnections')(
    '[ID5] connections cut again and again under 400 appends: each stored once',
    async () => {
      const streams = Array.from({ length: 8 }, () => newStream());
      const batch = events(400);
      let done = false;
      const cutting = (async () => {
        for (let cuts = 0; !done && cuts < 12; cuts++) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          await log().cutConnections();
        }
      })();
      // One after the other in each stream, so that exact expectations are tried across the cuts.
      await Promise.all(
        streams.map(async (stream, lane) => {
          for (let n = 0; n < 50; n++)
            await store().append(stream, [batch[lane * 50 + n] ?? event()], {
              expected: n === 0 ? 'noStream' : lane % 2 === 0 ? BigInt(n - 1) : 'any',
            });
        }),
      );
      done = true;
      await cutting;
      const read = await Promise.all(streams.map((stream) => collect(store().readStream(stream))));
      expect(ids(read.flat())).toEqual(ids(batch));
    },
  );

  test('[ID6] a repeated revival', async () => {
    const stream = newStream();
    await store().append(stream, events(3), { expected: 'noStream' });
    await store().delete(stream, 'any');
    const batch = events(2);
    const first = await store().append(stream, batch, { expected: 'noStream' });
    expect(await store().append(stream, batch, { expected: 'noStream' })).toEqual({ ...first, replayed: true });
    await expect(store().append(stream, events(1), { expected: 'noStream' })).rejects.toMatchObject({ actual: 4n });
  });
}
