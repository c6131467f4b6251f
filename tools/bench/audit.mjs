/**
 * Queries of the audit log at 1,000,000 and at 10,000,000 rows of a generated log: each key of the query language, what is
 * frequent, rare, and not there at all, several together, and pages far back. Then what the indexes cost a row that is
 * written. About eight minutes, of which most go into generating; that stops after MOST_MS, and the figures say at how many rows.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';
import { askings } from './audit/askings.mjs';

const require = createRequire(new URL('../../projections/package.json', import.meta.url));
const pg = require('pg');

const SIZES = [1_000_000, 10_000_000];
/** Milliseconds for the rows of one size. */
const MOST_MS = 240_000;
/** Milliseconds. */
const MOST_P95 = 100;
/** Each kind of query is asked for so many different values. */
const VALUES = 12;
const PAGE = 100;
/** Rows that are written by batches of the projector. */
const [WRITTEN, BATCH] = [20_000, 500];

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Milliseconds of each asking, by kind. */
async function ask(queries, parse, rows, say) {
  const times = new Map();
  for (const [kind, make] of askings(rows)) {
    const found = [];
    for (let n = 0; n < VALUES; n++) {
      const { text, before } = make(n);
      const { query } = parse(text);
      const started = performance.now();
      const page = await queries.page({ query, now: Date.now(), limit: PAGE, ...(before && { before }) });
      found.push(performance.now() - started);
      if (page.searchedUntil) say(`${text} was not done in its time`);
    }
    times.set(
      kind,
      found.sort((a, b) => a - b),
    );
  }
  return times;
}

function entries(count) {
  const student = randomUUID();
  return Array.from({ length: count }, (_, n) => ({
    ...{ eventId: randomUUID(), at: new Date(), type: n % 3 ? 'OutputEmitted' : 'RunRequested', outcome: 'ok' },
    ...{ actorId: n % 40 ? randomUUID() : student, actorRole: 'student', via: 'web', subject: null },
    ...{ session: randomUUID(), course: student, workspace: student, file: student },
    ...{
      stream: `run-${randomUUID()}`,
      revision: BigInt(n),
      position: String(n),
      objectKind: 'run',
      objectId: student,
    },
    ...{ object: 'main.py', summary: `run requested, ${n % 7} files`, address: `10.0.0.${n % 250}` },
    words: `main:1A py:1A run:2 requested:2 ${n % 7}:2 files:2`,
    ...{ fold: null, edits: null, lastRevision: null },
  }));
}

/** Rows a second by the projector's own statement. */
async function writing(client, insertEntries) {
  await client.query('set search_path = read');
  const all = entries(WRITTEN);
  const started = performance.now();
  for (let at = 0; at < WRITTEN; at += BATCH) {
    await client.query('begin');
    await insertEntries(all.slice(at, at + BATCH), client);
    await client.query('commit');
  }
  return (WRITTEN * 1_000) / (performance.now() - started);
}

async function withoutIndexes(client) {
  const { rows } = await client.query(
    `select indexrelid::regclass::text as index from pg_index where indrelid = 'read.audit_entry'::regclass and not indisprimary`,
  );
  for (const { index } of rows) await client.query(`drop index read.${index.replace(/^read\./, '')}`);
}

async function bytesOf(client) {
  const { rows } = await client.query(
    `select pg_table_size('read.audit_entry') as rows, pg_indexes_size('read.audit_entry') as indexes`,
  );
  return { rows: Number(rows[0].rows), indexes: Number(rows[0].indexes) };
}

/** Runs it on a Postgres of its own. */
export async function run(say) {
  const { AuditQueries, migrateReadModels } = await import('../../projections/dist/index.js');
  const { generateAudit, generateAuditDirectory } = await import('../../projections/dist/testing/generated-audit.js');
  const { insertEntries } = await import('../../projections/dist/audit-tables.js');
  const { parseAuditQuery } = await import('../../libs/domain/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const url = server.url(server.superuser, 'bench', 'postgres');
  const client = new pg.Client({ connectionString: url });
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined); // the server's stop may be faster than the goodbye of an idle connection
  const found = {};
  try {
    await client.connect();
    await migrateReadModels(client);
    await generateAuditDirectory(client);
    const queries = new AuditQueries(pool);
    const sizes = process.env.AUDIT_ROWS ? [Number(process.env.AUDIT_ROWS)] : SIZES;
    for (const size of sizes) {
      say(`generating ${size.toLocaleString('en')} rows`);
      const { rows, insertMs, indexMs } = await generateAudit(client, size, { mostMs: MOST_MS, say });
      say(`rows ${Math.round(insertMs / 1_000)} s, indexes ${Math.round(indexMs / 1_000)} s; asking`);
      const times = await ask(queries, parseAuditQuery, rows, say);
      const all = [...times.values()].flat().sort((a, b) => a - b);
      const what = `${rows.toLocaleString('en')} rows`;
      const ms = (value, atMost) => ({ value, unit: 'ms', ...(atMost && { atMost }) });
      found[`${what}: p50 of ${all.length} queries of ${times.size} kinds`] = ms(percentile(all, 0.5));
      found[`${what}: p95`] = ms(percentile(all, 0.95), MOST_P95);
      found[`${what}: slowest`] = ms(all.at(-1));
      for (const [kind, list] of times) found[`${what}, ${kind}: p95`] = ms(percentile(list, 0.95));
      const bytes = await bytesOf(client);
      found[`${what}: a row`] = { value: bytes.rows / rows, unit: 'bytes' };
      found[`${what}: its place in the indexes`] = { value: bytes.indexes / rows, unit: 'bytes' };
      say('writing');
      found[`${what}: rows written by the projector's statement`] = {
        value: await writing(client, insertEntries),
        unit: 'rows/s',
      };
    }
    await withoutIndexes(client);
    found['the same without indexes but the primary key'] = {
      value: await writing(client, insertEntries),
      unit: 'rows/s',
    };
    return found;
  } finally {
    await client.end();
    await pool.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
