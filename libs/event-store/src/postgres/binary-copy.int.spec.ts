import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import { literal, type CopiedRow } from './binary-copy.js';
import { ReadPool } from './read-pool.js';

let database: TestDatabase;
let pool: ReadPool;
beforeEach(async () => {
  database = await createTestDatabase();
  pool = new ReadPool({ connectionString: database.url, max: 1 }, 1000);
});
afterEach(async () => {
  await pool.close();
  await database.drop();
});

const bigint = (row: CopiedRow) => row.bigint();

test('every kind of column, with its extremes', async () => {
  const select = `select * from (values
    (0::int8, true, '2024-02-29 12:34:56.789999+00'::timestamptz, '00112233-4455-6677-8899-aabbccddeeff'::uuid, '', '\\x'::bytea),
    (9223372036854775807, false, '1999-12-31 23:59:59.999+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ä😀', null),
    (-1, false, '1970-01-01 00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'x', '\\x00ff')) v`;
  const rows = await pool.copy(select, (row) => [
    ...[row.bigint(), row.boolean(), row.time().toISOString()],
    ...[row.uuid(), row.text(), row.bytea()?.toString('hex')],
  ]);
  expect(rows).toEqual([
    [0n, true, '2024-02-29T12:34:56.789Z', '00112233-4455-6677-8899-aabbccddeeff', '', ''],
    [2n ** 63n - 1n, false, '1999-12-31T23:59:59.999Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ä😀', undefined],
    [-1n, false, '1970-01-01T00:00:00.000Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'x', '00ff'],
  ]);
});

test('no rows, many rows, and rows larger than what the driver reads at once', async () => {
  expect(await pool.copy('select 1::int8 where false', bigint)).toEqual([]);
  const many = await pool.copy('select n::int8 from generate_series(1, 30000) n', bigint);
  expect(many).toHaveLength(30_000);
  const large = `select n::int8, convert_to(repeat(chr(64 + n), 300000), 'UTF8') from generate_series(1, 9) n`;
  const rows = await pool.copy(large, (row) => ({ n: Number(row.bigint()), bytes: row.bytea() as Buffer }));
  expect(rows.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const { n, bytes } of rows) expect(bytes.equals(Buffer.alloc(300_000, 64 + n))).toBe(true);
});

test('literals mean themselves', async () => {
  const prefixes = ["a'b", 'c\\d', '%"{,}', 'ä', ''];
  const select = `select array_to_string(${literal(prefixes)}, '|'), ${literal(2n ** 63n - 1n)}::int8`;
  expect(await pool.copy(select, (row) => [row.text(), row.bigint()])).toEqual([[prefixes.join('|'), 2n ** 63n - 1n]]);
});

test('an error in the middle of the rows, and one of the reader; the next read finds a sound connection', async () => {
  const failing = 'select 1 / (1000 - n)::int8 from generate_series(1, 2000) n';
  await expect(pool.copy(failing, bigint)).rejects.toMatchObject({ code: '22012' });
  const give = new Error('no');
  const refuse = () => {
    throw give;
  };
  await expect(pool.copy('select n::int8 from generate_series(1, 2000) n', refuse)).rejects.toBe(give);
  expect(await pool.copy('select 7::int8', bigint)).toEqual([7n]);
});
