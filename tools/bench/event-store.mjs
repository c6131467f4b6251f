/** The event store on the embedded Postgres: durable appends, replay, and the way to a subscriber, beside bare node-postgres. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

const SECONDS = 3;
const BATCH = 100;
const REPLAY_EVENTS = 60_000;
/** Bytes of an event: an edit of a few letters with its metadata. */
const DATA = randomBytes(60);
const METADATA = Buffer.from(JSON.stringify({ v: 1, actor: { id: randomUUID(), role: 'student', via: 'websocket' } }));

const event = () => ({ id: randomUUID(), type: 'FileEdited', contentType: 'binary', data: DATA, metadata: METADATA });

function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Appends by `callers` at the same time, each to a stream of its own, for some seconds. */
async function appends(store, callers) {
  const times = [];
  const until = performance.now() + SECONDS * 1000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const stream = `bench-${randomUUID()}`;
      while (performance.now() < until) {
        const begun = performance.now();
        await store.append(stream, [event()], { expected: 'any' });
        times.push(performance.now() - begun);
      }
    }),
  );
  return { perSecond: times.length / SECONDS, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** Batches to as many streams at the same time, each at the revision that it knows, as rooms append them. */
async function batchesOfStore(store, streams) {
  const until = performance.now() + SECONDS * 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const stream = `bench-${randomUUID()}`;
      for (let expected = 'noStream'; performance.now() < until; count += BATCH)
        expected = (await store.append(stream, Array.from({ length: BATCH }, event), { expected })).revision;
    }),
  );
  return count / SECONDS;
}

/** What node-postgres alone does with rows of the same size in batches of the same size, a commit each. */
async function batchesOfPostgres(client) {
  await client.query(
    'create table bare (id uuid, type text, data bytea, metadata bytea, at timestamptz default clock_timestamp(), n bigserial primary key)',
  );
  const until = performance.now() + SECONDS * 1000;
  let count = 0;
  for (; performance.now() < until; count += BATCH) {
    const events = Array.from({ length: BATCH }, event);
    await client.query(
      'insert into bare (id, type, data, metadata) select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[])',
      [
        events.map(({ id }) => id),
        events.map(({ type }) => type),
        events.map(({ data }) => data),
        events.map(({ metadata }) => metadata),
      ],
    );
  }
  return count / SECONDS;
}

async function replayOfStore(store) {
  const begun = performance.now();
  let count = 0;
  for await (const { revision } of store.readAll({ limit: REPLAY_EVENTS })) count += revision >= 0n ? 1 : 0;
  return count / ((performance.now() - begun) / 1000);
}

/** The same number of rows of the same table through a cursor in the same page size. */
async function replayOfPostgres(client) {
  const begun = performance.now();
  let count = 0;
  await client.query('begin');
  await client.query(`declare c no scroll cursor for select * from es.event order by position limit ${REPLAY_EVENTS}`);
  for (;;) {
    const { rows } = await client.query({ text: 'fetch 500 from c', rowMode: 'array' });
    if (rows.length === 0) break;
    count += rows.length;
  }
  await client.query('commit');
  return count / ((performance.now() - begun) / 1000);
}

/** Milliseconds from the start of an append until a subscriber of another store has the event. */
async function delivery(store, other) {
  const times = [];
  const sent = new Map();
  const end = new AbortController();
  const stream = `bench-${randomUUID()}`;
  const received = (async () => {
    for await (const item of other.subscribeStream(stream, { after: 'start', signal: end.signal })) {
      if (item.kind !== 'event') continue;
      times.push(performance.now() - sent.get(item.event.id));
      if (times.length === 300) return;
    }
  })();
  for (let i = 0; i < 300; i++) {
    const one = event();
    sent.set(one.id, performance.now());
    await store.append(stream, [one], { expected: 'any' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await received;
  end.abort();
  return times;
}

/** Runs it all on a Postgres of its own. */
export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const connectionString = server.url(server.superuser, 'bench', 'postgres');
  await migratePostgresEventStore(connectionString);
  const [store, other] = [
    createPostgresEventStore({ connectionString }),
    createPostgresEventStore({ connectionString }),
  ];
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const metrics = {};
    const rates = {};
    for (const callers of [1, 10, 100, 300]) {
      say(`appends by ${callers} callers`);
      const { perSecond, p50, p99 } = await appends(store, callers);
      rates[callers] = perSecond;
      metrics[`durable appends, ${callers} callers`] = { value: perSecond, unit: 'appends/s' };
      metrics[`durable appends, ${callers} callers, p50`] = { value: p50, unit: 'ms' };
      metrics[`durable appends, ${callers} callers, p99`] = { value: p99, unit: 'ms' };
    }
    metrics['group commit: 100 callers to 1 caller'] = { value: rates[100] / rates[1], unit: 'times', atLeast: 4 };
    say('batches');
    const [own, many, bare] = [
      await batchesOfStore(store, 1),
      await batchesOfStore(store, 8),
      await batchesOfPostgres(client),
    ];
    metrics['batches of 100, event store, 1 stream'] = { value: own, unit: 'events/s' };
    metrics['batches of 100, event store, 8 streams'] = { value: many, unit: 'events/s' };
    metrics['batches of 100, bare insert'] = { value: bare, unit: 'rows/s' };
    metrics['batches: event store, 1 stream, to bare insert'] = { value: own / bare, unit: 'times', atLeast: 0.6 };
    metrics['batches: event store, 8 streams, to bare insert'] = { value: many / bare, unit: 'times' };
    say('replay');
    const [replayed, cursor] = [await replayOfStore(store), await replayOfPostgres(client)];
    metrics['replay, event store'] = { value: replayed, unit: 'events/s', atLeast: 100_000 };
    metrics['replay, bare cursor'] = { value: cursor, unit: 'rows/s' };
    metrics['replay: event store to bare cursor'] = { value: replayed / cursor, unit: 'times', atLeast: 0.7 };
    say('delivery');
    const times = await delivery(store, other);
    metrics['append until a subscriber elsewhere has it, p50'] = { value: percentile(times, 0.5), unit: 'ms' };
    metrics['append until a subscriber elsewhere has it, p99'] = { value: percentile(times, 0.99), unit: 'ms' };
    return metrics;
  } finally {
    await client.end();
    await store.close();
    await other.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
