/**
 * Opening a file of 100,000 single-character edits, each an event of its own: from its events, from a snapshot and the
 * events after it, and as the next person in an open room; what an open room and a snapshot take. Two texts: typed in
 * runs as people do, and the worst, every edit at a random place. About a minute.
 */
import { randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../postgres.mjs';

const require = createRequire(new URL('../../libs/event-store/package.json', import.meta.url));
const pg = require('pg');

const EDITS = 100_000;
/** Milliseconds. */
const MOST_OPEN = 150;
/** Events in one append. */
const BATCH = 500;

async function record(store, domain, file, updates) {
  const stream = domain.streamOf.file(file);
  const metadata = (person) =>
    domain.toJsonBytes({ v: 1, actor: { id: person, role: 'student', via: 'websocket' }, file });
  const events = updates.map(({ person, update }, n) => ({
    id: randomUUID(),
    type: domain.FILE_EDITED,
    contentType: 'binary',
    data: domain.encodeFileEdited({
      startedAt: 1_700_000_000_000 + n * 150,
      edits: [{ ms: 0, origin: 'live', update }],
    }),
    metadata: metadata(person),
  }));
  for (let at = 0; at < events.length; at += BATCH)
    await store.append(stream, events.slice(at, at + BATCH), { expected: at === 0 ? 'noStream' : BigInt(at - 1) });
}

/** Opens the file several times in a process of its own. Resolves with its figures. */
async function openings(url, file, events) {
  const child = fork(join(import.meta.dirname, 'open-file', 'opener.mjs'), [url, file, String(events)], {
    execArgv: ['--expose-gc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the opener ended with ${code} before it had figures`);
  });
  ended.catch(() => undefined);
  const [figures] = await Promise.race([once(child, 'message'), ended]);
  return figures;
}

function metrics(what, figures) {
  const ms = (value, atMost) => ({ value, unit: 'ms', ...(atMost && { atMost }) });
  return {
    [`${what}: open from all events, p50`]: ms(figures.cold),
    [`${what}: open with a snapshot, nothing after it, p50`]: ms(figures.fresh, MOST_OPEN),
    [`${what}: open with a snapshot and ${figures.tail} edits after it, p50`]: ms(figures.withSnapshot, MOST_OPEN),
    [`${what}: the same, first file of a process`]: ms(figures.first),
    [`${what}: join an open room, p50`]: ms(figures.warm, MOST_OPEN),
    [`${what}: turn of the process that a snapshot takes, p50`]: ms(figures.encode),
    [`${what}: snapshot`]: { value: figures.snapshotBytes / 1000, unit: 'kB' },
    [`${what}: memory of an open room`]: { value: figures.roomBytes / 2 ** 20, unit: 'MiB' },
    [`${what}: memory of an open room as estimated`]: { value: figures.estimate / 2 ** 20, unit: 'MiB' },
    [`${what}: openings with another text than that of the events`]: {
      value: figures.wrong,
      unit: 'openings',
      atMost: 0,
    },
  };
}

/** Runs it on a Postgres of its own. */
export async function run(say) {
  const { createPostgresEventStore, migratePostgresEventStore } = await import('../../libs/event-store/dist/index.js');
  const domain = await import('../../libs/domain/dist/index.js');
  const { editsAtRandom, typedEdits } = await import('./open-file/edits.mjs');
  const { migrateSnapshotSchema } = await import('../../libs/documents/dist/snapshot-schema.js');
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-bench-'));
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: join(folder, 's'),
    password: 'bench',
  });
  const url = server.url(server.superuser, 'bench', 'postgres');
  await migratePostgresEventStore(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await migrateSnapshotSchema(client);
  await client.end();
  const store = createPostgresEventStore({ connectionString: url });
  try {
    let found = {};
    for (const [what, make] of [
      ['typed', typedEdits],
      ['at random places', editsAtRandom],
    ]) {
      say(`${EDITS.toLocaleString('en')} edits, ${what}`);
      const file = randomUUID();
      await record(store, domain, file, make(EDITS));
      say('opening');
      found = { ...found, ...metrics(what, await openings(url, file, EDITS)) };
    }
    return found;
  } finally {
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
