import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { prepareDatabase } from './prepare-database.js';

let database: TestDatabase;
let owner: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await prepareDatabase({ ownerUrl: database.url });
});
afterEach(async () => {
  await owner.end();
  await database.drop();
});

test('preparing again changes nothing', async () => {
  await prepareDatabase({ ownerUrl: database.url });
});

test.each([
  ['es', `insert into es.migration (version, name, sha256) values (99, 'x', '')`, /event log .* schema version 99/],
  ['read', 'insert into read.migration (version) values (99)', /read models .* schema version 99/],
  ['blob', 'insert into blob.migration (version) values (99)', /blobs .* schema version 99/],
  ['ops', 'insert into ops.migration (version) values (99)', /credentials .* schema version 99/],
  ['evidence', 'insert into evidence.migration (version) values (99)', /evidence .* schema version 99/],
  ['snapshot', 'insert into snapshot.migration (version) values (99)', /snapshots .* schema version 99/],
])('a schema "%s" of a newer version of the program is refused', async (_schema, statement, sentence) => {
  await owner.query(statement);
  await expect(prepareDatabase({ ownerUrl: database.url })).rejects.toThrow(sentence);
});

test('the api writes and removes snapshots; the executor reads them', async () => {
  const name = (who: string) => `${who}_${Math.random().toString(36).slice(2)}`;
  const [api, executor] = [
    { name: name('api'), password: 'x' },
    { name: name('executor'), password: 'x' },
  ];
  await prepareDatabase({ ownerUrl: database.url, api, executor });
  const rights = async (role: string) => {
    const { rows } = await owner.query<{ right: string }>(
      `select p as right from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p
       where has_table_privilege($1, 'snapshot.content', p) and has_schema_privilege($1, 'snapshot', 'usage')`,
      [role],
    );
    return rows.map(({ right }) => right);
  };
  expect(await rights(api.name)).toEqual(['select', 'insert', 'update', 'delete']);
  expect(await rights(executor.name)).toEqual(['select']);
});
