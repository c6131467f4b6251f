/**
 * The event store on the embedded Postgres: durable appends, replay, the way to a subscriber and memory, beside bare
 * node-postgres where that can do the same. About three minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';
import { batchMetrics, callersMetrics } from './event-store/appends.mjs';
import { memoryMetrics } from './event-store/memory.mjs';
import { deliveryMetrics, replayMetrics } from './event-store/reading.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

/** Runs it all on a Postgres of its own. */
export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const url = (database) => server.url(server.superuser, 'bench', database);
  const options = { connectionString: url('postgres') };
  await migratePostgresEventStore(options.connectionString);
  const [store, other] = [createPostgresEventStore(options), createPostgresEventStore(options)];
  const client = new pg.Client(options);
  await client.connect();
  try {
    await client.query('create database memory');
    await migratePostgresEventStore(url('memory'));
    return {
      ...(await callersMetrics(store, say)),
      ...(await batchMetrics(store, client, say)),
      ...(await replayMetrics(store, client, say)),
      ...(await deliveryMetrics(store, other, say)),
      ...(await memoryMetrics(url('memory'), say)),
    };
  } finally {
    await client.end();
    await store.close();
    await other.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
