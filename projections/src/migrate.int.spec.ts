import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { migrateReadModels, ReadModelsTooNew } from './migrate.js';
import { sql as first } from './migrations/0001-read-models.js';

describe('the schema of the read models', () => {
  let database: TestDatabase;
  let client: pg.Client;
  const role = `reader_${Math.random().toString(36).slice(2)}`;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`create role ${role}`);
  });
  afterAll(async () => {
    await client.query(`drop owned by ${role}; drop role ${role}`);
    await client.end();
    await database.drop();
  });

  it('of a database that worked with the first migration goes on where it was', async () => {
    await client.query(
      'create schema read; create table read.migration (version int primary key, applied_at timestamptz)',
    );
    await client.query(first);
    await client.query(`insert into read.migration (version) values (1);
      insert into read.checkpoint (projection, version, epoch, position) values ('audit', 1, 'a log', '42');
      grant usage on schema read to ${role}; grant truncate on all tables in schema read to ${role}`);
    await migrateReadModels(client, [role]);
    const { rows } = await client.query('select projection, version, epoch, position from read.checkpoint order by 1');
    expect(rows).toEqual([
      { projection: 'audit', version: 1, epoch: 'a log', position: '42' },
      { projection: 'directory', version: 1, epoch: null, position: null },
      { projection: 'runs', version: 1, epoch: null, position: null },
    ]);
  });

  it('lets the api’s role fill the tables, and neither empty them nor decide what is left out', async () => {
    const { rows } = await client.query(
      `select has_table_privilege($1, 'read.person', 'insert') as fills,
              has_table_privilege($1, 'read.person', 'truncate') as empties,
              has_table_privilege($1, 'read.skip', 'select') as sees,
              has_table_privilege($1, 'read.skip', 'insert') as skips,
              has_table_privilege($1, 'read.rebuild', 'update') as rebuilds`,
      [role],
    );
    expect(rows).toEqual([{ fills: true, empties: false, sees: true, skips: false, rebuilds: false }]);
  });

  it('of a newer program is refused', async () => {
    await client.query('insert into read.migration (version) values (99)');
    await expect(migrateReadModels(client)).rejects.toBeInstanceOf(ReadModelsTooNew);
  });
});
