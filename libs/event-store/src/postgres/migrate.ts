import { createHash } from 'node:crypto';
import pg from 'pg';
import { InvalidArgument, SchemaMismatch } from '../errors.js';
import { migrations, type Migration } from './migrations/index.js';

export interface MigrateOptions {
  /**
   * Roles that the application connects as: they may read the log and call its functions, and nothing else. They must
   * exist. May be left out if the application connects as the owner of the schema.
   */
  readonly applicationRoles?: readonly string[];
}

/** "es.migra" in ASCII. One migration at a time in a database; not the key of the log's own lock. */
const MIGRATION_LOCK = '7310237667607147105';

/**
 * Brings the schema `es` up to date and grants the application's roles what they need, in one transaction: all or nothing.
 * Safe to call at every start and from several processes at once. A client given must not be in a transaction; it stays open.
 * Throws SchemaMismatch if the database was migrated by a newer program or a migration was altered afterwards, and
 * InvalidArgument if a role does not exist.
 */
export async function migratePostgresEventStore(
  target: string | pg.ClientBase,
  { applicationRoles = [] }: MigrateOptions = {},
): Promise<void> {
  if (typeof target !== 'string') return inTransaction(target, () => migrate(target, applicationRoles));
  const client = new pg.Client({ connectionString: target, application_name: 'palimpsest migration' });
  client.on('error', () => undefined); // the query under way rejects with the same trouble
  await client.connect();
  try {
    await inTransaction(client, () => migrate(client, applicationRoles));
  } finally {
    await client.end();
  }
}

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection may be what failed
    throw error;
  }
}

async function migrate(client: pg.ClientBase, applicationRoles: readonly string[]): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
  await client.query(`
    create schema if not exists es;
    create table if not exists es.migration (
      version int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ version: number; sha256: string }>('select version, sha256 from es.migration');
  const applied = new Map(rows.map(({ version, sha256 }) => [version, sha256]));
  refuseNewerSchema(Math.max(0, ...applied.keys()));
  for (const migration of migrations) await apply(client, migration, applied.get(migration.version));
  for (const role of applicationRoles) await grant(client, role);
}

function refuseNewerSchema(found: number): void {
  if (found <= migrations.length) return;
  throw new SchemaMismatch(
    `The event log in this database has schema version ${found}; this program knows versions up to ${migrations.length}. ` +
      'A newer release has used the database: start that release, or restore the backup made before it.',
  );
}

async function apply(client: pg.ClientBase, { version, name, sql }: Migration, appliedHash?: string): Promise<void> {
  const sha256 = createHash('sha256').update(sql).digest('hex');
  if (appliedHash === sha256) return;
  if (appliedHash !== undefined)
    throw new SchemaMismatch(
      `Migration ${version} (${name}) of the event log is not the one that this database was made with: ` +
        'migrations never change. Use the release that made the database, or put the change into a new migration.',
    );
  await client.query(sql);
  await client.query('insert into es.migration (version, name, sha256) values ($1, $2, $3)', [version, name, sha256]);
}

/** Granted again at every start, so that a role added to the configuration needs no migration. */
async function grant(client: pg.ClientBase, role: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  if (rowCount === 0)
    throw new InvalidArgument(`There is no database role "${role}": create it first, or correct applicationRoles.`);
  const to = pg.escapeIdentifier(role);
  await client.query(`
    grant usage on schema es to ${to};
    grant select on es.log, es.stream, es.event, es.metadata, es.migration to ${to};
    grant execute on function
      es.append(text[], bigint[], int[], int[], uuid[], text[], boolean[], int[], int[], int[], bigint[], bytea, boolean),
      es.keep_metadata(bytea),
      es.delete_stream(text, bigint, boolean),
      es.set_stream_metadata(text, bigint, bigint, double precision, bigint, jsonb) to ${to}`);
}
