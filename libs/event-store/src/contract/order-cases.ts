import { expect, test } from '@jest/globals';
import type { EventStore, Filter, Position } from '../event-store.js';
import { testNeeding, type ContractHarness } from './harness.js';
import { OrderChecker, type WatchedLog } from './order-checker.js';
import { collect, event, events, newStream, random } from './samples.js';

/** The log behind a position, or all of it; with a filter where others write to it as well. */
export function watched(store: EventStore, start?: Position, filter: Filter = {}): WatchedLog {
  return {
    readAfter: (position) => {
      const after = (position as Position | undefined) ?? start;
      return collect(store.readAll({ filter, ...(after !== undefined && { after }) }));
    },
  };
}

export function orderCases(harness: ContractHarness): void {
  test('[AL4] [AL5] 12 writers in 4 processes, a fifth of their appends refused, 3 pollers from scratch', async () => {
    const log = await harness.createLog();
    try {
      const stores = Array.from({ length: 4 }, () => log.open());
      const reader = log.open();
      const prefix = newStream('order');
      const shared = harness.lacks?.emptyLog !== undefined;
      const start = shared ? await reader.head() : undefined;
      const checker = new OrderChecker(watched(reader, start, shared ? { streamPrefixes: [prefix] } : {}), 3);
      const committed: string[] = [];
      const streams = Array.from({ length: 12 }, () => newStream(prefix));
      await Promise.all(
        streams.map(async (stream, writer) => {
          const store = stores[writer % stores.length] ?? reader;
          const chance = random(writer);
          for (let n = 0; n < 40; n++) {
            const batch = events(1 + Math.floor(chance() * 3));
            const refused = chance() < 0.2;
            const appended = store.append(stream, batch, { expected: refused ? 1_000_000n : 'any' });
            if (refused) await expect(appended).rejects.toMatchObject({ code: 'WrongExpectedVersion' });
            else await appended.then(() => committed.push(...batch.map(({ id }) => id)));
          }
        }),
      );
      expect(await checker.faults(committed)).toEqual([]);
      const all = await collect(reader.readAll(start === undefined ? {} : { after: start }));
      for (const stream of streams)
        expect(all.filter((one) => one.stream === stream)).toEqual(await collect(reader.readStream(stream)));
    } finally {
      await log.dispose();
    }
  });

  testNeeding(harness, 'emptyLog')('[AL7] [AL9] [AL1] an empty log, and the identity of logs', async () => {
    const [one, two] = [await harness.createLog(), await harness.createLog()];
    try {
      const [a, b, c] = [one.open(), one.open(), two.open()];
      expect(await a.head()).toBeUndefined();
      expect(await collect(a.readAll())).toEqual([]);
      expect(await collect(a.readAll({ direction: 'backwards' }))).toEqual([]);
      const { position } = await a.append(newStream(), [event()], { expected: 'noStream' });
      expect(await b.head()).toBe(position);
      expect(await c.head()).toBeUndefined();
      expect(await a.identity()).toBe(await b.identity());
      expect(await a.identity()).not.toBe(await c.identity());
    } finally {
      await Promise.all([one.dispose(), two.dispose()]);
    }
  });
}
