import type { ClientBase } from 'pg';

/** Schema `evidence`: the Merkle tree over the log, derived from it. Applied migrations never change; a new shape is a new one. */
const MIGRATIONS: readonly string[] = [
  /* sql */ `
create table evidence.tree (
  one    boolean primary key default true check (one),
  log    text not null,                 -- identity of the log whose events are the leaves
  size   bigint not null,               -- leaves
  wanted bigint not null default 0      -- the next checkpoint must have at least so many: something was handed in
);
create table evidence.tile (
  level  smallint not null,
  index  bigint not null,
  hashes bytea not null,                -- up to 32, of 32 bytes each
  primary key (level, index)
);
alter table evidence.tile alter column hashes set storage external;  -- hashes do not compress
-- Which leaf an event is. Named, so that one that was removed from the log can still be told.
create table evidence.leaf (
  position text collate "C" primary key,
  index    bigint not null,
  stream   text not null,
  revision bigint not null
);
-- Signed checkpoints, as the log has them.
create table evidence.checkpoint (
  log       text not null,
  leaf      bigint not null,            -- of its own event
  size      bigint not null,
  root      bytea not null,
  note      text not null,
  keys      text[] not null,            -- public keys of those who signed
  signed_at timestamptz not null,
  position  text not null,
  agrees    boolean not null,           -- whether the tree had this root when the event was read
  primary key (log, leaf)
);
create index checkpoint_by_size on evidence.checkpoint (log, size);
create index checkpoint_that_disagrees on evidence.checkpoint (log, leaf) where not agrees;
`,
];

/** The ASCII codes of "evid": any number that nothing else in this database locks. */
const LOCK = 0x65766964;

/** The database was used by a newer version of the program. */
export class EvidenceSchemaTooNew extends Error {
  readonly code = 'evidence-schema-too-new';
  constructor(found: number) {
    super(
      `The evidence in this database has schema version ${found}; this program knows ${MIGRATIONS.length}: upgrade the program.`,
    );
    this.name = 'EvidenceSchemaTooNew';
  }
}

/**
 * Brings schema `evidence` to the current version and lets `roles` follow the log with it. As the database's owner. Safe to
 * repeat and to run from several processes at once. Throws EvidenceSchemaTooNew.
 */
export async function migrateEvidenceSchema(client: ClientBase, roles: readonly string[] = []): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query(`create schema if not exists evidence;
      create table if not exists evidence.migration (version int primary key, applied_at timestamptz default now())`);
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from evidence.migration',
    );
    const found = rows[0]?.version ?? 0;
    if (found > MIGRATIONS.length) throw new EvidenceSchemaTooNew(found);
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < found) continue;
      // One string is one transaction: the tables and their entry come together.
      await client.query(`begin; ${sql}; insert into evidence.migration (version) values (${index + 1}); commit`);
    }
    for (const role of roles) {
      const name = client.escapeIdentifier(role);
      await client.query(`grant usage on schema evidence to ${name};
        grant select, insert, update, delete on evidence.tree, evidence.tile, evidence.leaf to ${name};
        grant select, insert on evidence.checkpoint to ${name}`);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}
