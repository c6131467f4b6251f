import type { ClientBase } from 'pg';

/** Schema `snapshot`: derived data, safe to empty at any time. Applied migrations never change; a new shape is a new one. */
const MIGRATIONS: readonly string[] = [
  /* sql */ `
create table snapshot.content (
  stream     text not null,
  kind       text not null,             -- 'doc': the Yjs document of a file
  format     int not null,              -- of "bytes"
  revision   bigint not null,           -- of the last event in it
  event_id   text not null,             -- of that event
  epoch      text not null,             -- identity of the log
  sha256     bytea not null,            -- of "bytes"
  bytes      bytea not null,
  written_at timestamptz not null default clock_timestamp(),
  primary key (stream, kind, format, revision)
);
-- They come compressed.
alter table snapshot.content alter column bytes set storage external;
`,
  /* sql */ `
-- The history of a file, in pages (apps/api/src/replay). A page never changes; what does not fit the log is removed.
create table snapshot.replay_page (
  stream     text not null,
  format     int not null,              -- of the bytes
  page       int not null,              -- from 0
  epoch      text not null,             -- identity of the log
  first      int not null,              -- edits of the file before the page
  edits      int not null,              -- in the page
  revision   bigint not null,           -- of the event with the last of them
  event_id   text not null,             -- of that event
  within     int not null,              -- edits of that event up to and with the last
  authors    jsonb not null,            -- of the file up to here
  summary    jsonb not null,
  tag        text not null,             -- of the page's content
  bytes      bytea not null,            -- the page
  keyframe   bytea not null,            -- the text after it
  doc        bytea,                     -- the document after it; of the newest page only
  written_at timestamptz not null default clock_timestamp(),
  primary key (stream, format, page)
);
-- They come compressed.
alter table snapshot.replay_page
  alter column bytes set storage external, alter column keyframe set storage external, alter column doc set storage external;
`,
];

/** The ASCII codes of "snap": any number that nothing else in this database locks. */
const LOCK = 0x736e6170;

/** The database was used by a newer version of the program. */
export class SnapshotSchemaTooNew extends Error {
  readonly code = 'snapshot-schema-too-new';
  constructor(found: number) {
    super(
      `The snapshots in this database have schema version ${found}; this program knows ${MIGRATIONS.length}: upgrade the program.`,
    );
    this.name = 'SnapshotSchemaTooNew';
  }
}

/**
 * Brings schema `snapshot` to the current version and lets `roles` read, write and remove snapshots and pages of
 * the replay, and `readers` read snapshots. As the database's owner. Safe to repeat and to run from several processes at once. Throws SnapshotSchemaTooNew.
 */
export async function migrateSnapshotSchema(
  client: ClientBase,
  roles: readonly string[] = [],
  readers: readonly string[] = [],
): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query(`create schema if not exists snapshot;
      create table if not exists snapshot.migration (version int primary key, applied_at timestamptz default now())`);
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from snapshot.migration',
    );
    const found = rows[0]?.version ?? 0;
    if (found > MIGRATIONS.length) throw new SnapshotSchemaTooNew(found);
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < found) continue;
      // One string is one transaction: the table and its entry come together.
      await client.query(`begin; ${sql}; insert into snapshot.migration (version) values (${index + 1}); commit`);
    }
    for (const role of roles) {
      const name = client.escapeIdentifier(role);
      await client.query(`grant usage on schema snapshot to ${name};
        grant select, insert, update, delete on snapshot.content, snapshot.replay_page to ${name}`);
    }
    for (const role of readers) {
      const name = client.escapeIdentifier(role);
      await client.query(`grant usage on schema snapshot to ${name}; grant select on snapshot.content to ${name}`);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}
