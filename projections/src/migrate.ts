import type { ClientBase } from 'pg';
import { sql as readModels } from './migrations/0001-read-models.js';
import { sql as rebuildBeside } from './migrations/0002-rebuild-beside.js';

const MIGRATIONS: readonly string[] = [readModels, rebuildBeside];

/** Any number will do as long as nothing else in this database takes it: the ASCII codes of "read". */
const LOCK = 0x72656164;

/** The database holds read models of a newer version of the program. */
export class ReadModelsTooNew extends Error {
  readonly code = 'read-models-too-new';
  constructor(found: number) {
    super(
      `The read models in this database have schema version ${found}; this program knows ${MIGRATIONS.length}: upgrade the program.`,
    );
    this.name = 'ReadModelsTooNew';
  }
}

/**
 * Brings schema `read` to the current version; safe to repeat and to run from several processes at once.
 * `roles` may then use it. Throws ReadModelsTooNew.
 */
export async function migrateReadModels(client: ClientBase, roles: readonly string[] = []): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query('create schema if not exists read');
    await client.query(
      'create table if not exists read.migration (version int primary key, applied_at timestamptz default now())',
    );
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from read.migration',
    );
    const found = rows[0]?.version ?? 0;
    if (found > MIGRATIONS.length) throw new ReadModelsTooNew(found);
    for (const [index, sql] of MIGRATIONS.entries()) if (index >= found) await apply(client, index + 1, sql);
    for (const role of roles) await grant(client, role);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}

async function apply(client: ClientBase, version: number, sql: string): Promise<void> {
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into read.migration (version) values ($1)', [version]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** What is left out of the log, and what is built beside the live read models, is the owner's business. */
async function grant(client: ClientBase, role: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  await client.query(`grant usage on schema read to ${name};
    grant select, insert, update, delete on all tables in schema read to ${name};
    revoke truncate on all tables in schema read from ${name};
    revoke insert, update, delete on read.migration, read.rebuild, read.skip from ${name};
    grant usage on all sequences in schema read to ${name};`);
}
