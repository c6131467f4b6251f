import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { BlobInfo, BlobStore } from '@palimpsest/blobs';
import type { EventStore, NewEvent, RecordedEvent, StreamInfo } from '@palimpsest/event-store';
import { type ContractLog, createInProcessLog, createPostgresLog } from '@palimpsest/event-store/testing';
import { createHash } from 'node:crypto';
import { exportArchive } from './export-archive.js';
import { importArchive } from './import-archive.js';
import { formatManifest, parseManifest, type Manifest } from './manifest.js';
import { verifyArchive } from './verify-archive.js';

/** The port's blobs in memory: what an archive does with them does not depend on where they are. */
class MemoryBlobs implements BlobStore {
  readonly kept = new Map<string, { bytes: Uint8Array; mediaType: string }>();

  put(bytes: Uint8Array, mediaType: string): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest('hex');
    if (!this.kept.has(hash)) this.kept.set(hash, { bytes: Uint8Array.from(bytes), mediaType });
    return Promise.resolve(hash);
  }

  get(sha256: string) {
    const blob = this.kept.get(sha256);
    return Promise.resolve(blob && { ...blob, sha256, size: blob.bytes.length });
  }

  async *list(): AsyncGenerator<BlobInfo> {
    for (const [sha256, { bytes, mediaType }] of this.kept) yield { sha256, mediaType, size: bytes.length };
  }
}

const logs = { Postgres: createPostgresLog, KurrentDB: () => createInProcessLog() } as const;
type Adapter = keyof typeof logs;

function event(fields: Partial<NewEvent> = {}): NewEvent {
  return { id: randomUUID(), type: 'noted', contentType: 'json', data: Buffer.from('{"a":1}'), ...fields };
}

async function all(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const one of store.readAll()) events.push(one);
  return events;
}

/** What two logs with the same content have in common. */
async function content(store: EventStore): Promise<unknown[]> {
  return (await all(store)).map(({ position: _position, data, metadata, ...rest }) => ({
    ...rest,
    data: Buffer.from(data).toString('hex'),
    metadata: metadata && Buffer.from(metadata).toString('hex'),
  }));
}

