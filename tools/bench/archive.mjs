/** Archives of a million events on the embedded Postgres: export, verify and import, each in a process of its own for its memory. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

const EVENTS = 1_000_000;
const STREAMS = 2_000;
const MAX_MB = 300;

const STEP = new URL('./steps/archive-step.mjs', import.meta.url).pathname;

/** Rows as the adapter writes them: edits of a few letters, incompressible, with their metadata. */
async function fill(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`insert into es.stream (name) select 'file-' || n from generate_series(1, ${STREAMS}) n`);
  await client.query(`
    insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata)
    select n, 1 + (n - 1) % ${STREAMS}, (n - 1) / ${STREAMS}, gen_random_uuid(), 'FileEdited', false,
      decode(md5(n::text) || md5((n * 7)::text), 'hex'),
      convert_to('{"v":1,"actor":{"id":"' || gen_random_uuid() || '","role":"student","via":"websocket"}}', 'UTF8')
    from generate_series(1, ${EVENTS}) n order by n`);
  await client.end();
}

/** Runs one step in a process of its own. Resolves with {seconds, megabytes: its largest resident set, result}. */
function step(name, url, folder) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [STEP, name, url, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.once('close', (code) => (code === 0 ? done(JSON.parse(out)) : fail(new Error(`${name} ended with ${code}`))));
  });
}

export async function run(say) {
  const { migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const { migratePostgresBlobs } = await import('../../libs/blobs/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const archive = join(folder, 'archive');
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  try {
    const url = (database) => server.url(server.superuser, 'bench', database);
    const admin = new pg.Client({ connectionString: url('postgres') });
    await admin.connect();
    await admin.query('create database copy');
    for (const database of ['postgres', 'copy']) {
      await migratePostgresEventStore(url(database));
      const client = new pg.Client({ connectionString: url(database) });
      await client.connect();
      await migratePostgresBlobs(client);
      await client.end();
    }
    await admin.end();
    say(`filling a log with ${EVENTS} events`);
    await fill(url('postgres'));
    const metrics = {};
    for (const [name, database] of [
      ['export', 'postgres'],
      ['verify', 'postgres'],
      ['import', 'copy'],
      ['import again (compare only)', 'copy'],
    ]) {
      say(name);
      const { seconds, megabytes, events } = await step(name.split(' ')[0], url(database), archive);
      metrics[`${name}, rate`] = { value: EVENTS / seconds, unit: 'events/s' };
      metrics[`${name}, largest resident set`] = { value: megabytes, unit: 'MB', atMost: MAX_MB };
      metrics[`${name}, events missing`] = { value: EVENTS - events, unit: 'events', atMost: 0 };
    }
    const bytes = readdirSync(archive).reduce((sum, file) => sum + statSync(join(archive, file)).size, 0);
    metrics['size of the archive'] = { value: bytes / EVENTS, unit: 'bytes/event' };
    return metrics;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
