import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSideTables, sideSchema } from './side-schema.js';
import { PROJECTORS, projectorNamed } from './projectors.js';
import { RebuildRefused } from './rebuild.js';
import { TestLog } from './testing/test-log.js';

/** Those that there were when the first migration was written. */
const FIRST = ['directory', 'runs', 'audit'];

describe('the read models of this program', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await TestLog.start();
  });
  afterAll(() => log.stop());

  /** Columns, indexes and constraints of these tables, without the schema's name. */
  async function shape(schema: string, tables: readonly string[]): Promise<unknown> {
    const without = (sql: string) => `replace(${sql}, quote_ident($1) || '.', '')`;
    const answers = [
      `select table_name, column_name, ordinal_position, ${without('column_default')} as default, is_nullable, data_type,
              udt_name, collation_name, is_identity, identity_generation, is_generated, character_maximum_length, numeric_precision
       from information_schema.columns where table_schema = $1 and table_name = any ($2) order by 1, 3`,
      `select tablename, indexname, ${without('indexdef')} as definition
       from pg_indexes where schemaname = $1 and tablename = any ($2) order by 1, 2`,
      `select c.relname, conname, contype, ${without('pg_get_constraintdef(k.oid)')} as definition
       from pg_constraint k join pg_class c on c.oid = k.conrelid
       where c.relnamespace = to_regnamespace(quote_ident($1)) and c.relname = any ($2) order by 1, 2`,
    ].map((sql) => log.pool.query<object>(sql, [schema, tables]));
    return (await Promise.all(answers)).map(({ rows }) => rows);
  }

  // A later version has a shape of its own, and its tables come from a rebuild; so do those of later read models.
  for (const projector of PROJECTORS.filter(({ name, version }) => version === 1 && FIRST.includes(name)))
    it(`${projector.name}: its statements make the tables that the first migration made`, async () => {
      const client = await log.pool.connect();
      await client.query('begin');
      await makeSideTables(client, projector);
      await client.query('commit');
      client.release();
      const migrated = (await shape('read', projector.tables)) as unknown[][];
      expect(await shape(sideSchema(projector.name), projector.tables)).toEqual(migrated);
      expect(migrated.map((rows) => rows.length > 0)).toEqual([true, true, true]);
    });

  it('own every table that the first migration made, or drop it by their mark on it', async () => {
    const { rows } = await log.pool.query<{ name: string; owner: string }>(
      `select relname::text as name, replace(mark, 'palimpsest read model ', '') as owner
       from pg_class c, obj_description(c.oid, 'pg_class') as mark
       where relnamespace = 'read'::regnamespace and relkind = 'r' and mark like 'palimpsest read model %'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { name, owner } of rows) {
      const projector = projectorNamed(owner);
      expect(projector.version > 1 || projector.tables.includes(name)).toBe(true);
    }
  });

  it('are known by name; a reactor and an unknown name are refused with a reason', () => {
    expect(projectorNamed('audit')).toBe(PROJECTORS[2]);
    expect(() => projectorNamed('run-queue')).toThrow('is a reactor');
    expect(() => projectorNamed('nothing')).toThrow(RebuildRefused);
    expect(() => projectorNamed('nothing')).toThrow('There are: directory, runs, audit, metrics, activity');
  });
});
