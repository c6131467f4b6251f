/** A course of sixty as ProgSnap2 and as events, and one long history as Git; each in a process of its own for its memory. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/exports/package.json', import.meta.url));
const Y = require('yjs');

const STUDENTS = 60;
const EDITS = 1_000;
const LONG_EDITS = 20_000;
const COURSE = randomUUID();
const MAX_MB = 400;
const BATCH = 500;

const STEP = new URL('./steps/exports-step.mjs', import.meta.url).pathname;

/** Edits as somebody types: mostly on where the last one was, sometimes elsewhere, sometimes deleting. */
function* typing(edits, client) {
  const doc = new Y.Doc();
  doc.clientID = client;
  const text = doc.getText('text');
  let update;
  doc.on('update', (bytes) => (update = bytes));
  let at = 0;
  let state = client;
  const next = (below) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
  for (let n = 0; n < edits; n++) {
    if (next(40) === 0) at = next(text.length + 1);
    if (at > 0 && next(8) === 0) text.delete((at -= 1), 1);
    else text.insert(at++, next(30) === 0 ? '\n' : 'x');
    yield update;
  }
  doc.destroy();
}

/** A workspace with one file and somebody who types a letter every quarter of a second. */
function* workspaceEvents({ workspace, file, person, edits, client, begin }, domain) {
  const actor = { id: person, role: 'student', via: 'websocket' };
  const metadata = domain.toJsonBytes({ v: 1, actor });
  const json = (type, data) => ({ type, contentType: 'json', data: domain.toJsonBytes(data), metadata });
  const at = (ms) => ({ id: randomUUID(), recordedAt: new Date(begin + ms) });
  const stream = `workspace-${workspace}`;
  const opened = { id: workspace, kind: 'personal', course: COURSE, owner: person, name: 'w' };
  yield { stream, revision: 0n, ...at(0), ...json('WorkspaceOpened', opened) };
  yield { stream, revision: 1n, ...at(1), ...json('FileCreated', { file, path: 'main.py' }) };
  let revision = 0n;
  for (const update of typing(edits, client)) {
    const ms = 1_000 + Number(revision) * 250;
    const data = domain.encodeFileEdited({ startedAt: begin + ms, edits: [{ ms: 0, origin: 'live', update }] });
    const event = { type: 'FileEdited', contentType: 'binary', data, metadata };
    yield { stream: `file-${file}`, revision: revision++, ...at(ms), ...event };
  }
}

/** In the order in which a class would have written them: everybody at the same time. */
async function fill(store, works, domain) {
  let running = works.map((work) => workspaceEvents(work, domain));
  const pending = [];
  while (running.length > 0) {
    running = running.filter((source) => {
      const { done, value } = source.next();
      if (!done) pending.push(value);
      return !done;
    });
    if (pending.length >= BATCH || running.length === 0) await store.importEvents(pending.splice(0));
  }
}

function step(name, url, scope, folder) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [STEP, name, url, scope, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.once('close', (code) => (code === 0 ? done(JSON.parse(out)) : fail(new Error(`${name} ended with ${code}`))));
  });
}

function scopeOf(works) {
  const openedAt = new Date(works[0].begin);
  const workspaces = works.map(({ workspace: id, person: owner }) => ({
    ...{ id, kind: 'personal', owner, name: 'w', item: null, group: null, openedAt },
  }));
  const files = works.map(({ file: id, workspace }) => ({ id, workspace, kind: 'text', createdAt: openedAt }));
  const people = works.map(({ person: id }) => ({ id, role: 'student', username: id, displayName: id }));
  return {
    course: COURSE,
    createdAt: openedAt,
    workspaces,
    files,
    people,
    runs: [],
    items: [],
    groups: [],
    sessions: [],
  };
}

export async function run(say) {
  const eventStore = await import('../../libs/event-store/dist/index.js');
  const domain = await import('../../libs/domain/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  try {
    const url = server.url(server.superuser, 'bench', 'postgres');
    await eventStore.migratePostgresEventStore(url);
    const begin = Date.UTC(2026, 8, 1);
    const work = (client, edits) => ({
      ...{ workspace: randomUUID(), file: randomUUID(), person: randomUUID(), begin, client, edits },
    });
    const works = Array.from({ length: STUDENTS }, (_, n) => work(n + 1, EDITS));
    const long = work(1_000, LONG_EDITS);
    const store = eventStore.createPostgresEventStore({ connectionString: url });
    say(`filling a log with ${STUDENTS} times ${EDITS} edits, and one history of ${LONG_EDITS}`);
    await fill(store, works, domain);
    await fill(store, [long], domain);
    await store.close();
    const metrics = {};
    for (const [name, scope, edits] of [
      ['progsnap2', scopeOf(works), STUDENTS * EDITS],
      ['events', scopeOf(works), STUDENTS * EDITS],
      ['git', scopeOf([long]), LONG_EDITS],
    ]) {
      say(name);
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(scope));
      const { seconds, firstSeconds, megabytes, bytes } = await step(name, url, file, join(folder, name));
      metrics[`${name}, rate`] = { value: edits / seconds, unit: 'edits/s' };
      metrics[`${name}, first bytes after`] = { value: firstSeconds * 1000, unit: 'ms' };
      metrics[`${name}, size`] = { value: bytes / edits, unit: 'bytes/edit' };
      metrics[`${name}, largest resident set`] = { value: megabytes, unit: 'MB', atMost: MAX_MB };
    }
    return metrics;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
