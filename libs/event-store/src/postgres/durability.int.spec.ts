/** A server of its own, to be killed: what was acknowledged must be there afterwards. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { collect, event, events, ids, newStream, Recording } from '../contract/samples.js';
import { Unavailable } from '../errors.js';
import type { NewEvent } from '../event-store.js';
import { migratePostgresEventStore } from './migrate.js';
import { createPostgresEventStore } from './postgres-event-store.js';

interface Server {
  readonly superuser: string;
  url(user: string, password: string, database: string): string;
  stop(): Promise<void>;
  kill(): void;
  readonly exited: Promise<string>;
}
interface PostgresTool {
  startPostgres(options: { folder: string; socketFolder: string; password: string }): Promise<Server>;
}

let folder: string;
let server: Server;
const start = async () => {
  // A path that tsc does not resolve: the tool is JavaScript outside of this project.
  const tool = pathToFileURL(resolve(import.meta.dirname, '../../../../tools/postgres.mjs')).href;
  const { startPostgres } = (await import(tool)) as PostgresTool;
  server = await startPostgres({ folder: join(folder, 'postgres'), socketFolder: join(folder, 's'), password: 'x' });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'palimpsest-kill-'));
  await start();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('[AP18] [SB6] kill -9 of the server during appends: nothing acknowledged is lost, nobody has to reconnect', async () => {
  const url = server.url(server.superuser, 'x', 'postgres');
  await migratePostgresEventStore(url);
  const store = createPostgresEventStore({ connectionString: url, unavailableAfterMs: 20_000 });
  const acknowledged: string[] = [];
  let writing = true;
  const recording = new Recording((signal) => store.subscribe({ after: 'start', signal }));
  const writers = Array.from({ length: 20 }, async () => {
    const stream = newStream();
    while (writing) {
      const one = event();
      await store.append(stream, [one], { expected: 'any' });
      acknowledged.push(one.id);
    }
  });
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.kill();
    await server.exited;
    await start();
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  writing = false;
  await Promise.all(writers);
  const stored = ids(await collect(store.readAll()));
  expect(acknowledged.length).toBeGreaterThan(100);
  expect([...stored].sort()).toEqual([...acknowledged].sort());
  const deadline = performance.now() + 5000;
  while (recording.events.length < stored.length && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ids(recording.events)).toEqual(stored);
  await recording.stop();
  await store.close();
});

test('[AP18] [ID5] kill -9 of one of its processes: batches that callers repeat are stored once, in their places', async () => {
  const url = server.url(server.superuser, 'x', 'postgres');
  await migratePostgresEventStore(url);
  // Less than a recovery takes, so that callers are told Unavailable and repeat the append themselves.
  const store = createPostgresEventStore({ connectionString: url, unavailableAfterMs: 50 });
  let repeated = 0;
  const append = async (stream: string, batch: NewEvent[], expected: bigint | 'noStream' | 'any') => {
    for (;;) {
      try {
        return await store.append(stream, batch, { expected });
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        repeated++;
      }
    }
  };
  let writing = true;
  const writers = Array.from({ length: 10 }, async (_, writer) => {
    const stream = newStream();
    const acknowledged: string[] = [];
    for (let expected: bigint | 'noStream' = 'noStream'; writing;) {
      const batch = events(3);
      expected = (await append(stream, batch, writer % 2 === 0 ? expected : 'any')).revision;
      acknowledged.push(...ids(batch));
    }
    return { stream, acknowledged };
  });
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(await appendingProcess(url), 'SIGKILL');
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  writing = false;
  for (const { stream, acknowledged } of await Promise.all(writers)) {
    const stored = await collect(store.readStream(stream));
    expect(ids(stored)).toEqual(acknowledged);
    expect(stored.map(({ revision }) => Number(revision))).toEqual(stored.map((_, n) => n));
  }
  expect(repeated).toBeGreaterThan(0);
  await store.close();
});

/** The server's process behind the connection that appends, as soon as there is one. */
async function appendingProcess(connectionString: string): Promise<number> {
  return eventually(async () => {
    const client = new pg.Client({ connectionString });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name like '% append'`,
      );
      return rows[0]?.pid;
    } finally {
      await client.end();
    }
  }, 'the connection that appends');
}
