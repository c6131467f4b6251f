import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asId, encodeFileEdited, FILE_EDITED, type FileId, streamOf, TEXT_ROOT, toJsonBytes } from '@palimpsest/domain';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type NewEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import * as Y from 'yjs';
import { DocSnapshots } from './doc-snapshots.js';
import { PostgresSnapshotStore } from './postgres-snapshot-store.js';
import { RecordedDocuments, RevisionMissing } from './recorded-documents.js';
import { migrateSnapshotSchema } from './snapshot-schema.js';

const metadata = toJsonBytes({ v: 1, actor: { id: 'ada', role: 'student', via: 'websocket' } });

describe('documents at a revision', () => {
  let database: TestDatabase;
  let store: EventStore;
  let pool: pg.Pool;
  let snapshots: DocSnapshots;
  /** First revision of each reading of a stream. */
  const readFrom: bigint[] = [];
  const said: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await migrateSnapshotSchema(client);
    await client.end();
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const plain = createPostgresEventStore({ connectionString: database.url });
    store = new Proxy(plain, {
      get(target, name) {
        if (name === 'readStream')
          return (...args: Parameters<EventStore['readStream']>) => {
            if (args[1]?.limit === undefined) readFrom.push((args[1]?.from as bigint | undefined) ?? 0n);
            return target.readStream(...args);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    snapshots = new DocSnapshots(store, new PostgresSnapshotStore(pool), (sentence) => said.push(sentence));
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  /** A file in which each of `count` events inserts a letter; returns the text after each. */
  async function typed(count: number): Promise<{ file: FileId; texts: string[]; doc: Y.Doc; ids: string[] }> {
    const file = asId<FileId>(randomUUID());
    const doc = new Y.Doc();
    const text = doc.getText(TEXT_ROOT);
    const events: NewEvent[] = [];
    const texts: string[] = [];
    doc.on('update', (update: Uint8Array) => {
      const data = encodeFileEdited({ startedAt: 1, edits: [{ ms: 0, origin: 'live', update }] });
      events.push({ id: randomUUID(), type: FILE_EDITED, contentType: 'binary', data, metadata });
    });
    for (let n = 0; n < count; n++) {
      if (n % 7 === 6) text.delete(n % text.length, 1);
      else text.insert((n * 31) % (text.length + 1), String.fromCharCode(97 + (n % 26)));
      texts.push(text.toString());
    }
    await store.append(streamOf.file(file), events, { expected: 'noStream' });
    return { file, texts, doc, ids: events.map(({ id }) => id) };
  }

  const save = async (file: FileId, revision: number, doc: Y.Doc, id: string) => {
    const owners = new Map([...doc.store.clients.keys()].map((client) => [client, 'ada']));
    await snapshots.save(streamOf.file(file), () => ({ revision: BigInt(revision), eventId: id, doc, owners }));
  };

  it('are the same with a snapshot and without, at, before and after it', async () => {
    const { file, texts, ids } = await typed(1_200);
    const plain = new RecordedDocuments(store);
    const quick = new RecordedDocuments(store, snapshots);
    const half = await plain.at(file, 699n);
    await save(file, 699, half, ids[699]!);
    for (const revision of [0, 1, 698, 699, 700, 1_000, 1_199]) {
      expect(await plain.textAt(file, BigInt(revision))).toBe(texts[revision]);
      expect(await quick.textAt(file, BigInt(revision))).toBe(texts[revision]);
    }
    readFrom.length = 0;
    await quick.textAt(file, 1_000n);
    await quick.textAt(file, 699n);
    await quick.textAt(file, 698n);
    expect(readFrom).toEqual([700n, 0n]);
    half.destroy();
  });

  it('do not believe a snapshot that the log contradicts, also where it cannot be removed', async () => {
    const { file, texts, doc } = await typed(300);
    await save(file, 250, doc, randomUUID());
    const readOnly = new PostgresSnapshotStore(pool);
    readOnly.remove = () => Promise.reject(new Error('permission denied'));
    const careful = new DocSnapshots(store, readOnly, (sentence) => said.push(sentence));
    expect(await new RecordedDocuments(store, careful).textAt(file, 280n)).toBe(texts[280]);
    expect(said.at(-1)).toMatch(/holds another event there/);
  });

  it('of an empty stream are empty; a revision that is not there is a fault, not an older text', async () => {
    const { file } = await typed(3);
    const documents = new RecordedDocuments(store, snapshots);
    expect(await documents.textAt(asId<FileId>(randomUUID()), null)).toBe('');
    await expect(documents.textAt(file, 3n)).rejects.toBeInstanceOf(RevisionMissing);
  });
});
