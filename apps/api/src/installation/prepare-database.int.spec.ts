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
])('a schema "%s" of a newer version of the program is refused', async (_schema, statement, sentence) => {
  await owner.query(statement);
  await expect(prepareDatabase({ ownerUrl: database.url })).rejects.toThrow(sentence);
});
