import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { collect, event, newStream, revisions } from '../contract/samples.js';
import { migratePostgresEventStore } from './migrate.js';
import { createPostgresEventStore } from './postgres-event-store.js';
import { createPostgresLog, type PostgresLog } from './postgres-log.js';

let log: PostgresLog;
beforeEach(async () => {
  log = await createPostgresLog();
});
afterEach(() => log.dispose());

const recorded = (stream: string, revision: bigint) => ({ ...event(), stream, revision, recordedAt: new Date(1) });

test('[DF18] a stream that was scavenged at its beginning keeps its revisions', async () => {
  const store = log.open();
  const stream = newStream();
  await store.importEvents([recorded(stream, 5n), recorded(stream, 6n)]);
  expect(revisions(await collect(store.readStream(stream)))).toEqual([5, 6]);
  await expect(store.importEvents([recorded(stream, 8n)])).rejects.toMatchObject({ actual: 6n });
  expect(await store.append(stream, [event()], { expected: 6n })).toMatchObject({ revision: 7n });
});

test('[IM3] a refused import leaves nothing behind, also of a deleted stream', async () => {
  const store = log.open();
  const [deleted, missing] = [newStream(), newStream()];
  await store.append(deleted, [event()], { expected: 'any' });
  await store.delete(deleted, 'any');
  const events = [recorded(missing, 0n), recorded(deleted, 7n)];
  await expect(store.importEvents(events)).rejects.toMatchObject({ code: 'WrongExpectedVersion', stream: deleted });
  expect(await store.streamInfo(deleted)).toMatchObject({ deleted: true });
  expect(await log.query('select from es.stream where name = $1', [missing])).toEqual([]);
  await store.importEvents([recorded(deleted, 1n)]);
  expect(revisions(await collect(store.readStream(deleted)))).toEqual([1]);
});

test("[DF19] the application's role may not import", async () => {
  const role = `app_${randomBytes(4).toString('hex')}`;
  await log.query(`create role ${role} login password 'x'`);
  try {
    await migratePostgresEventStore(log.url, { applicationRoles: [role] });
    const url = log.url.replace(/\/\/[^@]*@/, `//${role}:x@`);
    const store = createPostgresEventStore({ connectionString: url });
    try {
      await store.append(newStream(), [event()], { expected: 'any' });
      const refused = { code: 'InvalidArgument', message: expect.stringContaining('Only the owner') };
      await expect(store.importEvents([recorded(newStream(), 0n)])).rejects.toMatchObject(refused);
    } finally {
      await store.close();
    }
  } finally {
    await log.query(`drop owned by ${role}`);
    await log.query(`drop role ${role}`);
  }
});
