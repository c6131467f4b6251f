import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DocSnapshots, PostgresSnapshotStore, migrateSnapshotSchema } from '@palimpsest/documents';
import { asId, type FileId, streamOf, TEXT_ROOT } from '@palimpsest/domain';
import { createPostgresEventStore, type EventStore, migratePostgresEventStore } from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { Editor, gated } from '../testing/editor.js';
import type { OpenRoom, RoomLimits } from './rooms.js';
import { Rooms } from './rooms.js';

const PATIENT: RoomLimits = { lingerMs: 60_000, maxIdleRooms: 100, maxIdleBytes: 2 ** 30 };
const IMPATIENT: RoomLimits = { ...PATIENT, lingerMs: 10 };

describe('the rooms of a process', () => {
  let database: TestDatabase;
  let store: EventStore;
  let pool: pg.Pool;
  const opened: Rooms[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    await migrateSnapshotSchema(owner);
    await owner.end();
    store = createPostgresEventStore({ connectionString: database.url });
    pool = new pg.Pool({ connectionString: database.url, max: 3 });
  });
  afterEach(async () => {
    for (const rooms of opened.splice(0)) await rooms.beforeApplicationShutdown();
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  const newFile = () => asId<FileId>(randomUUID());
  const textOf = ({ room }: OpenRoom) => room.doc.getText(TEXT_ROOT).toString();

  function roomsWith(limits: RoomLimits, events = store, onSnapshot?: (file: FileId) => void): Rooms {
    const snapshots = new DocSnapshots(events, new PostgresSnapshotStore(pool), (sentence) => console.error(sentence));
    const rooms = new Rooms(events, { snapshots, limits, ...(onSnapshot && { onSnapshot }) });
    opened.push(rooms);
    return rooms;
  }

  async function join(rooms: Rooms, file: FileId, person: string): Promise<{ open: OpenRoom; editor: Editor }> {
    const open = rooms.enter(file);
    await open.room.ready;
    return { open, editor: new Editor(open.room, person) };
  }

  function leave(rooms: Rooms, { open, editor }: { open: OpenRoom; editor: Editor }): void {
    open.room.leave(editor);
    rooms.release(open);
  }

  async function isClosed(rooms: Rooms, open: OpenRoom): Promise<boolean> {
    const now = rooms.enter(open.room.file);
    await now.room.ready;
    rooms.release(now);
    return now !== open;
  }

  it('tell when a snapshot of a file was written, so that its history can be made ahead', async () => {
    const told: FileId[] = [];
    const rooms = roomsWith(IMPATIENT, store, (file) => told.push(file));
    const [long, short] = [newFile(), newFile()];
    for (const [file, edits] of [
      [long, 200],
      [short, 199],
    ] as const) {
      const ada = await join(rooms, file, 'ada');
      for (let n = 0; n < edits; n++) ada.editor.text.insert(n, 'x');
      await ada.open.room.flush();
      leave(rooms, ada);
    }
    await eventually(() => told.length > 0, 'the snapshot');
    await rooms.beforeApplicationShutdown();
    expect(told).toEqual([long]);
  });

  it('50 joins at once load a file once, and get the same document', async () => {
    const file = newFile();
    const writer = roomsWith(PATIENT);
    const ada = await join(writer, file, 'ada');
    ada.editor.text.insert(0, 'there already');
    await ada.open.room.flush();
    let reads = 0;
    const events = new Proxy(store, {
      get(target, name) {
        if (name === 'readStream') reads += 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    const rooms = roomsWith(PATIENT, events);
    const joined = await Promise.all(Array.from({ length: 50 }, (_, n) => join(rooms, file, `person ${n}`)));
    expect(reads).toBe(1);
    expect(new Set(joined.map(({ open }) => open)).size).toBe(1);
    expect(new Set(joined.map(({ editor }) => editor.text.toString()))).toEqual(new Set(['there already']));
    expect(joined[0]!.open.room.memberCount).toBe(50);
  });

  it('a room that everybody has left is closed after its time, with a snapshot if that is worth it', async () => {
    const rooms = roomsWith(IMPATIENT);
    const ada = await join(rooms, newFile(), 'ada');
    for (let n = 0; n < 300; n++) ada.editor.text.insert(n, 'x');
    leave(rooms, ada);
    await eventually(() => isClosed(rooms, ada.open), 'the room being closed');
    const { rows } = await pool.query('select revision from snapshot.content where stream = $1', [
      streamOf.file(ada.open.room.file),
    ]);
    expect(rows).toEqual([{ revision: ada.open.room.revision.toString() }]);
    const again = await join(rooms, ada.open.room.file, 'ben');
    expect(again.editor.text.toString()).toBe('x'.repeat(300));
  });

  it('a room with edits that are not recorded yet is not closed, and who comes back meets them', async () => {
    const gate = gated(store);
    const rooms = roomsWith(IMPATIENT, gate.store);
    const file = newFile();
    const ada = await join(rooms, file, 'ada');
    gate.close();
    ada.editor.text.insert(0, 'typed and gone');
    leave(rooms, ada);
    await new Promise((done) => setTimeout(done, 60));
    const ben = await join(rooms, file, 'ben');
    expect(ben.open).toBe(ada.open);
    gate.open();
    await eventually(() => ben.editor.text.toString() === 'typed and gone', 'the edit');
    await new Promise((done) => setTimeout(done, 60));
    ben.editor.text.insert(0, 'Still open: ');
    await eventually(() => ben.editor.acknowledged === 1, 'the next edit');
    expect(textOf(await joinElsewhere(file))).toBe('Still open: typed and gone');
  });

  it('somebody who comes at any moment of the closing gets the whole document and can type in it', async () => {
    const rooms = roomsWith({ ...IMPATIENT, lingerMs: 0 });
    const file = newFile();
    let text = '';
    for (let round = 0; round < 60; round++) {
      const open = rooms.enter(file);
      await open.room.ready;
      // As the gateway does: between entering and joining there is a turn of the process or more.
      await new Promise((done) => (round % 2 === 0 ? setImmediate(done) : setTimeout(done, round % 5)));
      const editor = new Editor(open.room, `person ${round % 3}`);
      expect(editor.text.toString()).toBe(text);
      editor.text.insert(editor.text.length, `${round} `);
      text += `${round} `;
      await eventually(() => editor.acknowledged === 1, `round ${round} being recorded`);
      leave(rooms, { open, editor });
      if (round % 3 > 0) await new Promise((done) => setTimeout(done, round % 7));
    }
    expect(textOf(await joinElsewhere(file))).toBe(text);
  });

  it('keeps no more idle rooms than allowed: the longest idle goes first', async () => {
    const rooms = roomsWith({ ...PATIENT, maxIdleRooms: 2 });
    const left = await Promise.all(['ada', 'ben', 'chloe'].map((person) => join(rooms, newFile(), person)));
    const busy = await join(rooms, newFile(), 'dan');
    for (const joined of left) leave(rooms, joined);
    await eventually(() => isClosed(rooms, left[0]!.open), 'the first being closed');
    expect(await isClosed(rooms, busy.open)).toBe(false);
    expect(await isClosed(rooms, left[2]!.open)).toBe(false);
  });

  it('keeps no more idle documents than fit', async () => {
    const rooms = roomsWith({ ...PATIENT, maxIdleBytes: 100_000 });
    const [small, large] = [await join(rooms, newFile(), 'ada'), await join(rooms, newFile(), 'ben')];
    for (let n = 0; n < 500; n++) large.editor.text.insert(0, 'x');
    await large.open.room.flush();
    leave(rooms, small);
    leave(rooms, large);
    await eventually(() => isClosed(rooms, large.open), 'the large one being closed');
  });

  it('a room that breaks tells its connections once, and the next one to come gets a new room', async () => {
    const failing = new Proxy(store, {
      get(target, name) {
        if (name === 'append') return () => Promise.reject(new Error('the store is mad'));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    const rooms = roomsWith(PATIENT, failing);
    const file = newFile();
    const ada = await join(rooms, file, 'ada');
    let told = 0;
    ada.open.onBroken.add(() => (told += 1));
    ada.editor.text.insert(0, 'x');
    await eventually(() => told === 1, 'the connection being told');
    const next = await join(rooms, file, 'ada');
    expect(next.open).not.toBe(ada.open);
    // The release of the old one must not count for the new one.
    leave(rooms, ada);
    expect(rooms.enter(file)).toBe(next.open);
  });

  async function joinElsewhere(file: FileId): Promise<OpenRoom> {
    return (await join(roomsWith(PATIENT), file, 'somebody elsewhere')).open;
  }
});
