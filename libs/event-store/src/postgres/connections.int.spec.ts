/** What becomes of the adapter when connections, notifications or the server go away. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@palimpsest/test-support';
import { collect, event, events, newStream, Recording } from '../contract/samples.js';
import { createPostgresLog, type PostgresLog } from './postgres-log.js';
import { createPostgresEventStore, type PostgresEventStore } from './postgres-event-store.js';

let log: PostgresLog;
let store: PostgresEventStore;
beforeEach(async () => {
  log = await createPostgresLog();
});
afterEach(async () => {
  await store.close();
  await log.dispose();
});

function open(options: { pollIntervalMs?: number; unavailableAfterMs?: number } = {}): PostgresEventStore {
  store = createPostgresEventStore({ connectionString: log.url, applicationName: 'examined', ...options });
  return store;
}

const connections = () =>
  log.query<{ application_name: string }>(
    `select application_name from pg_stat_activity where datname = current_database() and application_name like 'examined %'`,
  );

test('[SB7] an event that nobody was notified of arrives within the poll interval', async () => {
  open({ pollIntervalMs: 300 });
  const stream = newStream();
  await store.append(stream, [event()], { expected: 'any' });
  const recording = new Recording((signal) => store.subscribe({ after: 'start', signal }));
  await eventually(() => recording.has('caughtUp'));
  const began = performance.now();
  // Written past es.append, by the owner: committed without a NOTIFY.
  await log.query(`insert into es.event (position, stream_no, revision, event_id, type, is_json, data)
    select position + 1, stream_no, revision + 1, gen_random_uuid(), type, is_json, data from es.event`);
  await eventually(() => recording.events.length === 2, 'the second event');
  expect(performance.now() - began).toBeLessThan(1000);
  await recording.stop();
});

test('[SB1] another process is heard of by NOTIFY, long before the poll', async () => {
  open({ pollIntervalMs: 600_000 });
  const recording = new Recording((signal) => store.subscribe({ after: 'start', signal }));
  await eventually(() => recording.has('caughtUp'));
  await eventually(async () => (await connections()).some((row) => row.application_name === 'examined listen'));
  await log.open().append(newStream(), [event()], { expected: 'any' });
  await eventually(() => recording.events.length === 1, 'the event', 2000);
  await log.cutConnections();
  await eventually(async () => (await connections()).some((row) => row.application_name === 'examined listen'));
  await log.open().append(newStream(), [event()], { expected: 'any' });
  await eventually(() => recording.events.length === 2, 'the event after the listener was cut', 2000);
  await recording.stop();
});

test('[CL1] [RD5] connections are few, lazy, and gone after close', async () => {
  open();
  expect(await connections()).toEqual([]);
  await store.append(newStream(), events(2), { expected: 'any' });
  expect(await connections()).toEqual([{ application_name: 'examined append' }]);
  const recordings = Array.from(
    { length: 20 },
    () => new Recording((signal) => store.subscribe({ after: 'start', signal })),
  );
  await Promise.all(recordings.map((recording) => eventually(() => recording.has('caughtUp'))));
  await Promise.all(Array.from({ length: 20 }, () => collect(store.readAll())));
  expect((await connections()).length).toBeLessThanOrEqual(6);
  await store.close();
  await Promise.all(recordings.map((recording) => recording.ended));
  await eventually(async () => (await connections()).length === 0, 'no connection is left');
});

test('[AP17] [ID5] the log is blocked: Unavailable after a bounded time, stored once when repeated', async () => {
  open({ unavailableAfterMs: 300 });
  await log.query('begin');
  await log.query('select es.lock_log()');
  const stream = newStream();
  const batch = [event()];
  const began = performance.now();
  const refused = store.append(stream, batch, { expected: 'noStream' });
  await expect(refused).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
  expect(performance.now() - began).toBeLessThan(6000);
  await log.query('commit');
  expect(await store.append(stream, batch, { expected: 'noStream' })).toMatchObject({ revision: 0n });
  expect(await collect(store.readAll())).toHaveLength(1);
});

test('[AP17] no server at all', async () => {
  store = createPostgresEventStore({
    connectionString: 'postgres://nobody@localhost/none?host=%2Fnonexistent',
    unavailableAfterMs: 200,
  });
  const stream = newStream();
  const attempts = [
    store.append(stream, [event()], { expected: 'any' }),
    store.append(stream, [event()], { expected: 'any' }),
    store.head(),
    store.delete(stream, 'any'),
    collect(store.readStream(stream)),
  ];
  for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'Unavailable' });
  const controller = new AbortController();
  const recording = new Recording((signal) =>
    store.subscribe({ after: 'start', signal: AbortSignal.any([signal, controller.signal]) }),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = performance.now();
  controller.abort();
  await recording.ended;
  expect(performance.now() - began).toBeLessThan(1000);
});

test('synchronous_commit off is not taken over for appends', async () => {
  await log.query(
    `do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$`,
  );
  open();
  await store.append(newStream(), [event()], { expected: 'any' });
  await log.query('begin');
  await log.query('set local synchronous_commit = off');
  await log.query('select es.lock_log()');
  expect(await log.query('show synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
  await log.query('commit');
});