async function visible(store: EventStore, stream: string): Promise<unknown> {
  const ids: string[] = [];
  try {
    for await (const { id } of store.readStream(stream)) ids.push(id);
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
  return ids;
}

/** Streams of every kind that a log can have. */
async function fill(store: EventStore): Promise<string[]> {
  const streams = ['file-1', 'file-2', 'room-ünï', 'gone-1', 'back-1', 'dead-1', 'short-1'];
  const payloads = [
    event(),
    event({ data: Buffer.from('{"n": 12345678901234567890, "t":"ü🦊\\u0000"}'), metadata: Buffer.from('{"v":1}') }),
    event({ contentType: 'binary', data: Uint8Array.from({ length: 256 }, (_, n) => n), metadata: Buffer.alloc(0) }),
    event({ contentType: 'binary', data: new Uint8Array(), metadata: Buffer.from([0, 0x70, 0x6c, 0x73, 1]) }),
    event({ contentType: 'binary', data: randomBytes(900_000), type: 'Größe' }),
  ];
  for (const stream of streams)
    for (const payload of payloads) await store.append(stream, [{ ...payload, id: randomUUID() }], { expected: 'any' });
  await store.setStreamMetadata('short-1', { maxCount: 2, custom: { why: 'test' } }, 'any');
  await store.delete('gone-1', 'any');
  await store.delete('back-1', 'any');
  await store.append('back-1', [event(), event()], { expected: 'any' });
  await store.tombstone('dead-1', 'any');
  return streams;
}

let folder: string;
let source: ContractLog;
const opened: ContractLog[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'palimpsest-archive-')), 'archive');
});
afterEach(async () => {
  for (const log of opened.splice(0)) await log.dispose();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

async function open(adapter: Adapter): Promise<EventStore> {
  const log = await logs[adapter]();
  opened.push(log);
  return log.open();
}

describe.each<[Adapter, Adapter]>([
  ['Postgres', 'Postgres'],
  ['Postgres', 'KurrentDB'],
  ['KurrentDB', 'Postgres'],
  ['KurrentDB', 'KurrentDB'],
])('from %s to %s', (from, to) => {
  test('events, times, streams in every state and blobs arrive as they were', async () => {
    const [old, next] = [await open(from), await open(to)];
    const [blobs, newBlobs] = [new MemoryBlobs(), new MemoryBlobs()];
    const streams = await fill(old);
    await blobs.put(randomBytes(5_000), 'image/png');
    await blobs.put(new Uint8Array(), 'text/plain');
    await exportArchive({ store: old, blobs, folder });
    expect((await verifyArchive(folder)).problems).toEqual([]);
    const given = await content(old);
    const result = await importArchive({ store: next, blobs: newBlobs, folder });
    expect(result).toEqual({ events: given.length, known: 0, blobs: 2, complete: true });
    expect(await content(next)).toEqual(given);
    expect(newBlobs.kept).toEqual(blobs.kept);
    for (const stream of streams) {
      expect([stream, await visible(next, stream)]).toEqual([stream, await visible(old, stream)]);
      const states = [await old.streamInfo(stream), await next.streamInfo(stream)].map(comparable);
      expect(states[1]).toEqual(states[0]);
    }
    const { metadata } = await next.streamInfo('short-1');
    expect(metadata).toEqual({ maxCount: 2, custom: { why: 'test' } });
    // A second import finds everything there; an archive of the copy has the same records.
    expect(await importArchive({ store: next, blobs: newBlobs, folder })).toMatchObject({
      events: 0,
      known: given.length,
    });
    expect(await content(next)).toEqual(given);
  });
});

function comparable({ exists, revision, deleted, tombstoned }: StreamInfo): Partial<StreamInfo> {
  return { exists, revision, deleted, tombstoned };
}

describe('export', () => {
  const blobs = new MemoryBlobs();

  test('goes on where the last one ended, and leaves finished files alone', async () => {
    const store = await open('Postgres');
    await store.append('a-1', [event(), event()], { expected: 'any' });
    const first = await exportArchive({ store, blobs, folder });
    expect(first).toMatchObject({ events: 2, complete: true });
    const [file] = first.manifest.segments.map((segment) => segment.file);
    const before = await stat(join(folder, file ?? ''));
    expect((await exportArchive({ store, blobs, folder })).events).toBe(0);
    await store.append('a-1', [event()], { expected: 'any' });
    const third = await exportArchive({ store, blobs, folder });
    expect(third).toMatchObject({ events: 1, manifest: { events: 3 } });
    expect((await stat(join(folder, file ?? ''))).mtimeMs).toBe(before.mtimeMs);
    const target = await open('Postgres');
    await importArchive({ store: target, blobs, folder });
    expect(await content(target)).toEqual(await content(store));
  });

  test('ended in the middle, and killed before archive.json was written, it is carried on', async () => {
    const store = await open('Postgres');
    for (let n = 0; n < 6; n++)
      await store.append(
        `a-${n}`,
        Array.from({ length: 500 }, () => event()),
        { expected: 'any' },
      );
    const end = new AbortController();
    const part = await exportArchive({ store, blobs, folder, onProgress: () => end.abort(), signal: end.signal });
    expect(part).toMatchObject({ complete: false });
    expect(part.events).toBeGreaterThan(0);
    expect(part.events).toBeLessThan(3000);
    expect((await verifyArchive(folder)).problems).toEqual([]);
    // What a kill leaves: an unfinished file, a finished one that is not entered, and the lock of a process that is gone.
    await writeFile(join(folder, '000777-events.ndjson.gz.partial'), 'x');
    await writeFile(join(folder, '000778-events.ndjson.gz'), 'x');
    await writeFile(join(folder, 'archive.lock'), '999999999');
    const rest = await exportArchive({ store, blobs, folder });
    expect(rest).toMatchObject({ complete: true, manifest: { events: 3000 } });
    const files = ['archive.json', ...rest.manifest.segments.map(({ file }) => file)];
    expect((await readdir(folder)).sort()).toEqual(files.sort());
    const target = await open('Postgres');
    await importArchive({ store: target, blobs, folder });
    expect(await content(target)).toEqual(await content(store));
  });

  test('an empty log is an archive too', async () => {
    const [store, target] = [await open('Postgres'), await open('KurrentDB')];
    await exportArchive({ store, blobs: new MemoryBlobs(), folder });
    expect((await verifyArchive(folder)).problems).toEqual([]);
    expect(await importArchive({ store: target, blobs: new MemoryBlobs(), folder })).toMatchObject({ events: 0 });
  });

  test('states of streams are those of the last export', async () => {
    const store = await open('Postgres');
    await store.append('a-1', [event()], { expected: 'any' });
    await store.delete('a-1', 'any');
    await exportArchive({ store, blobs, folder });
    await store.append('a-1', [event()], { expected: 'any' });
    await store.tombstone('a-1', 'any');
    const { manifest } = await exportArchive({ store, blobs, folder });
    expect(manifest.segments.filter(({ kind }) => kind === 'streams')).toHaveLength(1);
    const target = await open('KurrentDB');
    await importArchive({ store: target, blobs, folder });
    expect(await target.streamInfo('a-1')).toMatchObject({ tombstoned: true, revision: 1n });
  });

  test.each([
    ['another log', 'archive-of-another-log', async () => open('Postgres')],
    [
      'the same log, restored from before',
      'archive-of-another-log',
      async (store: EventStore) => Object.assign(await open('Postgres'), { identity: () => store.identity() }),
    ],
  ])('of %s into the folder is refused', async (_name, code, other) => {
    const store = await open('Postgres');
    await store.append('a-1', [event()], { expected: 'any' });
    await exportArchive({ store, blobs, folder });
    await expect(exportArchive({ store: await other(store), blobs, folder })).rejects.toMatchObject({ code });
  });

  test('to a folder with other files, to no folder, and twice at once is refused', async () => {
    const store = await open('Postgres');
    await expect(exportArchive({ store, blobs, folder: '/dev/null/no' })).rejects.toMatchObject({
      code: 'folder-not-writable',
    });
    await expect(exportArchive({ store, blobs, folder: import.meta.dirname })).rejects.toMatchObject({
      code: 'folder-not-empty',
    });
    await exportArchive({ store, blobs, folder });
    await writeFile(join(folder, 'archive.lock'), '1');
    await expect(exportArchive({ store, blobs, folder })).rejects.toMatchObject({ code: 'archive-in-use' });
  });
});

describe('import', () => {
  const blobs = new MemoryBlobs();
  beforeAll(async () => {
    source = await createPostgresLog();
    const store = source.open();
    for (let n = 0; n < 30; n++)
      await store.append(
        `a-${n % 7}`,
        Array.from({ length: 100 }, () => event()),
        { expected: 'any' },
      );
  });
  afterAll(() => source.dispose());
  beforeEach(async () => {
    await exportArchive({ store: source.open(), blobs, folder });
  });

  test.each<[Adapter]>([['Postgres'], ['KurrentDB']])('ended in the middle it is carried on: %s', async (adapter) => {
    const store = await open(adapter);
    const end = new AbortController();
    const stop = { onProgress: () => end.abort(), signal: end.signal };
    const part = await importArchive({ store, blobs, folder, ...stop });
    expect(part).toMatchObject({ complete: false });
    const there = (await all(store)).length;
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(3000);
    expect(await importArchive({ store, blobs, folder })).toMatchObject({ known: there, events: 3000 - there });
    expect(await content(store)).toEqual(await content(source.open()));
  });

  test('into a store with other events is refused, and nothing is written', async () => {
    const store = await open('Postgres');
    await store.append('mine-1', [event()], { expected: 'any' });
    await expect(importArchive({ store, blobs, folder })).rejects.toMatchObject({
      code: 'store-differs',
      message: expect.stringContaining('mine-1'),
    });
    expect(await all(store)).toHaveLength(1);
  });

  test('into a store that has gone on says so', async () => {
    const store = await open('Postgres');
    await importArchive({ store, blobs, folder });
    await store.append('a-1', [event()], { expected: 'any' });
    await expect(importArchive({ store, blobs, folder })).rejects.toMatchObject({ code: 'store-ahead' });
  });

  test('of a damaged archive writes nothing of the damaged file', async () => {
    const { segments } = parseManifest(await readFile(join(folder, 'archive.json'), 'utf8'), folder);
    const path = join(folder, segments[0]?.file ?? '');
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const store = await open('Postgres');
    await expect(importArchive({ store, blobs, folder })).rejects.toMatchObject({ code: 'archive-damaged' });
    expect(await all(store)).toEqual([]);
  });

  test('of an archive of a newer format, and of no archive, is refused', async () => {
    const file = join(folder, 'archive.json');
    const manifest = parseManifest(await readFile(file, 'utf8'), folder);
    await writeFile(file, formatManifest({ ...manifest, version: 2 } as Manifest));
    const store = await open('Postgres');
    await expect(importArchive({ store, blobs, folder })).rejects.toMatchObject({ code: 'archive-too-new' });
    await expect(importArchive({ store, blobs, folder: '/nowhere' })).rejects.toMatchObject({
      code: 'archive-missing',
    });
  });
});

describe('verify', () => {
  const blobs = new MemoryBlobs();

  async function small(): Promise<readonly string[]> {
    const store = await open('Postgres');
    await store.append('a-1', [event(), event({ contentType: 'binary', data: randomBytes(40) })], { expected: 'any' });
    await store.setStreamMetadata('a-1', { maxCount: 5 }, 'any');
    await blobs.put(Buffer.from('blob'), 'text/plain');
    await exportArchive({ store, blobs, folder });
    return readdir(folder);
  }

  const findings = () =>
    verifyArchive(folder).then(
      ({ problems }) => problems,
      (error: { readonly code: string; readonly message: string }) => [`${error.code}: ${error.message}`],
    );

  test('finds every flipped byte of every file', async () => {
    const files = await small();
    expect(files).toHaveLength(4);
    for (const file of files) {
      const path = join(folder, file);
      const bytes = await readFile(path);
      for (let n = 0; n < bytes.length; n++) {
        const flipped = Buffer.from(bytes);
        flipped[n] = (flipped[n] ?? 0) ^ (1 << (n % 8));
        await writeFile(path, flipped);
        expect({ file, n, found: (await findings()).length }).toEqual({ file, n, found: 1 });
      }
      await writeFile(path, bytes);
    }
    expect(await findings()).toEqual([]);
  });

  test('finds a missing, a shortened and a foreign file, each by its name', async () => {
    const files = (await small()).filter((file) => file !== 'archive.json');
    const [first = '', second = '', third = ''] = files;
    await truncate(join(folder, first), 20);
    await rm(join(folder, second));
    await writeFile(join(folder, third), await readFile(join(folder, first)));
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const { problems, strangers } = await verifyArchive(folder);
    expect(problems).toEqual([
      expect.stringContaining(`${first} of the archive is damaged: it has 20 bytes`),
      expect.stringContaining(`${second} of the archive is damaged: it is missing`),
      expect.stringContaining(`${third} of the archive is damaged`),
    ]);
    expect(strangers).toEqual(['notes.txt']);
  });

  test('a checksum that fits does not hide records that cannot be read', async () => {
    await small();
    const file = join(folder, 'archive.json');
    const manifest = parseManifest(await readFile(file, 'utf8'), folder);
    const [segment] = manifest.segments;
    if (!segment) throw new Error('no segment');
    await writeFile(file, formatManifest({ ...manifest, segments: [{ ...segment, records: 7 }], events: 7, blobs: 0 }));
    expect(await findings()).toEqual([expect.stringContaining('it has 2 records instead of 7')]);
  });

  test('any program can read the files: gzip, and a JSON object a line', async () => {
    await small();
    const manifest = parseManifest(await readFile(join(folder, 'archive.json'), 'utf8'), folder);
    const [segment] = manifest.segments;
    const lines = gunzipSync(await readFile(join(folder, segment?.file ?? '')))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toEqual({ format: 'palimpsest-archive', version: 1, kind: 'events', file: segment?.file });
    expect(lines[1]).toMatchObject({
      stream: 'a-1',
      revision: '0',
      type: 'noted',
      contentType: 'json',
      data: '{"a":1}',
    });
    expect(lines[2]).toHaveProperty('dataBase64');
  });
});
