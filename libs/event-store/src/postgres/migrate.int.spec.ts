import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { collect, event, events, newStream } from '../contract/samples.js';
import { InvalidArgument, SchemaMismatch, WrongExpectedVersion } from '../errors.js';
import type { NewEvent } from '../event-store.js';
import { migratePostgresEventStore } from './migrate.js';
import { migrations } from './migrations/index.js';
import { createPostgresEventStore, type PostgresEventStore } from './postgres-event-store.js';

let database: TestDatabase;
let owner: pg.Client;
let store: PostgresEventStore | undefined;
const role = `app_${randomBytes(4).toString('hex')}`;
beforeEach(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await owner.end();
  await database.drop();
});

test('migrating again, and five at once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => migratePostgresEventStore(database.url)));
  await migratePostgresEventStore(owner);
  const { rows } = await owner.query<{ version: number }>('select version from es.migration order by version');
  expect(rows.map(({ version }) => version)).toEqual(migrations.map(({ version }) => version));
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, n) => n + 1));
});

test('a schema newer than the program is refused', async () => {
  await migratePostgresEventStore(owner);
  await owner.query(`insert into es.migration (version, name, sha256) values (${migrations.length + 1}, 'x', '')`);
  await expect(migratePostgresEventStore(owner)).rejects.toBeInstanceOf(SchemaMismatch);
});

test('an altered migration is refused, and nothing is left of the attempt', async () => {
  await migratePostgresEventStore(owner);
  await owner.query(`update es.migration set sha256 = '' where version = 2`);
  await owner.query('delete from es.migration where version > 2');
  await expect(migratePostgresEventStore(owner)).rejects.toThrow(/Migration 2 \(append\)/);
  expect((await owner.query('select from es.migration')).rowCount).toBe(2);
});

test('[ID2] [ID3] a log made by an older release is migrated with its events, and knows their repetitions', async () => {
  await owner.query(`create schema es; create table es.migration (
    version int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`);
  for (const { version, name, sql } of migrations.slice(0, 3)) {
    await owner.query(sql);
    const sha256 = createHash('sha256').update(sql).digest('hex');
    await owner.query('insert into es.migration (version, name, sha256) values ($1, $2, $3)', [version, name, sha256]);
  }
  const [stream, batch] = [newStream(), events(3)];
  const payload = Buffer.concat(batch.map(({ data }) => data));
  const sizes = batch.map(({ data }) => data.byteLength);
  const offsets = sizes.map((_, n) => 1 + sizes.slice(0, n).reduce((sum, size) => sum + size, 0));
  // As the release of migration 3 called it, with "any".
  const { rows } = await owner.query<{ outcome: string }>(
    `select * from es.append(array[$1], array[-2], array[3], array[1, 1, 1], $2, $3, $4, $5, $6, array[null, null, null]::int[], $7, false)`,
    [stream, batch.map(({ id }) => id), batch.map(({ type }) => type), [true, true, true], offsets, sizes, payload],
  );
  expect(rows[0]?.outcome).toBe('ok');
  const old = { revision: 2n, position: '3' };
  await migratePostgresEventStore(owner);
  store = createPostgresEventStore({ connectionString: database.url });
  const read = await collect(store.readAll());
  expect(read.map(({ id, data }) => [id, data])).toEqual(batch.map(({ id, data }) => [id, Buffer.from(data)]));
  expect(await store.append(stream, batch, { expected: 'any' })).toEqual({ ...old, replayed: true });
  await expect(store.append(stream, [event(), batch[1] as NewEvent], { expected: 'any' })).rejects.toBeInstanceOf(
    WrongExpectedVersion,
  );
  expect(await store.append(stream, events(2), { expected: 2n })).toMatchObject({ revision: 4n, position: '5' });
  expect((await collect(store.readAll())).slice(0, 3)).toEqual(read);
});

test('a database that was never migrated says so', async () => {
  store = createPostgresEventStore({ connectionString: database.url });
  await expect(store.head()).rejects.toBeInstanceOf(SchemaMismatch);
  await expect(store.append(newStream(), [event()], { expected: 'any' })).rejects.toBeInstanceOf(SchemaMismatch);
});

