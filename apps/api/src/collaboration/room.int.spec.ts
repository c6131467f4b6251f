import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, decodeFileEdited, type FileId, streamOf, TEXT_ROOT } from '@palimpsest/domain';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type RecordedEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import { randomUUID } from 'node:crypto';
import * as Y from 'yjs';
import { Editor, gated } from '../testing/editor.js';
import { Room } from './room.js';
import { MAX_UPDATE_BYTES } from './update-inspection.js';

/** The store of a node that hears nothing of the others. */
function deaf(store: EventStore): EventStore {
  const subscribeStream: EventStore['subscribeStream'] = (_stream, { signal }) => {
    const next = () =>
      new Promise<IteratorReturnResult<undefined>>((resolve) =>
        signal.addEventListener('abort', () => resolve({ done: true, value: undefined })),
      );
    return { [Symbol.asyncIterator]: () => ({ next }) };
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'subscribeStream') return subscribeStream;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

describe('a room', () => {
  let database: TestDatabase;
  let store: EventStore;
  const rooms: Room[] = [];
  const editors: Editor[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    store = createPostgresEventStore({ connectionString: database.url });
  });
  afterEach(async () => {
    for (const room of rooms.splice(0)) await room.close();
    for (const editor of editors.splice(0)) editor.doc.destroy();
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const newFile = () => asId<FileId>(randomUUID());

  async function openRoom(file: FileId, on = store): Promise<Room> {
    const room = new Room(file, on, (error) => console.error(error));
    rooms.push(room);
    await room.ready;
    return room;
  }

  function enter(room: Room, id: string): Editor {
    const editor = new Editor(room, id);
    editors.push(editor);
    return editor;
  }

  const textOf = (room: Room) => room.doc.getText(TEXT_ROOT).toString();

  it('neither acknowledges an edit nor shows it to anybody before the store has it', async () => {
    const gate = gated(store);
    const room = await openRoom(newFile(), gate.store);
    const [ada, ben] = [enter(room, 'ada'), enter(room, 'ben')];
    gate.close();
    ada.text.insert(0, 'hello');
    await new Promise((done) => setTimeout(done, 100));
    expect(ada.acknowledged).toBe(0);
    expect(ben.text.toString()).toBe('');
    expect(textOf(room)).toBe('');
    gate.open();
    await eventually(() => ada.acknowledged === 1 && ben.text.toString() === 'hello', 'the edit arriving');
  });

  it('puts what queues during an append into the next one: an event per author, times within', async () => {
    const gate = gated(store);
    const file = newFile();
    const room = await openRoom(file, gate.store);
    const [ada, ben] = [enter(room, 'ada'), enter(room, 'ben')];
    gate.close();
    for (const letter of 'abc') ada.text.insert(ada.text.length, letter);
    ben.text.insert(0, '1');
    ben.text.insert(1, '2');
    gate.open();
    await room.flush();
    const events = [];
    for await (const event of store.readStream(streamOf.file(file))) events.push(decodeFileEdited(event.data).edits);
    const counts = events.map((edits) => edits.length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(5);
    expect(counts.length).toBeLessThanOrEqual(3);
    for (const edits of events) for (const { ms } of edits) expect(ms).toBeGreaterThanOrEqual(0);
  });

  async function eventsOf(file: FileId): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of store.readStream(streamOf.file(file))) events.push(event);
    return events;
  }

  it('fills an append up to 1,000,000 bytes and no further, and loses and reorders nothing', async () => {
    const gate = gated(store);
    const file = newFile();
    const room = await openRoom(file, gate.store);
    const ada = enter(room, 'ada');
    gate.close();
    ada.text.insert(0, '-');
    // 49 of these fit beside their numbers, 50 do not.
    for (let n = 0; n < 60; n++) ada.text.insert(ada.text.length, String.fromCharCode(97 + (n % 26)).repeat(15_000));
    for (let n = 0; n < 1_000; n++) ada.text.insert(ada.text.length, '.');
    gate.open();
    await eventually(() => ada.acknowledged === ada.sent, 'everything being acknowledged');
    const sizes = gate.appended.map((events) =>
      events.reduce((sum, { data, metadata }) => sum + data.length + (metadata?.length ?? 0), 0),
    );
    expect(sizes.length).toBeLessThanOrEqual(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000_000);
    expect((await eventsOf(file)).flatMap(({ data }) => decodeFileEdited(data).edits).length).toBe(1_061);
    expect(textOf(room)).toBe(ada.text.toString());
  });

  it('splits what exceeds an append, between two updates', async () => {
    const gate = gated(store);
    const file = newFile();
    const room = await openRoom(file, gate.store);
    const ada = enter(room, 'ada');
    gate.close();
    ada.text.insert(0, '-');
    await new Promise((done) => setTimeout(done, 20));
    // Text that is deleted again needs its bytes in the log, not in the file.
    for (let n = 0; n < 3; n++) {
      ada.text.insert(0, 'x'.repeat(499_000));
      ada.text.delete(0, 499_000);
    }
    gate.open();
    await eventually(() => ada.acknowledged === ada.sent, 'everything being acknowledged');
    const counts = gate.appended.map((events) => events.flatMap(({ data }) => decodeFileEdited(data).edits).length);
    expect(counts).toEqual([1, 4, 2]);
    expect(textOf(room)).toBe('-');
  });

  it('takes one update of exactly the largest size, and refuses one byte more', async () => {
    const room = await openRoom(newFile());
    const [ada, ben] = [enter(room, 'ada'), enter(room, 'ben')];
    const doc = new Y.Doc();
    const ofSize = (length: number) => {
      const copy = new Y.Doc();
      copy.clientID = doc.clientID;
      copy.getText(TEXT_ROOT).insert(0, 'x'.repeat(length));
      const update = Y.encodeStateAsUpdate(copy);
      copy.destroy();
      return update;
    };
    const beside = ofSize(MAX_UPDATE_BYTES).length - MAX_UPDATE_BYTES;
    const largest = ofSize(MAX_UPDATE_BYTES - beside);
    expect(largest.length).toBe(MAX_UPDATE_BYTES);
    room.submit(ben, 1, ofSize(MAX_UPDATE_BYTES - beside + 1), 'live');
    room.submit(ada, 1, largest, 'live');
    await room.flush();
    expect(ben.refusal).toContain(`more than ${MAX_UPDATE_BYTES} bytes`);
    expect(ada.refusal).toBeUndefined();
    expect(ada.acknowledged).toBe(1);
    expect(textOf(room).length).toBe(MAX_UPDATE_BYTES - beside);
  });

  it('loads what it recorded: the same text, and client ids still belong to whom they belonged', async () => {
    const file = newFile();
    const first = await openRoom(file);
    const ada = enter(first, 'ada');
    ada.text.insert(0, 'kept');
    await first.flush();
    const second = await openRoom(file);
    expect(textOf(second)).toBe('kept');
    const ben = enter(second, 'ben');
    ben.doc.clientID = ada.doc.clientID;
    ben.text.insert(4, '!');
    await eventually(() => ben.refusal, 'the refusal');
    expect(ben.refusal).toContain('another person');
    expect(textOf(second)).toBe('kept');
  });

  it('catches up before it refuses: who was on another node may know more than this room', async () => {
    const file = newFile();
    const here = await openRoom(file);
    const [ada, ben] = [enter(here, 'ada'), enter(here, 'ben')];
    ada.text.insert(0, 'a');
    await here.flush();
    const there = await openRoom(file, deaf(store));
    ada.text.insert(1, 'b');
    await eventually(() => ben.text.toString() === 'ab', 'Ben seeing it');
    const difference = Y.encodeStateAsUpdate(ben.doc, Y.encodeStateVector(there.doc));
    expect(await there.wouldChange(difference, 'dan')).toBe(false);
    ada.text.insert(2, 'c');
    await eventually(() => ben.text.toString() === 'abc', 'Ben seeing more');
    // As a sync step 2 does, with Ada's letter in it.
    ben.text.insert(3, '!');
    there.submit(ben, 7, Y.encodeStateAsUpdate(ben.doc, Y.encodeStateVector(there.doc)), 'sync');
    await eventually(() => ben.acknowledged === 7 || ben.refusal, 'an answer');
    expect(ben.refusal).toBeUndefined();
    expect(textOf(there)).toBe('abc!');
    const forged = new Y.Doc();
    Y.applyUpdate(forged, Y.encodeStateAsUpdate(there.doc));
    forged.clientID = ada.doc.clientID;
    forged.getText(TEXT_ROOT).insert(0, 'forged ');
    there.submit(ben, 8, Y.encodeStateAsUpdate(forged, Y.encodeStateVector(there.doc)), 'live');
    await eventually(() => ben.refusal, 'the refusal of what is still wrong');
    expect(textOf(there)).toBe('abc!');
  });

  it('two rooms of one file on two nodes, 12 seeds of random typing: all converge to the text of the log', async () => {
    const other = createPostgresEventStore({ connectionString: database.url });
    try {
      for (let seed = 1; seed <= 12; seed++) {
        let state = seed;
        const next = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
        const file = newFile();
        const [here, there] = [await openRoom(file), await openRoom(file, other)];
        const people = [enter(here, 'ada'), enter(there, 'ben'), enter(here, 'chloe'), enter(there, 'dan')];
        for (let step = 0; step < 60; step++) {
          const { text } = people[next(people.length)] ?? people[0]!;
          if (text.length > 3 && next(4) === 0) text.delete(next(text.length - 1), 1);
          else text.insert(next(text.length + 1), String.fromCharCode(97 + next(26)));
          if (next(3) === 0) await new Promise((done) => setTimeout(done, next(6)));
        }
        await eventually(
          () =>
            people.every((person) => person.acknowledged === person.sent) &&
            new Set([textOf(here), textOf(there), ...people.map(({ text }) => text.toString())]).size === 1,
          `seed ${seed}: everybody having the same text`,
        );
        const fresh = await openRoom(file);
        expect(textOf(fresh)).toBe(textOf(here));
        expect(people.map(({ refusal }) => refusal)).toEqual([undefined, undefined, undefined, undefined]);
      }
    } finally {
      for (const room of rooms.splice(0)) await room.close();
      await other.close();
    }
  });
});
