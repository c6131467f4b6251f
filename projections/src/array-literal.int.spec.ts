import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { arrayLiteral, type Element } from './array-literal.js';

describe('an array that Postgres reads', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const readAs = async (type: string, values: readonly Element[]) => {
    const { rows } = await client.query<{ read: unknown[] }>(`select $1::${type}[]::text[] as read`, [
      arrayLiteral(values),
    ]);
    return rows[0]?.read;
  };

  it('has the texts it was made of, whatever is in them', async () => {
    const texts = [
      '',
      'a',
      'NULL',
      'null',
      ' ',
      '{',
      '}',
      ',',
      '"',
      '\\',
      '\\"',
      'a"b\\c',
      "'",
      '\n\r\t',
      'ä🙂\u2028',
      '\\\\',
    ];
    expect(await readAs('text', texts)).toEqual(texts);
    expect(await readAs('text', [null, 'NULL', null])).toEqual([null, 'NULL', null]);
    expect(await readAs('text', [])).toEqual([]);
  });

  it('has numbers, ids and moments', async () => {
    expect(await readAs('bigint', [0n, -1n, 2n ** 63n - 1n, null])).toEqual(['0', '-1', '9223372036854775807', null]);
    expect(await readAs('int', [0, -7])).toEqual(['0', '-7']);
    const id = '0190f3c0-0000-7000-8000-000000000001';
    expect(await readAs('uuid', [id, null])).toEqual([id, null]);
    const { rows } = await client.query<{ at: Date[] }>('select $1::timestamptz[] as at', [
      arrayLiteral([new Date(0), new Date(1_790_000_000_123)]),
    ]);
    expect(rows[0]?.at.map((at) => at.getTime())).toEqual([0, 1_790_000_000_123]);
  });
});
