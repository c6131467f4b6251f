import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Projector } from './projector.js';
import { copyRights } from './rights.js';

/** The schema in which the tables of the next read model are built. */
export function sideSchema(projection: string): string {
  return `read_next_${projection}`;
}

/** Tells two versions of the statements apart: tables made by others are not gone on with. */
export function shapeOf({ ddl, indexDdl = '' }: Projector): string {
  return createHash('sha256').update(`${ddl}${indexDdl}`).digest('hex');
}

/** The comment by which a table in schema `read` says whose it is. Only the tables' owner can set it. */
function mark(projection: string): string {
  return `palimpsest read model ${projection}`;
}

function named(client: ClientBase, schema: string, table: string): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`;
}

/** Names of the tables as SQL, with their schema. */
export function qualified(client: ClientBase, schema: string, tables: readonly string[]): string {
  return tables.map((table) => named(client, schema, table)).join(', ');
}

/**
 * Makes the schema and the projector's tables in it, empty; drops what was there. Within a transaction. Throws an Error if the
 * statements make other tables than the projector names: the swap would lose them.
 */
export async function makeSideTables(client: ClientBase, projector: Projector): Promise<void> {
  const schema = sideSchema(projector.name);
  const name = client.escapeIdentifier(schema);
  await client.query(`drop schema if exists ${name} cascade; create schema ${name}`);
  await client.query(`set local search_path = ${name}, pg_temp`);
  await client.query(projector.ddl);
  const made = await tablesIn(client, schema);
  if (made.join() !== [...projector.tables].sort().join())
    throw new Error(
      `The statements of the projector "${projector.name}" make the tables ${made.join(', ')}; it names ${projector.tables.join(', ')}. Correct one of the two.`,
    );
  const comment = client.escapeLiteral(mark(projector.name));
  for (const table of projector.tables)
    await client.query(`comment on table ${named(client, schema, table)} is ${comment}`);
}

/** Sorted; empty also when there is no such schema. */
export async function tablesIn(client: ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class
     where relnamespace = to_regnamespace(quote_ident($1)) and relkind in ('r', 'p') order by relname collate "C"`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/** Live tables of this read model, whichever version made them. */
async function liveTables(client: ClientBase, projector: Projector): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class c, obj_description(c.oid, 'pg_class') as mark
     where relnamespace = 'read'::regnamespace and relkind in ('r', 'p')
       and (mark = $1 or mark is null and relname = any ($2)) order by relname`,
    [mark(projector.name), projector.tables],
  );
  return rows.map(({ name }) => name);
}

/**
 * Puts the side tables in the place of the live ones, with the rights that were given on those. Indexes, identity sequences
 * and foreign keys among the tables follow them. Within a transaction, which must end soon: readers wait.
 */
export async function swapTables(client: ClientBase, projector: Projector): Promise<void> {
  const schema = sideSchema(projector.name);
  const old = await liveTables(client, projector);
  // Waited for before anything is changed, so that a long query fails the lock and not the middle of the swap.
  if (old.length > 0) await client.query(`lock table ${qualified(client, 'read', old)} in access exclusive mode`);
  await copyRights(client, schema, old);
  if (old.length > 0) await client.query(`drop table ${qualified(client, 'read', old)}`);
  for (const table of projector.tables)
    await client.query(`alter table ${named(client, schema, table)} set schema read`);
  // Not "cascade": whatever the statements made besides tables must not get lost unnoticed.
  await client.query(`drop schema ${client.escapeIdentifier(schema)}`);
}
