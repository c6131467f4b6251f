import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DocSnapshots, PostgresSnapshotStore, migrateSnapshotSchema, type SnapshotStore } from '@palimpsest/documents';
import {
  asId,
  decodeFileEdited,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type NewEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import * as Y from 'yjs';
import { Editor, gated } from '../../testing/editor.js';
import { manyClients } from '../../testing/many-clients.js';
import { Room } from '../room.js';
import { MAX_CLIENTS_OF_PERSON } from '../update-inspection.js';
import { SNAPSHOT_EVERY } from './room-snapshots.js';

/** Whole numbers below the argument, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface TracedUpdate {
  readonly person: string;
  readonly update: Uint8Array;
}

/** Three people who type and delete at random places, sometimes behind each other's back, sometimes on a new page load. */
function randomTrace(seed: number, length: number): TracedUpdate[] {
  const next = randomFrom(seed);
  const people = ['ada', 'ben', 'chloe'].map((person) => ({ person, doc: new Y.Doc() }));
  const trace: TracedUpdate[] = [];
  for (const { person, doc } of people)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'peer') trace.push({ person, update });
    });
  const meet = (doc: Y.Doc) => {
    for (const other of people) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(doc)), 'peer');
  };
  while (trace.length < length) {
    const { doc } = people[next(people.length)]!;
    const text = doc.getText(TEXT_ROOT);
    if (next(3) === 0) meet(doc);
    if (next(20) === 0) doc.clientID = 1 + next(2 ** 31);
    if (text.length > 3 && next(3) === 0) text.delete(next(text.length - 2), 1 + next(2));
    else text.insert(next(text.length + 1), 'abcdefghij'.slice(next(9)));
  }
  for (const { doc } of people) doc.destroy();
  return trace;
}

function eventOf({ person, update }: TracedUpdate): NewEvent {
  return {
    id: randomUUID(),
    type: FILE_EDITED,
    contentType: 'binary',
    data: encodeFileEdited({ startedAt: 1, edits: [{ ms: 0, origin: 'live', update }] }),
    metadata: toJsonBytes({ v: 1, actor: { id: person, role: 'student', via: 'websocket' } }),
  };
}

