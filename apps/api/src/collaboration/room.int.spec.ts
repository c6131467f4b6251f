import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, decodeFileEdited, type FileId, streamOf, TEXT_ROOT } from '@palimpsest/domain';
import { createPostgresEventStore, type EventStore, migratePostgresEventStore } from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import { randomUUID } from 'node:crypto';
import * as Y from 'yjs';
import { type Member, Room } from './room.js';

/** A person in a room, with a document of their own, without a network between. */
class Editor implements Member {
  readonly actor;
  readonly context;
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText(TEXT_ROOT);
  acknowledged = 0;
  sent = 0;
  refusal: string | undefined;
  readonly #room: Room;

  constructor(room: Room, id: string) {
    this.#room = room;
    this.actor = { id, role: 'student', via: 'websocket' } as const;
    this.context = { actor: this.actor };
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(room.doc));
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) room.submit(this, ++this.sent, update, 'live');
    });
    room.join(this);
  }

  deliver(update: Uint8Array, own: boolean): void {
    if (!own) Y.applyUpdate(this.doc, update, this);
  }
  acknowledge(sequence: number): void {
    this.acknowledged = sequence;
  }
  refuse(reason: string): void {
    this.refusal = reason;
    this.#room.leave(this);
  }
}

/** The store with a gate before append: what waits there is not recorded. */
function gated(store: EventStore): { store: EventStore; close(): void; open(): void } {
  let gate: Promise<void> = Promise.resolve();
  let release = () => {};
  const append: EventStore['append'] = async (...args) => {
    await gate;
    return store.append(...args);
  };
  return {
    store: new Proxy(store, {
      get: (target, name) => {
        if (name === 'append') return append;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    }),
    close: () => void (gate = new Promise((resolve) => (release = resolve))),
    open: () => release(),
  };
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
