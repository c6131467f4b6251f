/**
 * Read models: how far behind they are while a class makes a thousand events a second, how fast each is built anew from
 * 200,000 events and more, beside a bare insert of the rows that come of it, and how long the dashboard of a semester takes.
 * Some two minutes; PALIMPSEST_BENCH_SECONDS shortens the first part, PALIMPSEST_BENCH_EVENTS the second.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';
import { ClassLog } from './projections/class-log.mjs';
import { measureLag } from './projections/lag.mjs';
import { fill, rebuild } from './projections/rebuilds.mjs';
import { dashboard } from './projections/semester.mjs';

const require = createRequire(new URL('../../projections/package.json', import.meta.url));
const pg = require('pg');

const PER_SECOND = 1_000;
const SECONDS = Number(process.env.PALIMPSEST_BENCH_SECONDS ?? 30);
const EVENTS = Number(process.env.PALIMPSEST_BENCH_EVENTS ?? 200_000);
/** Typists of a thousand events a second: each makes four. */
const PEOPLE = 250;
/** Milliseconds. */
const MOST_LAG = 250;
const MOST_QUERY = 100;
/** Events a second; where a bare insert is slower than twice that, half of it. */
const LEAST_REBUILD = 20_000;

const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;

/** Something of everything, and enough for each read model. */
function* events(log) {
  yield* log.beginnings();
  for (let n = 0; n < EVENTS / 4;) {
    const together = log.next();
    n += together.length;
    yield* together;
  }
  yield* log.runs(Math.ceil(EVENTS / 4));
  yield* log.files(EVENTS);
}

export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const domain = await import('../../libs/domain/dist/index.js');
  const projections = await import('../../projections/dist/index.js');
  const { MetricsQueries, migrateReadModels, PROJECTORS, rebuildReadModel } = projections;
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    ...{ folder: join(folder, 'postgres'), socketFolder: join(folder, 's'), password: 'bench' },
  });
  const ownerUrl = server.url(server.superuser, 'bench', 'postgres');
  await migratePostgresEventStore(ownerUrl);
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 8 });
  const client = await pool.connect();
  await migrateReadModels(client);
  client.release();
  const store = createPostgresEventStore({ connectionString: ownerUrl });
  const metrics = {};
  try {
    const log = new ClassLog(domain, PEOPLE);
    await fill(store, log.beginnings());
    for (const projector of PROJECTORS) await rebuildReadModel({ store, ownerUrl, projector });
    say(`${PER_SECOND} events a second for ${SECONDS} s`);
    const options = {
      url: ownerUrl,
      pool,
      store,
      log,
      projectors: PROJECTORS,
      perSecond: PER_SECOND,
      seconds: SECONDS,
    };
    const { lags, rate } = await measureLag(options);
    for (const [name, found] of lags) say(`${name}: ${Math.round(percentile(found, 0.95))} ms behind, p95`);
    metrics['events appended'] = { value: rate, unit: 'events/s' };
    for (const [name, found] of lags) {
      metrics[`lag of ${name}, p50`] = { value: percentile(found, 0.5), unit: 'ms' };
      metrics[`lag of ${name}, p95`] = { value: percentile(found, 0.95), unit: 'ms', atMost: MOST_LAG };
    }
    say(`a log with ${EVENTS.toLocaleString('en')} events for each read model`);
    const other = new ClassLog(domain, PEOPLE, 2);
    await fill(store, events(other));
    for (const projector of PROJECTORS) {
      const found = await rebuild({ rebuildReadModel, store, ownerUrl, pool, projector });
      say(`rebuild of ${projector.name}: ${found.events} events, ${Math.round(found.perSecond)} a second`);
      const least = Math.min(LEAST_REBUILD, found.barePerSecond / 2);
      const name = `rebuild of ${projector.name}`;
      metrics[name] = { value: found.perSecond, unit: 'events/s', atLeast: Math.round(least) };
      metrics[`${name}: events`] = { value: found.events, unit: 'events', atLeast: EVENTS };
      metrics[`${name}: rows`] = { value: found.rows, unit: 'rows' };
      metrics[`${name}: bare insert of them`] = { value: found.barePerSecond, unit: 'events/s' };
    }
    say('the dashboard of a semester: 60 students, 16 weeks, beside 20 other courses');
    for (const [name, ms] of Object.entries(await dashboard(pool, MetricsQueries)))
      metrics[`dashboard: ${name}, p95`] = { value: ms, unit: 'ms', atMost: MOST_QUERY };
    return metrics;
  } finally {
    await store.close();
    await pool.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
