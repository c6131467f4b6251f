import { migratePostgresBlobs } from '@palimpsest/blobs';
import { migrateSnapshotSchema } from '@palimpsest/documents';
import { connectToPostgres, migratePostgresEventStore } from '@palimpsest/event-store';
import { migrateEvidenceSchema } from '@palimpsest/evidence';
import { migrateReadModels } from '@palimpsest/projections';
import { runMigrations } from 'bullmq';
import type pg from 'pg';
import { migrateOperationalSchema } from './operational-schema.js';

export interface DatabaseRole {
  readonly name: string;
  readonly password: string;
}

export interface PrepareOptions {
  /** Connection string of the database's owner. */
  readonly ownerUrl: string;
  /** Role of the api: appends and reads events, owns no table. Undefined: the owner itself is used. */
  readonly api?: DatabaseRole;
  /** Role of the executor: events, blobs and queue, and reading snapshots of documents; it cannot see credentials. */
  readonly executor?: DatabaseRole;
}

/** How long a database that is still starting is waited for, milliseconds. */
const WAIT_MS = 30_000;

/** Makes roles and brings every schema to the current version. Safe to repeat. */
export async function prepareDatabase(options: PrepareOptions): Promise<void> {
  const client = await connectToPostgres(options.ownerUrl, WAIT_MS);
  try {
    const { api, executor } = options;
    for (const role of [api, executor]) if (role) await ensureRole(client, role);
    const both = [api, executor].flatMap((role) => (role ? [role.name] : []));
    const apiOnly = api ? [api.name] : [];
    await migratePostgresEventStore(options.ownerUrl, { applicationRoles: both });
    await migratePostgresBlobs(client, both);
    await migrateReadModels(client, apiOnly);
    await migrateOperationalSchema(client, apiOnly);
    await migrateSnapshotSchema(client, apiOnly, executor ? [executor.name] : []);
    await migrateEvidenceSchema(client, apiOnly);
    await runMigrations(client as never, 'bullmq');
    for (const role of both) await grantQueue(client, role);
  } finally {
    await client.end();
  }
}

async function ensureRole(client: pg.Client, { name, password }: DatabaseRole): Promise<void> {
  const role = client.escapeIdentifier(name);
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  if (rowCount === 0) await client.query(`create role ${role} login`);
  await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`);
}

/** BullMQ's own migrations run as the owner; the processes only use the tables. */
async function grantQueue(client: pg.Client, role: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  await client.query(`grant usage on schema bullmq to ${name};
    grant select, insert, update, delete on all tables in schema bullmq to ${name};
    grant usage, select, update on all sequences in schema bullmq to ${name};
    grant execute on all functions in schema bullmq to ${name}`);
}
