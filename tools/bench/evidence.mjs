/**
 * The Merkle tree over the log, on the embedded Postgres: how fast the follower makes leaves of a log, how long a proof takes on
 * a tree of a million leaves, how fast the audit reads everything again, and what a leaf takes on the disk.
 */
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

/** In the log that is followed and audited. */
const EVENTS = 100_000;
/** In the tree that is asked for proofs. */
const LEAVES = 1_000_000;
const PROOFS = 1_600;
/** Leaves of one checkpoint of that tree. */
const EVERY = 10_000;
const PROOF_MS = 20;

/** Rows as the adapter writes them: edits of a few letters, incompressible, with their metadata. */
async function fillLog(client) {
  await client.query(`insert into es.stream (name) select 'file-' || n from generate_series(1, 200) n`);
  await client.query(`
    insert into es.event (position, stream_no, revision, event_id, type, is_json, data, metadata)
    select n, 1 + (n - 1) % 200, (n - 1) / 200, gen_random_uuid(), 'FileEdited', false,
      decode(md5(n::text) || md5((n * 7)::text), 'hex'),
      convert_to('{"v":1,"actor":{"id":"' || gen_random_uuid() || '","role":"student","via":"websocket"}}', 'UTF8')
    from generate_series(1, ${EVENTS}) n order by n`);
}

/** Follows the log as the api does. Resolves with the seconds that it took. */
async function follow(url, pool, { store, appendLeaves, projections }) {
  const log = await store.identity();
  const append = (events, transaction) => appendLeaves(events, log, transaction);
  const projector = {
    ...{ ...projections.EVIDENCE_REACTOR, tables: [], ddl: '' },
    ...{ apply: (event, transaction) => append([event], transaction), applyAll: append },
  };
  const runner = new projections.ProjectionRunner({ store, pool, connectionString: url, projector });
  const began = performance.now();
  runner.start();
  try {
    for (;;) {
      const { rows } = await pool.query('select size from evidence.tree');
      if (Number(rows[0]?.size ?? 0) === EVENTS) return (performance.now() - began) / 1000;
      await new Promise((done) => setTimeout(done, 20));
    }
  } finally {
    await runner.stop();
  }
}

/** Leaves without a log behind them: a proof asks the tree alone. Every so many a checkpoint is signed. */
async function fillTree(client, { appendLeaves, Evidence, signCheckpoint, newNoteSigner }, encodeEvent) {
  const rules = { origin: 'bench', signers: [newNoteSigner('bench')] };
  const context = { actor: { id: 'system', role: 'system', via: 'system' } };
  const event = (number, more) => ({
    ...{ stream: `file-${number % 2000}`, revision: BigInt(Math.floor(number / 2000)), position: String(number) },
    ...{ id: randomUUID(), type: 'FileEdited', contentType: 'json', recordedAt: new Date(), data: Buffer.from('{}') },
    ...more,
  });
  const evidence = new Evidence(client);
  for (let from = 0; from < LEAVES; from += EVERY) {
    const batch = Array.from({ length: EVERY }, (_, n) => event(from + n));
    if (from > 0) batch[0] = event(from, encodeEvent(await signCheckpoint(evidence, from, rules), context));
    await client.query('begin');
    await appendLeaves(batch, 'bench', client);
    await client.query('commit');
  }
}

async function timed(count, work) {
  const times = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return (share) => times[Math.min(count - 1, Math.floor(count * share))];
}

async function measureProofs(pool, { Evidence, EventProofs }) {
  const proofs = new EventProofs(new Evidence(pool));
  const last = LEAVES - EVERY;
  const some = () => Math.floor(Math.random() * last);
  const ask = async () => {
    if (!(await proofs.of(String(some())))) throw new Error('an event is not proved');
  };
  await timed(50, ask); // connections, caches
  const one = await timed(PROOFS, ask);
  const together = await timed(PROOFS / 16, () => Promise.all(Array.from({ length: 16 }, ask)));
  const consistency = await timed(PROOFS, () => proofs.consistency(1 + Math.floor(Math.random() * last), last));
  return {
    'proof of a row among 1 M, median': { value: one(0.5), unit: 'ms' },
    'proof of a row among 1 M, p95': { value: one(0.95), unit: 'ms', atMost: PROOF_MS },
    'proof of a row among 1 M, 16 at a time, p95 of all': { value: together(0.95), unit: 'ms' },
    'consistency proof among 1 M, p95': { value: consistency(0.95), unit: 'ms', atMost: PROOF_MS },
  };
}

async function bytesPerLeaf(client) {
  const { rows } = await client.query(
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
     where relnamespace = 'evidence'::regnamespace and relname in ('tile', 'leaf')`,
  );
  return Number(rows[0].bytes) / LEAVES;
}

async function opened(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const evidence = await import('../../libs/evidence/dist/index.js');
  const projections = await import('../../projections/dist/index.js');
  const { encodeEvent } = await import('../../libs/domain/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const url = (database) => server.url(server.superuser, 'bench', database);
  const ends = [];
  try {
    const log = await opened(url('postgres'));
    ends.push(() => log.end());
    await log.query('create database tree');
    await migratePostgresEventStore(url('postgres'));
    await projections.migrateReadModels(log);
    await evidence.migrateEvidenceSchema(log);
    say(`filling a log with ${EVENTS} events`);
    await fillLog(log);
    const store = createPostgresEventStore({ connectionString: url('postgres') });
    const pool = new pg.Pool({ connectionString: url('postgres'), max: 8 });
    ends.push(
      () => store.close(),
      () => pool.end(),
    );
    say('following it');
    const seconds = await follow(url('postgres'), pool, { store, appendLeaves: evidence.appendLeaves, projections });
    say('auditing it');
    const began = performance.now();
    const audit = await evidence.auditLog({ store, database: pool });
    const auditSeconds = (performance.now() - began) / 1000;
    const tree = await opened(url('tree'));
    ends.push(() => tree.end());
    await evidence.migrateEvidenceSchema(tree);
    say(`a tree of ${LEAVES} leaves`);
    await fillTree(tree, evidence, encodeEvent);
    await tree.query('analyze');
    const treePool = new pg.Pool({ connectionString: url('tree'), max: 16 });
    ends.push(() => treePool.end());
    say('proofs');
    return {
      ...(await measureProofs(treePool, evidence)),
      'follower, catching up': { value: EVENTS / seconds, unit: 'events/s' },
      'audit of log and tree': { value: EVENTS / auditSeconds, unit: 'events/s' },
      'audit, findings in an untouched log': { value: audit.findings.length, unit: 'findings', atMost: 0 },
      'size of the tree': { value: await bytesPerLeaf(tree), unit: 'bytes/event' },
    };
  } finally {
    for (const end of ends.reverse()) await end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
