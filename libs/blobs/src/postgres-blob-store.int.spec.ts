import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { BlobTooLarge, MAX_BLOB_BYTES } from './blob-store.js';
import { BlobsTooNew, migratePostgresBlobs, PostgresBlobStore } from './postgres-blob-store.js';

let database: TestDatabase;
let owner: pg.Client;
let pool: pg.Pool;
let store: PostgresBlobStore;
const role = `blob_${randomBytes(4).toString('hex')}`;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await owner.query(`create role ${role} login password 'x'`);
  await migratePostgresBlobs(owner, [role]);
  await migratePostgresBlobs(owner, [role]);
  pool = new pg.Pool({ connectionString: database.url.replace(/\/\/[^@]*@/, `//${role}:x@`), max: 2 });
  store = new PostgresBlobStore(pool);
});
afterAll(async () => {
  await pool.end();
  await owner.query(`drop owned by ${role}; drop role ${role}`);
  await owner.end();
  await database.drop();
});

test('bytes come back by their hash, are kept once, and the first media type stays', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  const hash = await store.put(bytes, 'image/png');
  expect(hash).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(await store.put(bytes, 'text/plain')).toBe(hash);
  const blob = await store.get(hash);
  expect(blob).toMatchObject({ sha256: hash, mediaType: 'image/png', size: 256 });
  expect(Buffer.from(blob?.bytes ?? [])).toEqual(Buffer.from(bytes));
  expect(await store.get('0'.repeat(64))).toBeUndefined();
  expect(await store.get('no hash')).toBeUndefined();
});

test('a part is read in pieces, and no further than the blob goes', async () => {
  const bytes = randomBytes(700_000);
  const hash = await store.put(bytes, 'x');
  const read = async (start: number, end: number) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of store.read(hash, start, end)) pieces.push(piece);
    return { whole: Buffer.concat(pieces), pieces: pieces.length };
  };
  expect(await store.info(hash)).toEqual({ sha256: hash, mediaType: 'x', size: 700_000 });
  expect((await read(0, 700_000)).whole.equals(bytes)).toBe(true);
  expect((await read(0, 700_000)).pieces).toBe(3);
  expect((await read(262_143, 524_289)).whole.equals(bytes.subarray(262_143, 524_289))).toBe(true);
  expect((await read(699_999, 800_000)).whole.equals(bytes.subarray(699_999))).toBe(true);
  expect([(await read(700_000, 700_001)).pieces, (await read(5, 5)).pieces]).toEqual([0, 0]);
  expect(await store.info('0'.repeat(64))).toBeUndefined();
});

test('the largest is kept, one byte more is refused', async () => {
  const hash = await store.put(Buffer.alloc(MAX_BLOB_BYTES), 'application/octet-stream');
  expect((await store.get(hash))?.size).toBe(MAX_BLOB_BYTES);
  await expect(store.put(Buffer.alloc(MAX_BLOB_BYTES + 1), 'x')).rejects.toBeInstanceOf(BlobTooLarge);
  await store.put(new Uint8Array(), 'x');
});

test('a list gives all of them, over pages, in the order of their hashes', async () => {
  const hashes = await Promise.all(Array.from({ length: 1001 }, (_, n) => store.put(Buffer.from(`${n}`), 'x')));
  const listed: string[] = [];
  for await (const { sha256 } of store.list()) listed.push(sha256);
  expect(listed).toEqual(listed.toSorted());
  expect(new Set(listed).size).toBe(listed.length);
  expect(hashes.every((hash) => listed.includes(hash))).toBe(true);
});

test('a role of the application can neither change nor remove one', async () => {
  await expect(pool.query(`update blob.content set media_type = 'x'`)).rejects.toMatchObject({ code: '42501' });
  await expect(pool.query('delete from blob.content')).rejects.toMatchObject({ code: '42501' });
});

test('a newer schema is refused', async () => {
  await owner.query('insert into blob.migration (version) values (99)');
  await expect(migratePostgresBlobs(owner)).rejects.toBeInstanceOf(BlobsTooNew);
  await owner.query('delete from blob.migration where version = 99');
});
