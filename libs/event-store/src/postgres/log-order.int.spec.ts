/** The order of the log against everything that Postgres does to writers: delays, rollbacks, long transactions. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import pg from 'pg';
import { watched } from '../contract/order-cases.js';
import { OrderChecker } from '../contract/order-checker.js';
import { collect, event, events, ids, newStream, random, Recording } from '../contract/samples.js';
import type { NewEvent } from '../event-store.js';
import { APPEND, encodeBatch } from './append-batch.js';
import { NaiveStore } from './naive-store.js';
import { createPostgresLog, type PostgresLog } from './postgres-log.js';

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

let log: PostgresLog;
const clients: pg.Client[] = [];
beforeEach(async () => {
  log = await createPostgresLog();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  await log.dispose();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: log.url });
  await client.connect();
  clients.push(client);
  return client;
}

/** An append in an open transaction: positions are given, but not committed yet. */
async function appendIn(client: pg.Client, stream: string, batch: NewEvent[]): Promise<void> {
  const request = { stream, expected: 'any' as const, events: batch };
  await client.query(
    APPEND,
    encodeBatch(
      [{ requests: [request], atomic: false, bytes: 0 }],
      batch.map(() => null),
    ),
  );
}

describe('[AL5] the order of the log', () => {
  const writers = Array.from({ length: 12 }, (_, writer) => writer);

  test('12 connections that delay and roll back a fifth of their transactions; 3 pollers from scratch', async () => {
    const checker = new OrderChecker(watched(log.open()), 3);
    const committed: string[] = [];
    await Promise.all(
      writers.map(async (writer) => {
        const client = await connect();
        const chance = random(writer);
        for (let n = 0; n < 20; n++) {
          const batch = events(1 + Math.floor(chance() * 3));
          await client.query('begin');
          await appendIn(client, newStream(), batch);
          await pause(chance() * 3);
          const abort = chance() < 0.2;
          await client.query(abort ? 'rollback' : 'commit');
          if (!abort) committed.push(...ids(batch));
        }
      }),
    );
    expect(await checker.faults(committed)).toEqual([]);
    const [row] = await log.query<{ gaps: string }>('select max(position) - count(*) as gaps from es.event');
    expect(row?.gaps).toBe('0');
  });

  test('the checker finds the fault of a store with a plain sequence', async () => {
    const naive = await NaiveStore.create(log.url);
    try {
      const checker = new OrderChecker(naive, 3);
      const committed: string[] = [];
      await Promise.all(
        writers.map(async (writer) => {
          const chance = random(writer);
          for (let n = 0; n < 20; n++) {
            const id = event().id;
            const abort = chance() < 0.2;
            await naive.append(id, chance() * 3, abort);
            if (!abort) committed.push(id);
          }
        }),
      );
      expect((await checker.faults(committed)).join()).toMatch(/missed/);
    } finally {
      await naive.close();
    }
  });

  test('a writer delayed between position and commit: nobody later is seen first', async () => {
    const store = log.open();
    const recording = new Recording((signal) => store.subscribe({ after: 'start', signal }));
    const slow = await connect();
    await slow.query('begin');
    const [first, second] = [event(), event()];
    await appendIn(slow, newStream(), [first]);
    const overtaking = store.append(newStream(), [second], { expected: 'any' });
    await pause(100);
    expect(recording.events).toEqual([]);
    await slow.query('commit');
    await overtaking;
    await eventually(() => recording.events.length === 2, 'both events');
    expect(ids(recording.events)).toEqual(ids([first, second]));
    await recording.stop();
  });

  test('[AL6] long transactions elsewhere neither hide events nor slow appends', async () => {
    const store = log.open();
    const rate = async () => {
      const began = performance.now();
      for (let n = 0; n < 150; n++) await store.append(newStream(), [event()], { expected: 'any' });
      return 150 / (performance.now() - began);
    };
    await rate();
    const before = await rate();
    const long = await connect();
    await long.query('begin isolation level repeatable read');
    await long.query('select count(*) from es.event');
    await long.query('create table elsewhere (x int)');
    const rates = [await rate(), await rate(), await rate()];
    expect(await collect(store.readAll())).toHaveLength(750);
    expect(Math.max(...rates)).toBeGreaterThan(before / 3);
    await long.query('rollback');
  });

  test.each(['repeatable read', 'serializable'])('an append in a transaction with %s is refused', async (level) => {
    const client = await connect();
    await client.query(`begin isolation level ${level}`);
    await expect(appendIn(client, newStream(), [event()])).rejects.toMatchObject({ code: '25000' });
    await client.query('rollback');
  });
});
