/** Opens one file again and again: `opener.mjs <url> <file> <events>`. Sends its figures to the parent. */
import { createRequire } from 'node:module';
import * as Y from 'yjs';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';
import { decodeFileEdited, readMetadata, streamOf, TEXT_ROOT } from '../../../libs/domain/dist/index.js';
import { Room } from '../../../apps/api/dist/collaboration/room.js';
import { encodeDocState } from '../../../libs/documents/dist/doc-snapshot.js';
import { DocSnapshots } from '../../../libs/documents/dist/doc-snapshots.js';
import { PostgresSnapshotStore } from '../../../libs/documents/dist/postgres-snapshot-store.js';
import { SNAPSHOT_EVERY } from '../../../apps/api/dist/collaboration/snapshots/room-snapshots.js';
import { warmUp } from '../../../libs/documents/dist/warm-up.js';

const require = createRequire(new URL('../../../apps/api/package.json', import.meta.url));
const pg = require('pg');

const [url, file, events] = process.argv.slice(2);
const TIMES = 15;
/** The worst: at a random moment half as many edits lie behind the last snapshot. */
const TAIL = SNAPSHOT_EVERY - 1;

const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const store = createPostgresEventStore({ connectionString: url });
const pool = new pg.Pool({ connectionString: url, max: 2 });
const snapshots = new DocSnapshots(store, new PostgresSnapshotStore(pool), fail);

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function open(withSnapshots) {
  const room = new Room(file, store, fail, withSnapshots ? snapshots : undefined);
  await room.ready;
  return room;
}

/** Until the person has the document: what a new client is sent is part of it. */
async function timed(withSnapshots) {
  const from = performance.now();
  const room = await open(withSnapshots);
  const sent = Y.encodeStateAsUpdate(room.doc);
  const ms = performance.now() - from;
  const text = room.doc.getText(TEXT_ROOT).toString();
  await room.close();
  return { ms, text, sent };
}

async function repeated(times, withSnapshots) {
  const found = [];
  for (let n = 0; n < times; n++) found.push(await timed(withSnapshots));
  return found;
}

/** A snapshot of the first events, as a room would have written it then. */
async function writeSnapshot(count) {
  const doc = new Y.Doc();
  const owners = new Map();
  let eventId;
  for await (const event of store.readStream(streamOf.file(file), { limit: count })) {
    for (const { update } of decodeFileEdited(event.data).edits) {
      for (const client of Y.parseUpdateMeta(update).to.keys())
        if (!owners.has(client)) owners.set(client, readMetadata(event).actor.id);
      Y.applyUpdate(doc, update);
    }
    eventId = event.id;
  }
  const state = { doc, owners, revision: BigInt(count) - 1n, eventId };
  if (!(await snapshots.save(streamOf.file(file), () => state))) fail('no snapshot');
  const encoding = [];
  for (let n = 0; n < 5; n++) {
    const from = performance.now();
    encodeDocState(state);
    encoding.push(performance.now() - from);
  }
  return median(encoding);
}

/** Bytes that are really held: what finalizers free takes a turn more. */
async function held() {
  for (let n = 0; n < 3; n++) {
    globalThis.gc();
    await new Promise((done) => setTimeout(done, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function memory() {
  const before = await held();
  const rooms = [];
  for (let n = 0; n < 5; n++) rooms.push(await open(true));
  const bytes = ((await held()) - before) / rooms.length;
  const estimate = rooms[0].size;
  for (const room of rooms) await room.close();
  return { roomBytes: bytes, estimate };
}

async function warm() {
  const room = await open(true);
  const times = [];
  for (let n = 0; n < TIMES; n++) {
    const from = performance.now();
    Y.encodeStateAsUpdate(room.doc);
    times.push(performance.now() - from);
  }
  await room.close();
  return median(times);
}

async function main() {
  warmUp(); // as the api does when it starts
  await writeSnapshot(Number(events) - TAIL);
  const first = await timed(true);
  const withSnapshot = await repeated(TIMES, true);
  const cold = await repeated(3, false);
  const truth = cold[0].text;
  const encode = await writeSnapshot(Number(events));
  const fresh = await repeated(TIMES, true);
  const all = [first, ...withSnapshot, ...fresh, ...cold];
  const { rows } = await pool.query(
    'select octet_length(bytes) as bytes from snapshot.content where stream = $1 order by revision desc limit 1',
    [streamOf.file(file)],
  );
  const figures = {
    tail: TAIL,
    first: first.ms,
    withSnapshot: median(withSnapshot.map(({ ms }) => ms)),
    fresh: median(fresh.map(({ ms }) => ms)),
    cold: median(cold.map(({ ms }) => ms)),
    warm: await warm(),
    encode,
    snapshotBytes: rows[0].bytes,
    ...(await memory()),
    wrong: all.filter(({ text }) => text !== truth).length,
  };
  await store.close();
  await pool.end();
  process.send(figures, () => process.disconnect());
}

await main().catch(fail);
