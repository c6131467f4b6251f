/** For the tests: a log and a queue with runs in it, as the api would put them there. */
import { randomUUID } from 'node:crypto';
import { migratePostgresBlobs, PostgresBlobStore } from '@palimpsest/blobs';
import { migrateSnapshotSchema, RecordedDocuments } from '@palimpsest/documents';
import {
  asId,
  encodeEvent,
  encodeFileEdited,
  type ExecutorEvent,
  FILE_EDITED,
  type FileId,
  readEvent,
  RUN_QUEUE,
  type RunEvent,
  type RunFile,
  type RunId,
  type RunOutcome,
  type RunRequested,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
  type UserId,
} from '@palimpsest/domain';
import {
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  StreamNotFound,
} from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import { createPostgresBackend, Queue, runMigrations } from 'bullmq';
import pg from 'pg';
import * as Y from 'yjs';
import { RecordedContents } from './workspace.js';

export const SOMEBODY = asId<UserId>('00000000-0000-4000-8000-000000000001');
const actor = { id: SOMEBODY, role: 'student', via: 'web' } as const;

export class QueueFixture {
  private constructor(
    readonly database: TestDatabase,
    readonly store: EventStore,
    readonly queue: Queue<unknown>,
    readonly contents: RecordedContents,
    readonly blobs: PostgresBlobStore,
    readonly pool: pg.Pool,
  ) {}

  static async open(): Promise<QueueFixture> {
    const database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await runMigrations(client as never, 'bullmq');
    await migratePostgresBlobs(client);
    await migrateSnapshotSchema(client);
    await client.end();
    const connection = { connectionString: database.url, schema: 'bullmq' };
    const queue = new Queue<unknown>(RUN_QUEUE, { connection: connection as never }, createPostgresBackend as never);
    queue.on('error', () => undefined); // of tests that end connections
    const store = createPostgresEventStore({ connectionString: database.url });
    const pool = new pg.Pool({ connectionString: database.url, max: 4 });
    pool.on('error', () => undefined);
    const blobs = new PostgresBlobStore(pool);
    const contents = new RecordedContents(store, new RecordedDocuments(store), blobs);
    return new QueueFixture(database, store, queue, contents, blobs, pool);
  }

  async close(): Promise<void> {
    await this.queue.close();
    await this.store.close();
    await this.pool.end();
    await this.database.drop();
  }

  /** A file `main.py` with this text. */
  async writeFile(text: string): Promise<RunFile> {
    const file = asId<FileId>(randomUUID());
    const doc = new Y.Doc();
    doc.getText(TEXT_ROOT).insert(0, text);
    const data = encodeFileEdited({
      startedAt: 1,
      edits: [{ ms: 0, origin: 'live', update: Y.encodeStateAsUpdate(doc) }],
    });
    doc.destroy();
    const metadata = toJsonBytes({ v: 1, actor });
    const event = { id: randomUUID(), type: FILE_EDITED, contentType: 'binary', data, metadata } as const;
    const { revision } = await this.store.append(streamOf.file(file), [event], { expected: 'any' });
    return { file, path: 'main.py', revision: String(revision) };
  }

  /** Records a request and makes its job; with `queued: false` the request alone. */
  async request(
    source: string,
    options: { readonly by?: UserId; readonly queued?: boolean; readonly priority?: number } = {},
  ): Promise<RunId> {
    const id = asId<RunId>(randomUUID());
    const files = [await this.writeFile(source)];
    const data: RunRequested['data'] = {
      ...{ id, by: options.by ?? SOMEBODY, files, mode: 'script', entry: 'main.py', columns: 80, rows: 24 },
      workspace: asId(randomUUID()),
      course: asId(randomUUID()),
    };
    await this.append(id, { type: 'RunRequested', data });
    if (options.queued !== false)
      await this.queue.add('run', { runId: id }, { jobId: id, priority: options.priority ?? 1 });
    return id;
  }

  async append(id: RunId, ...events: RunEvent[]): Promise<void> {
    const encoded = events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, { actor }) }));
    await this.store.append(streamOf.run(id), encoded, { expected: 'any' });
  }

  type(id: RunId, text: string): Promise<void> {
    return this.append(id, { type: 'InputProvided', data: { by: SOMEBODY, text } });
  }

  cancel(id: RunId): Promise<void> {
    return this.append(id, { type: 'RunCancelled', data: { by: SOMEBODY } });
  }

  async events(id: RunId): Promise<RunEvent[]> {
    return (await this.#read(streamOf.run(id))) as RunEvent[];
  }

  async saidBy(executor: string): Promise<ExecutorEvent[]> {
    return (await this.#read(streamOf.executor(executor))) as ExecutorEvent[];
  }

  async #read(stream: string): Promise<unknown[]> {
    const found: unknown[] = [];
    try {
      for await (const event of this.store.readStream(stream)) found.push(readEvent(event));
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return found;
  }

  async output(id: RunId): Promise<string> {
    return outputOf(await this.events(id));
  }

  async shows(id: RunId, text: string, patienceMs = 20_000): Promise<void> {
    await eventually(async () => (await this.output(id)).includes(text), `${text} in the output of ${id}`, patienceMs);
  }

  /** Waits until the run's stream has an event of this type. */
  async reaches(id: RunId, type: RunEvent['type'], patienceMs = 20_000): Promise<RunEvent[]> {
    return eventually(
      async () => {
        const all = await this.events(id);
        return all.some((event) => event.type === type) && all;
      },
      `${type} of run ${id}`,
      patienceMs,
    );
  }

  /** Waits for the end. Throws when there is more than one, or something after it. */
  async outcome(id: RunId, patienceMs = 20_000): Promise<RunOutcome> {
    const all = await this.reaches(id, 'RunFinished', patienceMs);
    const [outcome, ...more] = outcomesOf(all);
    // What a killed executor's program had written may be found after its run was ended by somebody else.
    const last = all.filter(({ type }) => type !== 'FilesCollected').at(-1);
    if (!outcome || more.length > 0 || last?.type !== 'RunFinished')
      throw new Error(`the end of run ${id} is not one and the last: ${all.map(({ type }) => type).join(' ')}`);
    return outcome;
  }
}

export function outputOf(events: readonly RunEvent[]): string {
  return events
    .flatMap((event) => (event.type === 'OutputEmitted' ? event.data.chunks.map(([, text]) => text) : []))
    .join('')
    .replaceAll('\r\n', '\n');
}

export function outcomesOf(events: readonly RunEvent[]): RunOutcome[] {
  return events.flatMap((event) => (event.type === 'RunFinished' ? [event.data.outcome] : []));
}
