/**
 * The history of a file with 100,000 edits and of one with 260,000, typed by two people in turn, each edit an event of its own:
 * opening it for the first time ever, when nothing of it was built; opening it in a process that has just started; seeking to
 * 200 random moments; the bytes that are sent; and the way it was before, a fold of everything sent as JSON. Two minutes or so.
 * PALIMPSEST_BENCH_TRACE names a trace to be measured as well (editing-traces' JSON, gzip or not): txns of patches [at, remove, insert].
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

const LENGTHS = [100_000, 260_000];
const SEEKS = 200;
/** Milliseconds. */
const MOST_OPEN = 500;
const MOST_SEEK = 50;
/** Events in one append. */
const BATCH = 500;
const OPENINGS = 5;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const p95 = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)];

async function timed(work) {
  const began = performance.now();
  const value = await work();
  return { value, ms: performance.now() - began };
}

async function record(store, domain, file, edits) {
  const stream = domain.streamOf.file(file);
  const metadata = (person) =>
    domain.toJsonBytes({ v: 1, actor: { id: person, role: 'student', via: 'websocket' }, file });
  for (let at = 0; at < edits.length; at += BATCH) {
    const events = edits.slice(at, at + BATCH).map(({ update, person, ms }) => ({
      id: randomUUID(),
      type: domain.FILE_EDITED,
      contentType: 'binary',
      data: domain.encodeFileEdited({ startedAt: ms, edits: [{ ms: 0, origin: 'live', update }] }),
      metadata: metadata(person),
    }));
    await store.append(stream, events, { expected: at === 0 ? 'noStream' : BigInt(at - 1) });
  }
}

/** What the page asks for first: the overview as JSON, and the last page with the text before it. */
async function openAsThePage(files, overviewOf, file) {
  const open = await files.open(file);
  const overview = Buffer.from(JSON.stringify({ ...overviewOf(open), authors: open.authors }));
  const last = open.pages.length - 1;
  const [page, keyframe] = await Promise.all([files.pageBytes(open, last), files.keyframeBytes(open, last)]);
  return {
    open,
    bytes: gzipSync(overview).length + page.length + keyframe.length,
    overview: gzipSync(overview).length,
  };
}

async function seek(files, writtenSpans, open, edit) {
  const { text, last, sources } = await files.at(open, edit);
  const answer = { edit, ms: last?.ms, text: text.toString(), spans: writtenSpans(text.edits(), sources) };
  return { bytes: Buffer.from(JSON.stringify(answer)), text: answer.text };
}

/** As it was before there were pages: Yjs tells what each edit did, and everything is sent. */
async function foldAll(store, domain, file, Y, most) {
  const doc = new Y.Doc();
  const edits = [];
  let delta = [];
  doc.getText(domain.TEXT_ROOT).observe((event) => (delta = event.delta));
  for await (const { data, revision } of store.readStream(domain.streamOf.file(file))) {
    const { startedAt, edits: updates } = domain.decodeFileEdited(data);
    for (const { ms, update } of updates) {
      Y.applyUpdate(doc, update);
      edits.push([startedAt + ms, 0, Number(revision), delta]);
    }
    if (edits.length >= most) break;
  }
  doc.destroy();
  return JSON.stringify(edits);
}

async function measure(what, { say, store, makeFiles, parts, domain, Y, edits }) {
  const file = randomUUID();
  say(`${what}: ${edits.length.toLocaleString('en')} edits are recorded`);
  await record(store, domain, file, edits);
  edits.length = 0; // A server does not have them; kept, they are gone through at each collection of the heap while seeks are timed.
  say('opening and seeking');
  const { overviewOf, writtenSpans } = parts;
  const first = await timed(() => openAsThePage(makeFiles(), overviewOf, file));
  const opened = [];
  for (let n = 0; n < OPENINGS; n++) opened.push(await timed(() => openAsThePage(makeFiles(), overviewOf, file)));
  const files = makeFiles();
  const { open } = opened[0].value;
  const random = parts.randomFrom(5);
  const seeks = [];
  let processor = 0;
  let sent = 0;
  for (let n = 0; n < SEEKS; n++) {
    const before = process.cpuUsage();
    const { ms, value } = await timed(() => seek(files, writtenSpans, open, random(open.edits + 1)));
    const { user, system } = process.cpuUsage(before);
    processor += (user + system) / 1_000;
    seeks.push(ms);
    sent += gzipSync(value.bytes, { level: 1 }).length;
  }
  let whole = opened[0].value.overview;
  for (let page = 0; page < open.pages.length; page++) whole += (await files.pageBytes(open, page)).length;
  // Half of the history goes through the text once more; the pages are those that the seeks have left in memory.
  const removals = await timed(async () =>
    files.removals(open, await files.at(open, Math.floor(open.edits / 2)), open.edits),
  );
  const { wrong } = await compareWithFold(files, open, { store, domain, file, Y });
  const kB = (bytes) => ({ value: bytes / 1000, unit: 'kB' });
  const ms = (value, atMost) => ({ value, unit: 'ms', ...(atMost && { atMost }) });
  return {
    [`${what}: first opening ever, nothing built`]: ms(first.ms),
    [`${what}: open, p50 of ${OPENINGS} fresh processes' caches`]: ms(median(opened.map((one) => one.ms)), MOST_OPEN),
    [`${what}: seek, p50`]: ms(median(seeks)),
    [`${what}: seek, p95`]: ms(p95(seeks), MOST_SEEK),
    [`${what}: seek, processor time, mean`]: ms(processor / SEEKS),
    [`${what}: who removed what since its middle`]: ms(removals.ms),
    [`${what}: sent to open`]: kB(opened[0].value.bytes),
    [`${what}: of that the overview`]: kB(opened[0].value.overview),
    [`${what}: sent for all pages`]: kB(whole),
    [`${what}: a state as JSON, compressed, mean`]: kB(sent / SEEKS),
    [`${what}: moments with another text than a fold`]: { value: wrong, unit: 'moments', atMost: 0 },
  };
}

