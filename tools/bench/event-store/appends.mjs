/** Durable appends: of one event by many callers, and of batches beside what node-postgres does with the same rows. */
import { batch, BATCH, event, inTurns, newStream, percentile } from './sample.mjs';

/** Milliseconds of one measurement with so many callers. */
const CALLERS_MS = 3000;
/** Milliseconds of a turn, and turns, of each way to write batches. */
const TURN_MS = 400;
const TURNS = 9;

export async function callersMetrics(store, say) {
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
  return metrics;
}

/** Appends by `callers` at the same time, each to a stream of its own. */
async function appends(store, callers) {
  const times = [];
  const begun = performance.now();
  const until = begun + CALLERS_MS;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const stream = newStream();
      while (performance.now() < until) {
        const sent = performance.now();
        await store.append(stream, [event()], { expected: 'any' });
        times.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  return { perSecond: times.length / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/**
 * The ruled comparison is with the first table: the content of the events under a primary key, the least that could be
 * called a log. The second has the columns and indexes of es.event, so it shows what those cost without any rule of the
 * event store.
 */
const TABLES = `
  create table bare (id uuid, type text, data bytea, metadata bytea, at timestamptz default clock_timestamp(), n bigserial primary key);
  create table indexed (
    position bigserial primary key, stream_no bigint not null, revision bigint not null, event_id uuid not null,
    type text not null, is_json boolean not null default false, data bytea not null, metadata bytea,
    recorded_at timestamptz not null default clock_timestamp(), unique (stream_no, revision));
  create index on indexed (stream_no, event_id);`;

const INSERT_BARE =
  'insert into bare (id, type, data, metadata) select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[])';
const INSERT_INDEXED = `
  insert into indexed (event_id, type, data, metadata, stream_no, revision)
  select u.id, u.type, u.data, u.metadata, $5::bigint, $6::bigint + u.n
  from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) with ordinality as u (id, type, data, metadata, n)`;

export async function batchMetrics(store, client, say) {
  say('batches');
  await client.query(TABLES);
  const place = streamAndRevision();
  const found = await inTurns(TURNS, 'bare', {
    bare: () => batchesOfPostgres(client, INSERT_BARE, () => []),
    one: () => batchesOfStore(store, 1),
    indexed: () => batchesOfPostgres(client, INSERT_INDEXED, place),
    eight: () => batchesOfStore(store, 8),
    any: () => batchesOfStore(store, 1, 'any'),
  });
  return {
    'batches of 100, event store, 1 stream': { value: found.one.rate, unit: 'events/s' },
    'batches of 100, event store, 1 stream, any revision': { value: found.any.rate, unit: 'events/s' },
    'batches of 100, event store, 8 streams': { value: found.eight.rate, unit: 'events/s' },
    'batches of 100, bare insert': { value: found.bare.rate, unit: 'rows/s' },
    'batches of 100, bare insert with the same indexes': { value: found.indexed.rate, unit: 'rows/s' },
    'batches: event store, 1 stream, to bare insert': { value: found.one.ratio, unit: 'times', atLeast: 0.6 },
    'batches: event store, 1 stream, any revision, to bare insert': { value: found.any.ratio, unit: 'times' },
    'batches: event store, 8 streams, to bare insert': { value: found.eight.ratio, unit: 'times' },
    'batches: event store, 1 stream, to bare insert with the same indexes': {
      value: found.one.ratio / found.indexed.ratio,
      unit: 'times',
    },
  };
}

/** Batches to as many streams at the same time, each at the revision that it knows, as rooms append them. */
async function batchesOfStore(store, streams, always) {
  const names = Array.from({ length: streams }, newStream);
  return batches(names, async (stream, events, before) => {
    const expected = always ?? before?.revision ?? 'noStream';
    return store.append(stream, events, { expected });
  });
}

/** What node-postgres alone does with rows of the same size in batches of the same size, a commit each. */
function batchesOfPostgres(client, statement, more) {
  return batches(['one at a time'], async (_name, events) => {
    const columns = ['id', 'type', 'data', 'metadata'].map((column) => events.map((one) => one[column]));
    await client.query(statement, [...columns, ...more()]);
  });
}

/** Parameters of INSERT_INDEXED: all turns go on in one stream. */
function streamAndRevision() {
  let revision = -BATCH;
  return () => [1, (revision += BATCH)];
}

/** One batch after the other to each of the streams. `write` gets what it returned for the batch before. Events a second. */
async function batches(streams, write) {
  const begun = performance.now();
  let count = 0;
  await Promise.all(
    streams.map(async (stream) => {
      let before;
      for (; performance.now() < begun + TURN_MS; count += BATCH) before = await write(stream, batch(), before);
    }),
  );
  return count / ((performance.now() - begun) / 1000);
}