describe('snapshots of documents', () => {
  let database: TestDatabase;
  let store: EventStore;
  let pool: pg.Pool;
  let snapshots: DocSnapshots;
  const reported: string[] = [];
  const rooms: Room[] = [];
  const editors: Editor[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    await migrateSnapshotSchema(owner);
    await owner.end();
    store = createPostgresEventStore({ connectionString: database.url });
    pool = new pg.Pool({ connectionString: database.url, max: 3 });
    snapshots = snapshotsIn(new PostgresSnapshotStore(pool));
  });
  afterEach(async () => {
    for (const room of rooms.splice(0)) await room.close();
    for (const editor of editors.splice(0)) editor.doc.destroy();
    reported.length = 0;
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  const newFile = () => asId<FileId>(randomUUID());
  const snapshotsIn = (where: SnapshotStore, events = store) =>
    new DocSnapshots(events, where, (sentence) => reported.push(sentence));
  const textOf = (room: Room) => room.doc.getText(TEXT_ROOT).toString();

  async function open(file: FileId, using?: DocSnapshots, events = store): Promise<Room> {
    const room = new Room(file, events, (error) => console.error(error), { snapshots: using });
    rooms.push(room);
    await room.ready;
    return room;
  }

  function enter(room: Room, id: string): Editor {
    const editor = new Editor(room, id);
    editors.push(editor);
    return editor;
  }

  async function record(file: FileId, trace: readonly TracedUpdate[]): Promise<void> {
    for (let at = 0; at < trace.length; at += 500)
      await store.append(streamOf.file(file), trace.slice(at, at + 500).map(eventOf), { expected: 'any' });
  }

  /** A file that somebody typed, with a snapshot at its end, then a few letters more. */
  async function fileWithSnapshot(): Promise<{ file: FileId; ada: Editor; text: string }> {
    const file = newFile();
    const room = await open(file, snapshots);
    const ada = enter(room, 'ada');
    for (let n = 0; n < 250; n++) ada.text.insert(n, String.fromCharCode(97 + (n % 26)));
    await room.flush();
    await room.saveSnapshot();
    expect(await revisions(file)).toEqual([room.revision]);
    ada.text.insert(0, 'more ');
    await room.flush();
    return { file, ada, text: textOf(room) };
  }

  async function editsIn(file: FileId): Promise<number> {
    let edits = 0;
    for await (const { data } of store.readStream(streamOf.file(file))) edits += decodeFileEdited(data).edits.length;
    return edits;
  }

  async function revisions(file: FileId): Promise<bigint[]> {
    const { rows } = await pool.query<{ revision: string }>(
      'select revision from snapshot.content where stream = $1 order by revision',
      [streamOf.file(file)],
    );
    return rows.map(({ revision }) => BigInt(revision));
  }

  const change = (file: FileId, what: string, values: unknown[] = []) =>
    pool.query(`update snapshot.content set ${what} where stream = $1`, [streamOf.file(file), ...values]);

  /** Counts the events that a room reads to open. */
  function counting(): { events: EventStore; count: () => number } {
    let count = 0;
    const readStream: EventStore['readStream'] = async function* (...args) {
      for await (const event of store.readStream(...args)) {
        count += 1;
        yield event;
      }
    };
    const events = new Proxy(store, {
      get(target, name) {
        if (name === 'readStream') return readStream;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    return { events, count: () => count };
  }

  it('a file opens from its snapshot and the events after it: the same text, the same owners', async () => {
    const { file, ada, text } = await fileWithSnapshot();
    const { events, count } = counting();
    const room = await open(file, snapshots, events);
    const all = await open(file);
    expect([textOf(room), textOf(all)]).toEqual([text, text]);
    expect(room.revision).toBe(all.revision);
    expect(room.ownerOf(ada.doc.clientID)).toBe('ada');
    // The one that proves the snapshot, and those after it.
    expect(count()).toBeLessThanOrEqual(1 + Number(room.revision - (await revisions(file))[0]!));
    expect(reported).toEqual([]);
  });

  it('[LM8] the client ids of a person are counted over snapshot and events, as without a snapshot', async () => {
    const { file, text } = await fileWithSnapshot();
    const first = await open(file, snapshots);
    const owned = MAX_CLIENTS_OF_PERSON - 1;
    const script = enter(first, 'script');
    for (let from = 1; from <= owned; from += 1_000)
      first.submit(script, ++script.sent, manyClients(from, Math.min(1_000, owned - from + 1)), 'live');
    // Enough edits for a snapshot that holds those ids.
    const ada = enter(first, 'ada');
    for (let n = 0; n < 200; n++) ada.text.insert(0, 'y');
    await first.flush();
    await first.saveSnapshot();
    expect(script.refusal).toBeUndefined();
    const last = enter(await open(file, snapshots), 'script');
    last.text.insert(0, 'z');
    await eventually(() => last.acknowledged === 1, 'the last page load');
    for (const using of [snapshots, undefined]) {
      const room = await open(file, using);
      const more = enter(room, 'script');
      more.text.insert(0, 'more');
      await eventually(() => more.refusal, 'the refusal');
      expect(more.refusal).toMatch(/^you have edited this file from 5000 page loads/);
      expect(textOf(room).length).toBe(text.length + MAX_CLIENTS_OF_PERSON + 200);
    }
  });

  it('client ids still belong to whom they belonged after a load from a snapshot', async () => {
    const { file, ada, text } = await fileWithSnapshot();
    const room = await open(file, snapshots);
    const ben = enter(room, 'ben');
    ben.doc.clientID = ada.doc.clientID;
    ben.text.insert(4, '!');
    await eventually(() => ben.refusal, 'the refusal');
    expect(ben.refusal).toContain('another person');
    expect(textOf(room)).toBe(text);
    const again = enter(room, 'ada');
    again.doc.clientID = ada.doc.clientID;
    again.text.insert(0, 'Still ');
    await eventually(() => again.acknowledged === 1, 'her own edit');
  });

  it.each([
    ['other bytes', `bytes = '\\x00'`, 'its hash does not fit'],
    ['bytes cut off', 'bytes = substring(bytes from 1 for octet_length(bytes) - 3)', 'its hash does not fit'],
    ['bytes of no known form', `bytes = '\\x00', sha256 = sha256('\\x00')`, 'it cannot be read'],
    ['a revision beyond the end', 'revision = revision + 100', 'another event there, or none'],
    ['the last event of another stream', `event_id = gen_random_uuid()::text`, 'another event there, or none'],
  ])('a snapshot with %s is ignored and removed', async (_what, changed, reason) => {
    const { file, text } = await fileWithSnapshot();
    await change(file, changed);
    const room = await open(file, snapshots);
    expect(textOf(room)).toBe(text);
    expect(reported.join()).toContain(reason);
    expect(await revisions(file)).toEqual([]);
    await room.saveSnapshot();
    expect(await revisions(file)).toEqual([room.revision]);
  });

  it('a snapshot of another log is ignored, and replaced by the next', async () => {
    const { file, text } = await fileWithSnapshot();
    await change(file, `epoch = 'of another log', bytes = 'nonsense'`);
    const room = await open(file, snapshots);
    expect(textOf(room)).toBe(text);
    await room.saveSnapshot();
    const { rows } = await pool.query('select epoch from snapshot.content where stream = $1', [streamOf.file(file)]);
    expect(rows).toEqual([{ epoch: await store.identity() }]);
  });

  it('a broken newest one leaves the one before in use; of several the two newest are kept', async () => {
    const { file, ada } = await fileWithSnapshot();
    const [room] = rooms;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 220; n++) ada.text.insert(0, 'x');
      await room!.flush();
      await room!.saveSnapshot();
    }
    const [older, newest] = await revisions(file);
    expect(newest).toBe(room!.revision);
    expect(await revisions(file)).toHaveLength(2);
    await change(file, `bytes = case revision when $2 then '\\x00' else bytes end`, [newest!.toString()]);
    const { events, count } = counting();
    const second = await open(file, snapshotsIn(new PostgresSnapshotStore(pool), events), events);
    expect(textOf(second)).toBe(textOf(room!));
    expect(await revisions(file)).toEqual([older]);
    expect(count()).toBeLessThanOrEqual(3 + Number(newest! - older!));
  });

  it('one is written after so many updates while people type, and history keeps every edit', async () => {
    const file = newFile();
    const room = await open(file, snapshots);
    const ada = enter(room, 'ada');
    for (let n = 0; n < SNAPSHOT_EVERY + 50; n++) ada.text.insert(n, '.');
    await room.flush();
    await eventually(async () => (await revisions(file)).length === 1, 'the snapshot');
    const [at] = await revisions(file);
    expect(at).toBeLessThanOrEqual(room.revision);
    expect(await editsIn(file)).toBe(SNAPSHOT_EVERY + 50);
    const second = await open(file, snapshots);
    expect(textOf(second)).toBe(textOf(room));
    enter(second, 'ben').text.insert(0, '!');
    await second.flush();
    expect(await editsIn(file)).toBe(SNAPSHOT_EVERY + 51);
  });

  it('after a crash between snapshot and append there is what was recorded, and typing goes on', async () => {
    const file = newFile();
    const gate = gated(store);
    const room = await open(file, snapshots, gate.store);
    const ada = enter(room, 'ada');
    for (let n = 0; n < 300; n++) ada.text.insert(n, '.');
    await room.flush();
    gate.close();
    ada.text.insert(0, 'not recorded ');
    await room.saveSnapshot();
    const recorded = '.'.repeat(300);
    expect(await revisions(file)).toEqual([room.revision]);
    const afterCrash = await open(file, snapshots);
    expect(textOf(afterCrash)).toBe(recorded);
    // She comes back with what was never acknowledged.
    const returned = enter(afterCrash, 'ada');
    afterCrash.submit(returned, 1, Y.encodeStateAsUpdate(ada.doc), 'sync');
    await afterCrash.flush();
    expect(textOf(afterCrash)).toBe(`not recorded ${recorded}`);
    gate.open();
    await room.flush();
    await eventually(() => textOf(room) === textOf(afterCrash), 'the node that only seemed dead agreeing');
    expect(textOf(await open(file))).toBe(textOf(afterCrash));
  });

  it('typing does not notice that snapshots can be neither written nor read', async () => {
    const failing: SnapshotStore = {
      newest: () => Promise.reject(new Error('no disk')),
      write: () => Promise.reject(new Error('no disk')),
      remove: () => Promise.reject(new Error('no disk')),
    };
    const file = newFile();
    const room = await open(file, snapshotsIn(failing));
    const ada = enter(room, 'ada');
    for (let n = 0; n < SNAPSHOT_EVERY + 50; n++) ada.text.insert(n, '.');
    await room.flush();
    expect(ada.acknowledged).toBe(ada.sent);
    await room.saveSnapshot();
    expect(textOf(room)).toHaveLength(SNAPSHOT_EVERY + 50);
    expect(reported.filter((sentence) => sentence.includes('cannot be written')).length).toBeLessThanOrEqual(3);
    expect(textOf(await open(file, snapshotsIn(failing)))).toBe(textOf(room));
  });

  it('what waits for a broken room is not recorded against half a document, and no snapshot is made of it', async () => {
    const file = newFile();
    await record(file, randomTrace(1, 300));
    const broken: unknown[] = [];
    const room = new Room(file, store, (error) => broken.push(error), { snapshots });
    rooms.push(room);
    await room.ready;
    const ada = enter(room, 'ada');
    await store.append(
      streamOf.file(file),
      [eventOf({ person: 'eve', update: Uint8Array.from([1, 1, 5, 9, 132, 5, 8, 1, 97, 0]) })],
      { expected: 'any' },
    );
    await eventually(() => broken.length > 0, 'the room breaking');
    ada.text.insert(0, 'lost to this room');
    await room.flush();
    await room.saveSnapshot();
    expect(broken).toHaveLength(1);
    expect(ada.acknowledged).toBe(0);
    expect(await revisions(file)).toEqual([]);
  });

  it('for random edits, state from snapshot and tail equals state from events, wherever the snapshot is', async () => {
    for (const [seed, length] of [
      [1, 40],
      [2, 40],
      [3, 120],
    ] as const) {
      const trace = randomTrace(seed, length);
      const file = newFile();
      await record(file, trace);
      const whole = await open(file);
      const clients = [...Y.parseUpdateMeta(Y.encodeStateAsUpdate(whole.doc)).to.keys()];
      for (let k = 1; k <= trace.length; k += length > 40 ? 7 : 1) {
        const prefix = newFile();
        await record(prefix, trace.slice(0, k));
        const early = await open(prefix);
        const owners = new Map(
          [...early.doc.store.clients.keys()].map((client) => [client, early.ownerOf(client) ?? '']),
        );
        const eventId = await lastEventOf(prefix);
        const saved = await snapshots.save(streamOf.file(prefix), () => ({
          revision: early.revision,
          eventId,
          doc: early.doc,
          owners,
        }));
        expect(saved).toBe(true);
        await record(prefix, trace.slice(k));
        const { events, count } = counting();
        const room = await open(prefix, snapshotsIn(new PostgresSnapshotStore(pool), events), events);
        expect(count()).toBe(1 + trace.length - k);
        expect(textOf(room)).toBe(textOf(whole));
        expect(Y.equalSnapshots(Y.snapshot(room.doc), Y.snapshot(whole.doc))).toBe(true);
        expect(Buffer.from(Y.encodeStateAsUpdate(room.doc))).toEqual(Buffer.from(Y.encodeStateAsUpdate(whole.doc)));
        expect(clients.map((client) => room.ownerOf(client))).toEqual(clients.map((client) => whole.ownerOf(client)));
        for (const done of rooms.splice(1)) await done.close();
      }
      await rooms.splice(0)[0]?.close();
    }
  });

  async function lastEventOf(file: FileId): Promise<string> {
    for await (const event of store.readStream(streamOf.file(file), { direction: 'backwards', limit: 1 })) {
      expect(decodeFileEdited(event.data).edits).toHaveLength(1);
      return event.id;
    }
    throw new Error('the stream is empty');
  }
});