test('a role that does not exist', async () => {
  await expect(migratePostgresEventStore(owner, { applicationRoles: ['nobody "here"'] })).rejects.toBeInstanceOf(
    InvalidArgument,
  );
});

test('the application role can use the store, and change nothing behind its back', async () => {
  await owner.query(`create role ${role} login password 'x'`);
  try {
    await migratePostgresEventStore(owner, { applicationRoles: [role] });
    const url = database.url.replace(/\/\/[^@]*@/, `//${role}:x@`);
    store = createPostgresEventStore({ connectionString: url });
    const stream = newStream();
    await store.append(stream, [event()], { expected: 'noStream' });
    await store.setStreamMetadata(stream, { maxCount: 1 }, 'any');
    await store.delete(stream, 'any');
    expect(await store.head()).toBe('1');
    expect(await store.identity()).toMatch(/^[0-9a-f-]{36}$/);
    const application = new pg.Client({ connectionString: url });
    await application.connect();
    for (const statement of [
      'update es.event set data = data',
      'delete from es.event',
      'truncate es.event',
      'insert into es.stream (name) values (1)',
      'insert into es.event select * from es.event',
      'update es.stream set state = 0',
      'update es.log set epoch = gen_random_uuid()',
      'select es.renew_epoch()',
      'drop table es.event',
      'alter table es.event disable trigger all',
      'create table es.mine (x int)',
    ])
      await expect(application.query(statement)).rejects.toMatchObject({ code: '42501' });
    await application.end();
    await store.close();
  } finally {
    await owner.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('metadata that repeats is kept once, and comes back with every event, live and from the log', async () => {
  await migratePostgresEventStore(owner);
  store = createPostgresEventStore({ connectionString: database.url });
  const [stream, end] = [newStream(), new AbortController()];
  const metadata = (name: string) => Buffer.from(JSON.stringify({ v: 1, name, padding: 'x'.repeat(80) }));
  const [ada, ben] = [metadata('ada'), metadata('ben')];
  const wrote = [ada, ada, ben, ada, undefined, ben, Buffer.from('short'), Buffer.from('short')];
  const live: unknown[] = [];
  const following = (async () => {
    for await (const item of (store as PostgresEventStore).subscribe({ after: 'start', signal: end.signal }))
      if (item.kind === 'event' && live.push(item.event) === wrote.length) return;
  })();
  for (const [n, one] of wrote.entries())
    await store.append(stream, [{ ...event(), ...(one && { metadata: one }) }], {
      expected: n ? BigInt(n - 1) : 'noStream',
    });
  await following;
  const other = createPostgresEventStore({ connectionString: database.url });
  const read = await collect(other.readAll());
  await other.close();
  expect(read.map((one) => one.metadata)).toEqual(wrote);
  expect(live).toEqual(read);
  const { rows } = await owner.query('select bytes from es.metadata order by bytes');
  expect(rows).toEqual([{ bytes: ada }, { bytes: ben }]);
  const kept = await owner.query('select count(metadata_key)::int as named, count(metadata)::int as own from es.event');
  expect(kept.rows).toEqual([{ named: 3, own: 4 }]);
  for (const statement of ['update es.metadata set bytes = bytes', 'delete from es.metadata', 'truncate es.metadata'])
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
});

test('a log that has lost kept metadata says that it is damaged, and gives nothing in its place', async () => {
  await migratePostgresEventStore(owner);
  store = createPostgresEventStore({ connectionString: database.url });
  const metadata = Buffer.alloc(100, 'm');
  for (let n = 0; n < 2; n++) await store.append(newStream(), [{ ...event(), metadata }], { expected: 'any' });
  await owner.query('alter table es.metadata disable trigger all; delete from es.metadata');
  await expect(collect(store.readAll())).rejects.toThrow(/damaged.*Restore a backup/s);
});

test('even the owner cannot change events', async () => {
  await migratePostgresEventStore(owner);
  for (const statement of ['update es.event set data = data', 'delete from es.event', 'truncate es.event'])
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
});

test('a renewed epoch is another identity', async () => {
  await migratePostgresEventStore(owner);
  store = createPostgresEventStore({ connectionString: database.url });
  const before = await store.identity();
  await owner.query('select es.renew_epoch()');
  expect(await store.identity()).not.toBe(before);
});
