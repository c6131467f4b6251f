import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile as write } from 'node:fs/promises';
import { join } from 'node:path';
import { migratePostgresBlobs, PostgresBlobStore } from '@palimpsest/blobs';
import { RecordedDocuments } from '@palimpsest/documents';
import {
  asId,
  encodeEvent,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  readEvent,
  type RestrictedModule,
  RUN_QUEUE,
  type RunEvent,
  type RunFile,
  type RunId,
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
import { createTestDatabase, eventually, RedisServer, type TestDatabase } from '@palimpsest/test-support';
import { createPostgresBackend, Queue, runMigrations } from 'bullmq';
import pg from 'pg';
import * as Y from 'yjs';
import { readExecutorConfiguration } from './configuration.js';
import { ExecutorPresence } from './executor-presence.js';
import { markLaidOut, recordLeftOver } from './files/left-over-files.js';
import { endInterrupted } from './run-execution.js';
import { consumeRuns, type RunConsumer } from './run-queue.js';
import { DEFAULT_LIMITS } from './sandbox/limits.js';
import { SandboxPool } from './sandbox/sandbox-pool.js';
import { createSandboxFixture, type SandboxFixture } from './sandbox/sandbox-fixture.js';
import type { SelfTestResult } from './sandbox/self-test.js';
import { RecordedContents } from './workspace.js';

const by = asId<UserId>('00000000-0000-4000-8000-000000000001');
const actor = { id: by, role: 'student', via: 'web' } as const;
const FULL: SelfTestResult = { level: 'full', reason: null };

interface Executor {
  readonly consumer: RunConsumer;
  readonly presence: ExecutorPresence;
  readonly sandboxes: SandboxPool;
  readonly runsFolder: string;
}

describe.each(['Postgres', 'Redis'] as const)('executors on one log and one queue in %s', (place) => {
  let database: TestDatabase;
  let redis: RedisServer | undefined;
  let store: EventStore;
  let pool: pg.Pool;
  let blobs: PostgresBlobStore;
  let contents: RecordedContents;
  let fixture: SandboxFixture;
  let queue: Queue<{ runId: string }>;
  const executors: Executor[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    if (place === 'Redis') redis = await RedisServer.start();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await migratePostgresBlobs(client);
    await client.end();
    store = createPostgresEventStore({ connectionString: database.url });
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    blobs = new PostgresBlobStore(pool);
    contents = new RecordedContents(store, new RecordedDocuments(store), blobs);
    fixture = await createSandboxFixture();
    queue = redis ? new Queue(RUN_QUEUE, { connection: { url: redis.url } }) : await queueInPostgres(database.url);
  });
  afterEach(async () => {
    for (const { consumer, presence, sandboxes } of executors.splice(0)) {
      await consumer.close();
      await sandboxes.close();
      await presence.close();
    }
  });
  afterAll(async () => {
    await queue.close();
    await fixture.dispose();
    await store.close();
    await pool.end();
    await database.drop();
    await redis?.stop();
  });

  async function startExecutor(name = 'one', selfTest = FULL, concurrency = 8): Promise<Executor> {
    const runsFolder = join(fixture.folder, `runs-${name}-${randomUUID().slice(0, 8)}`);
    await mkdir(runsFolder, { mode: 0o755 });
    const configuration = readExecutorConfiguration({
      DATABASE_URL: database.url,
      PALIMPSEST_SCRATCH: runsFolder,
      MAX_CONCURRENT_EXECUTIONS: String(concurrency),
      ...(redis && { REDIS_URL: redis.url }),
    });
    const presence = new ExecutorPresence(database.url, name);
    expect(await presence.announce()).toBe(true);
    const limits = { ...DEFAULT_LIMITS, outputBytes: 300_000 };
    const sandboxes = new SandboxPool(fixture.sandbox, { folder: runsFolder, size: 1, limits });
    const consumer = consumeRuns(configuration, presence, {
      ...{ store, contents, blobs, sandboxes, selfTest, limits, name },
    });
    const executor = { consumer, presence, sandboxes, runsFolder };
    executors.push(executor);
    return executor;
  }

  /** A file of which each text is one edit; returns its revisions. */
  async function writeFile(path: string, ...texts: readonly string[]): Promise<RunFile> {
    const file = asId<FileId>(randomUUID());
    const doc = new Y.Doc();
    const text = doc.getText(TEXT_ROOT);
    let revision = '';
    for (const content of texts) {
      const before = Y.encodeStateVector(doc);
      doc.transact(() => {
        text.delete(0, text.length);
        text.insert(0, content);
      });
      const update = Y.encodeStateAsUpdate(doc, before);
      const data = encodeFileEdited({ startedAt: 1, edits: [{ ms: 0, origin: 'live', update }] });
      const event = {
        id: randomUUID(),
        type: FILE_EDITED,
        contentType: 'binary',
        data,
        metadata: toJsonBytes({ v: 1, actor }),
      } as const;
      revision = String((await store.append(streamOf.file(file), [event], { expected: 'any' })).revision);
    }
    doc.destroy();
    return { file, path, revision };
  }

  async function append(id: RunId, ...events: RunEvent[]): Promise<void> {
    const encoded = events.map((event) => ({ id: randomUUID(), ...encodeEvent(event, { actor }) }));
    await store.append(streamOf.run(id), encoded, { expected: 'any' });
  }

  /** Asks for a run and queues it; further job ids stand for jobs that are delivered twice. */
  async function request(
    source: string | readonly RunFile[],
    jobs = 1,
    refused?: readonly RestrictedModule[],
  ): Promise<RunId> {
    const id = asId<RunId>(randomUUID());
    const files = typeof source === 'string' ? [await writeFile('main.py', source)] : source;
    const data: RunRequested['data'] = {
      ...{ id, by, files, mode: 'script', entry: 'main.py', columns: 80, rows: 24 },
      workspace: asId(randomUUID()),
      course: asId(randomUUID()),
      ...(refused && { refused }),
    };
    await append(id, { type: 'RunRequested', data });
    for (let job = 0; job < jobs; job++) await queue.add('run', { runId: id }, { jobId: `${id}-${job}` });
    return id;
  }

  async function events(id: RunId): Promise<RunEvent[]> {
    const found: RunEvent[] = [];
    try {
      for await (const event of store.readStream(streamOf.run(id))) found.push(readEvent(event) as RunEvent);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
    return found;
  }

  const outputOf = (all: readonly RunEvent[]) =>
    all
      .flatMap((event) => (event.type === 'OutputEmitted' ? event.data.chunks.map(([, text]) => text) : []))
      .join('')
      .replaceAll('\r\n', '\n');

  /** Waits until the run's stream has an event of this type. */
  const reached = (id: RunId, type: RunEvent['type'], timeoutMs = 20_000) =>
    eventually(
      async () => {
        const all = await events(id);
        return all.some((event) => event.type === type) && all;
      },
      `${type} of run ${id}`,
      timeoutMs,
    );

  const shows = (id: RunId, text: string) =>
    eventually(async () => outputOf(await events(id)).includes(text), `${text} in the output`, 20_000);

  const outcomeOf = (all: readonly RunEvent[]) =>
    all.flatMap((event) => (event.type === 'RunFinished' ? [event.data.outcome] : []));

  it('takes a run from its request to its end, input, prompt and all', async () => {
    const { runsFolder } = await startExecutor();
    const id = await request('name = input("Name? ")\nprint("Hello,", name)\n');
    await shows(id, 'Name? ');
    await append(id, { type: 'InputProvided', data: { by, text: 'Ada\r' } });
    await reached(id, 'ReplEntered');
    await shows(id, 'Hello, Ada\n');
    await append(id, { type: 'InputProvided', data: { by, text: 'len(name)\r' } });
    await shows(id, '\n3\n');
    await append(id, { type: 'InputProvided', data: { by, text: '\x04' } });
    const all = await reached(id, 'RunFinished');
    expect(outcomeOf(all)).toEqual([{ kind: 'exited', code: 0 }]);
    expect(all.map(({ type }) => type).slice(0, 2)).toEqual(['RunRequested', 'RunStarted']);
    await eventually(async () => !(await readdir(runsFolder)).includes(id), 'the folder of the run is gone');
  });

  it('runs exactly the recorded revisions, whatever was written since', async () => {
    const file = await writeFile('main.py', 'from lib.words import word\nprint("old", word)\n', 'print("new")\n');
    const library = await writeFile('lib/words.py', 'word = "Grüße 👩‍🏫"\n');
    const empty: RunFile = { file: asId<FileId>(randomUUID()), path: 'empty.txt', revision: null };
    await startExecutor();
    const id = await request([{ ...file, revision: '0' }, library, empty]);
    await shows(id, 'old Grüße 👩‍🏫\n');
    await append(id, { type: 'RunCancelled', data: { by } });
    await reached(id, 'RunFinished');
  });

  it('lays out a binary file as it was at the recorded revision', async () => {
    const file = asId<FileId>(randomUUID());
    const metadata = { actor };
    for (const content of [Buffer.from([0, 255, 10, 13]), Buffer.from('later')]) {
      const sha256 = await blobs.put(content, 'application/octet-stream');
      const data = { sha256, size: content.length, mediaType: 'application/octet-stream' };
      const event = { id: randomUUID(), ...encodeEvent({ type: 'ContentStored', data }, metadata) };
      await store.append(streamOf.file(file), [event], { expected: 'any' });
    }
    await startExecutor();
    const main = await writeFile('main.py', 'print(open("raw.bin", "rb").read())\n');
    const id = await request([main, { file, path: 'raw.bin', revision: '0' }]);
    await shows(id, "b'\\x00\\xff\\n\\r'");
    await append(id, { type: 'RunCancelled', data: { by } });
    const all = await reached(id, 'RunFinished');
    expect(all.some(({ type }) => type === 'FilesCollected')).toBe(false);
  });

  const collected = (all: readonly RunEvent[]) =>
    all.flatMap((event) => (event.type === 'FilesCollected' ? [event.data] : []));

  it('records what the program wrote, at the prompt and at the end, before the end itself', async () => {
    await startExecutor();
    const source =
      'open("out.txt", "w").write("Grüße\\r\\n")\nopen("raw.bin", "wb").write(bytes(3))\nimport os\nos.symlink("/etc/passwd", "link")\n';
    const id = await request([await writeFile('main.py', source), await writeFile('data.txt', 'given')]);
    await reached(id, 'FilesCollected');
    expect(collected(await events(id))).toMatchObject([
      {
        batch: 0,
        files: [
          { path: 'out.txt', change: 'created', content: { kind: 'text', size: 9 } },
          { path: 'raw.bin', change: 'created', content: { kind: 'binary', size: 3 } },
        ],
        notKept: [{ path: 'link', reason: 'link' }],
      },
    ]);
    await append(id, {
      type: 'InputProvided',
      data: {
        by,
        text: 'os.rename("data.txt", "kept/data.txt") if os.mkdir("kept") is None else 0; open("raw.bin","wb").write(b"x\\0")\r\x04',
      },
    });
    const all = await reached(id, 'RunFinished');
    expect(all.at(-1)?.type).toBe('RunFinished');
    expect(collected(all).slice(1)).toMatchObject([
      {
        batch: 1,
        files: [
          { path: 'kept/data.txt', change: 'moved', from: 'data.txt' },
          { path: 'raw.bin', change: 'changed', content: { size: 2 } },
        ],
        notKept: [],
      },
    ]);
    const sha256 = collected(all)[0]?.files[0]?.content?.sha256 ?? '';
    expect(Buffer.from((await blobs.get(sha256))?.bytes ?? []).toString()).toBe('Grüße\r\n');
  });

  it('records what an executor that was killed had in its folder, once, and nothing of a folder that was not complete', async () => {
    const main = await writeFile('main.py', 'pass\n');
    const id = await request([main, await writeFile('gone.txt', 'x')], 0);
    await append(id, { type: 'RunStarted', data: { executor: 'k', attempt: 'a', sandbox: 'full', startedAt: 1 } });
    const folder = join(fixture.folder, id);
    await mkdir(join(folder, 'workspace'), { recursive: true });
    await write(join(folder, 'workspace', 'main.py'), 'pass\n');
    await write(join(folder, 'workspace', 'made.txt'), 'by the program');
    await recordLeftOver({ store, blobs, contents }, id, folder);
    expect(collected(await events(id))).toEqual([]);
    await markLaidOut(folder);
    await recordLeftOver({ store, blobs, contents }, id, folder);
    await markLaidOut(folder);
    await recordLeftOver({ store, blobs, contents }, id, folder);
    expect(collected(await events(id))).toMatchObject([
      {
        batch: 0,
        files: [
          { path: 'gone.txt', change: 'deleted' },
          { path: 'made.txt', change: 'created' },
        ],
      },
    ]);
  });

  it('stops a run that is told to, and one that had only been asked for', async () => {
    const waiting = await request('print("never")\n');
    await append(waiting, { type: 'RunCancelled', data: { by } });
    await startExecutor();
    expect(outcomeOf(await reached(waiting, 'RunFinished'))).toEqual([{ kind: 'cancelled' }]);
    expect((await events(waiting)).some(({ type }) => type === 'RunStarted')).toBe(false);
    const id = await request('print("on")\nwhile True: pass\n');
    await shows(id, 'on');
    await append(id, { type: 'RunCancelled', data: { by } });
    expect(outcomeOf(await reached(id, 'RunFinished'))).toEqual([{ kind: 'cancelled' }]);
  });

  it('gives the program what was typed before it was there', async () => {
    await startExecutor();
    const id = await request('print("got", input())\n');
    await reached(id, 'RunStarted');
    await append(id, { type: 'InputProvided', data: { by, text: 'early\r' } });
    await shows(id, 'got early');
    await append(id, { type: 'RunCancelled', data: { by } });
    await reached(id, 'RunFinished');
  });

  it('two executors, each run queued three times: every run is started once and ends once', async () => {
    await startExecutor('one');
    await startExecutor('two');
    const ids = await Promise.all(Array.from({ length: 6 }, () => request('print("once")\n', 3)));
    for (const id of ids) {
      await reached(id, 'ReplEntered');
      await append(id, { type: 'InputProvided', data: { by, text: '\x04' } });
    }
    for (const id of ids) {
      const all = await reached(id, 'RunFinished');
      expect(all.filter(({ type }) => type === 'RunStarted')).toHaveLength(1);
      expect(outcomeOf(all)).toEqual([{ kind: 'exited', code: 0 }]);
      expect(all.at(-1)?.type).toBe('RunFinished');
      expect(outputOf(all).split('once\n')).toHaveLength(2);
    }
  });

  const onRedis = place === 'Redis' ? it : () => undefined;

  onRedis('a run goes on, and those that wait are carried out, when Redis is killed and comes back', async () => {
    // One at a time: a run that is on its way to an executor just then is given out again only after its lock's time.
    await startExecutor('one', FULL, 1);
    const busy = await request('print("busy")\nprint("got", input())\n');
    await shows(busy, 'busy');
    const waiting = await Promise.all(Array.from({ length: 4 }, () => request('print("waited")\n')));
    await redis?.restart(async () => {
      await append(busy, { type: 'InputProvided', data: { by, text: 'through\r' } });
      await shows(busy, 'got through');
    });
    for (const id of waiting) await reached(id, 'ReplEntered');
    for (const id of [busy, ...waiting]) {
      await append(id, { type: 'InputProvided', data: { by, text: '\x04' } });
      const all = await reached(id, 'RunFinished');
      expect(outcomeOf(all)).toEqual([{ kind: 'exited', code: 0 }]);
      expect(all.filter(({ type }) => type === 'RunStarted')).toHaveLength(1);
    }
  });

  it('a run whose executor is gone ends as interrupted when its job comes again', async () => {
    const id = await request('print("x")\n');
    await append(id, {
      type: 'RunStarted',
      data: { executor: 'gone', attempt: 'a', sandbox: 'full', startedAt: Date.now() },
    });
    await append(id, { type: 'OutputEmitted', data: { chunks: [[0, 'kept']] } });
    await startExecutor();
    const all = await reached(id, 'RunFinished');
    expect(outcomeOf(all)).toEqual([{ kind: 'interrupted' }]);
    expect(outputOf(all)).toBe('kept');
  });

  it('its own left-over runs end as interrupted at its next start; finished and waiting ones stay as they are', async () => {
    const started = await request([], 0).catch(() => asId<RunId>(randomUUID()));
    const running = await request('pass\n', 0);
    await append(running, {
      type: 'RunStarted',
      data: { executor: 'one', attempt: 'a', sandbox: 'full', startedAt: 1 },
    });
    await endInterrupted(store, running);
    await endInterrupted(store, running);
    expect(outcomeOf(await events(running))).toEqual([{ kind: 'interrupted' }]);
    await endInterrupted(store, started);
    expect(outcomeOf(await events(started))).toEqual([]);
    await endInterrupted(store, asId<RunId>(randomUUID()));
  });

  it('ends what it runs as interrupted when it is stopped, also in the moment of starting', async () => {
    const executor = await startExecutor();
    const id = await request('print("here")\nwhile True: pass\n');
    await shows(id, 'here');
    const late = await request('print("here")\nwhile True: pass\n');
    await reached(late, 'RunStarted');
    executors.splice(executors.indexOf(executor), 1);
    await executor.consumer.close();
    await executor.sandboxes.close();
    await executor.presence.close();
    expect(await readdir(executor.runsFolder)).toEqual([]);
    expect(outcomeOf(await events(id))).toEqual([{ kind: 'interrupted' }]);
    expect(outcomeOf(await events(late))).toEqual([{ kind: 'interrupted' }]);
  });

  it('records no output after an end that somebody else wrote', async () => {
    await startExecutor();
    const id = await request('import time\nwhile True:\n    print("tick", flush=True)\n    time.sleep(0.005)\n');
    await shows(id, 'tick');
    await append(id, { type: 'RunFinished', data: { outcome: { kind: 'interrupted' }, usage: null } });
    await new Promise((done) => setTimeout(done, 400));
    const first = await events(id);
    await new Promise((done) => setTimeout(done, 300));
    const all = await events(id);
    expect(all.length).toBe(first.length);
    expect(outcomeOf(all)).toHaveLength(1);
  });

  it('a flood of output ends at the limit, recorded in few events, every byte up to it', async () => {
    await startExecutor();
    const id = await request('while True: print("0123456789" * 8)\n');
    const all = await reached(id, 'RunFinished');
    expect(outcomeOf(all)).toEqual([{ kind: 'output-limit', limitBytes: 300_000 }]);
    const text = all
      .flatMap((event) => (event.type === 'OutputEmitted' ? event.data.chunks : []))
      .map(([, piece]) => piece);
    expect(text.join('').length).toBe(300_000);
    expect(all.filter(({ type }) => type === 'OutputEmitted').length).toBeLessThan(300);
  });

  it('records what was raised, with its meaning', async () => {
    await startExecutor();
    const id = await request('count = 3\nprint(coutn)\n');
    const all = await reached(id, 'ReplEntered');
    const [raised] = all.filter((event) => event.type === 'ErrorRaised');
    expect(raised?.data).toMatchObject({
      ...{ exception: 'NameError', path: 'main.py', line: 2, ms: expect.any(Number) },
      explanation: { id: 'name-typo', text: expect.stringContaining('Did you mean "count"?') },
    });
    await append(id, { type: 'RunCancelled', data: { by } });
    await reached(id, 'RunFinished');
  });

  it('keeps plots as blobs, and records them between the output before and after', async () => {
    await startExecutor();
    const plot = 'import time, matplotlib.pyplot as plt\nprint("before", flush=True)\ntime.sleep(0.3)\n';
    const id = await request(`${plot}plt.plot([1, 2])\nplt.show()\ntime.sleep(0.3)\nprint("after")\n`);
    const all = await reached(id, 'ReplEntered', 60_000);
    const text = (event: RunEvent) =>
      event.type === 'OutputEmitted' ? event.data.chunks.map(([, piece]) => piece).join('') : '';
    const place = (what: (event: RunEvent) => boolean) => all.findIndex(what);
    const at = place(({ type }) => type === 'FigureProduced');
    expect(place((event) => text(event).includes('before'))).toBeLessThan(at);
    expect(place((event) => text(event).includes('after'))).toBeGreaterThan(at);
    const [figure] = all.filter((event) => event.type === 'FigureProduced');
    const blob = await blobs.get(figure?.data.sha256 ?? '');
    expect(figure?.data).toMatchObject({ mediaType: 'image/png', bytes: blob?.size, width: 640, height: 480 });
    expect(
      Buffer.from(blob?.bytes ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    await append(id, { type: 'RunCancelled', data: { by } });
    await reached(id, 'RunFinished');
  }, 90_000);

  it('refuses what the request says, and nothing in old requests', async () => {
    await startExecutor();
    const source = 'import os\nprint("status", os.system("true"))\n';
    const old = await request(source);
    await shows(old, 'status 0');
    const id = await request(source, 1, ['os.system']);
    const [raised] = (await reached(id, 'ErrorRaised')).filter((event) => event.type === 'ErrorRaised');
    expect(raised?.data.explanation?.id).toBe('module-refused');
    for (const run of [old, id]) {
      await append(run, { type: 'RunCancelled', data: { by } });
      await reached(run, 'RunFinished');
    }
  });

  it('without a sandbox that holds, nothing is run and the reason is told', async () => {
    await startExecutor('one', { level: 'none', reason: 'bubblewrap is missing: install it.' });
    const id = await request('print("never")\n');
    const all = await reached(id, 'RunFinished');
    expect(outcomeOf(all)).toEqual([{ kind: 'refused', reason: 'bubblewrap is missing: install it.' }]);
    expect(all.map(({ type }) => type)).toEqual(['RunRequested', 'RunFinished']);
  });

  it('an executor of a name that is at work already is not let in', async () => {
    await startExecutor('taken');
    const second = new ExecutorPresence(database.url, 'taken');
    expect(await second.announce()).toBe(false);
    expect(await second.isAtWork('taken')).toBe(true);
    expect(await second.isAtWork('nobody')).toBe(false);
    await second.close();
  });
});

async function queueInPostgres(connectionString: string): Promise<Queue<{ runId: string }>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await runMigrations(client as never, 'bullmq');
  await client.end();
  const connection = { connectionString, schema: 'bullmq' };
  return new Queue(RUN_QUEUE, { connection: connection as never }, createPostgresBackend as never);
}