/** The text at some moments, against a plain fold of the events in Yjs. */
async function compareWithFold(files, open, { store, domain, file, Y }) {
  const doc = new Y.Doc();
  const step = Math.max(1, Math.floor(open.edits / 20));
  let edit = 0;
  let wrong = 0;
  for await (const { data } of store.readStream(domain.streamOf.file(file)))
    for (const { update } of domain.decodeFileEdited(data).edits) {
      Y.applyUpdate(doc, update);
      edit += 1;
      if (edit % step !== 0) continue;
      const { text } = await files.at(open, edit);
      if (text.toString() !== doc.getText(domain.TEXT_ROOT).toString()) wrong += 1;
    }
  doc.destroy();
  return { wrong };
}

/** A recorded trace as the updates of one person, at the speed of a fast typist: most traces have no times. */
function tracedEdits(path, Y) {
  const bytes = readFileSync(path);
  const { txns } = JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
  const doc = new Y.Doc();
  const text = doc.getText('text');
  const edits = [];
  let ms = 1_700_000_000_000;
  doc.on('update', (update) => edits.push({ update, ms, person: 'ada' }));
  for (const { patches } of txns)
    for (const [at, remove, insert] of patches) {
      ms += 200;
      doc.transact(() => {
        if (remove > 0) text.delete(at, remove);
        if (insert !== '') text.insert(at, insert);
      });
    }
  return edits;
}

/** Edits that are measured in the old way, whose time grows with the square of their number: 100,000 take minutes. */
const OLD_EDITS = 20_000;

/** Runs it on a Postgres of its own. */
export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const domain = await import('../../libs/domain/dist/index.js');
  const { migrateSnapshotSchema } = await import('../../libs/documents/dist/snapshot-schema.js');
  await import('reflect-metadata');
  const { ReplayFiles } = await import('../../apps/api/dist/replay/replay-files.js');
  const { ReplayStore } = await import('../../apps/api/dist/replay/replay-store.js');
  const { overviewOf } = await import('../../apps/api/dist/replay/overview.js');
  const { writtenSpans } = await import('../../apps/api/dist/replay/written-spans.js');
  const { randomFrom, typedBySessions } = await import('./replay/sessions.mjs');
  const Y = await import('yjs');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const url = server.url(server.superuser, 'bench', 'postgres');
  await migratePostgresEventStore(url);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // An idle connection that the server closes at the end is no error.
  pool.on('error', () => undefined);
  const client = await pool.connect();
  await migrateSnapshotSchema(client);
  client.release();
  const store = createPostgresEventStore({ connectionString: url });
  const makeFiles = () => new ReplayFiles(store, new ReplayStore(pool));
  const parts = { overviewOf, writtenSpans, randomFrom };
  try {
    let found = {};
    const measured = (what, edits) => measure(what, { say, store, makeFiles, parts, domain, Y, edits });
    // Compiles what the first figure would otherwise pay for; a process that runs has long done so.
    await measured('warm-up', typedBySessions(3_000));
    for (const length of LENGTHS)
      found = { ...found, ...(await measured(length.toLocaleString('en'), typedBySessions(length))) };
    const trace = process.env.PALIMPSEST_BENCH_TRACE;
    if (trace) found = { ...found, ...(await measured('recorded trace', tracedEdits(trace, Y))) };
    say(`the way it was before, ${OLD_EDITS.toLocaleString('en')} edits`);
    const file = randomUUID();
    await record(store, domain, file, typedBySessions(OLD_EDITS));
    const old = await timed(() => foldAll(store, domain, file, Y, OLD_EDITS));
    const now = found[`${LENGTHS[0].toLocaleString('en')}: open, p50 of ${OPENINGS} fresh processes' caches`].value;
    return {
      ...found,
      [`before: fold ${OLD_EDITS.toLocaleString('en')} edits and write them as JSON`]: { value: old.ms, unit: 'ms' },
      'before: sent for these, compressed': { value: gzipSync(old.value, { level: 6 }).length / 1000, unit: 'kB' },
      'before ÷ opening five times as many now': { value: old.ms / now, unit: 'times' },
    };
  } finally {
    await store.close();
    await pool.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
