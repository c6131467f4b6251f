import { afterEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { collect, event, events, ids, newStream } from '../contract/samples.js';
import { migratePostgresEventStore } from './migrate.js';
import { createPostgresEventStore, type PostgresEventStore } from './postgres-event-store.js';
import { createPostgresLog, type PostgresLog } from './postgres-log.js';

let log: PostgresLog;
let copy: TestDatabase | undefined;
let restored: PostgresEventStore | undefined;
afterEach(async () => {
  await restored?.close();
  await copy?.drop();
  await log.dispose();
});

/** Another database with the same content, as a restored backup is. */
async function restore(): Promise<string> {
  copy = await createTestDatabase();
  const name = (url: string) => /\/(\w+)\?/.exec(url)?.[1] ?? '';
  const admin = new pg.Client({ connectionString: copy.url.replace(/\/\w+\?/, '/postgres?') });
  await admin.connect();
  await admin.query(`drop database ${name(copy.url)}`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name(log.url)]);
  await admin.query(`create database ${name(copy.url)} template ${name(log.url)}`);
  await admin.end();
  return copy.url;
}

test('a restored log is read and goes on; its epoch is renewed by whoever restores it', async () => {
  log = await createPostgresLog();
  const source = log.open();
  const stream = newStream();
  const batch = events(3);
  await source.append(stream, batch, { expected: 'noStream' });
  const backupEnd = await source.head();
  const identity = await source.identity();
  const url = await restore();
  const { position: lost } = await source.append(stream, [event()], { expected: 2n });

  restored = createPostgresEventStore({ connectionString: url });
  expect(ids(await collect(restored.readAll()))).toEqual(ids(batch));
  expect(await restored.head()).toBe(backupEnd);
  // Without a new epoch a reader that saw what was lost would take the next event for one that it knows.
  expect(await restored.identity()).toBe(identity);
  const { position } = await restored.append(stream, [event()], { expected: 2n });
  expect(position).toBe(lost);
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  await owner.query('select es.renew_epoch()');
  await migratePostgresEventStore(owner);
  await owner.end();
  expect(await restored.identity()).not.toBe(identity);
  expect(await restored.append(stream, batch, { expected: 'noStream' })).toMatchObject({ replayed: true });
});
