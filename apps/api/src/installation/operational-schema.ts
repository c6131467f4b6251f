import type { ClientBase } from 'pg';

/** Schema `ops`: what must not be in a log that cannot forget. Applied migrations never change. */
const MIGRATIONS: readonly string[] = [
  /* sql */ `
create table ops.credential (
  user_id       uuid primary key,
  password_hash text not null,          -- argon2id, PHC string
  changed_at    timestamptz not null default clock_timestamp()
);
create table ops.session (
  token_hash bytea primary key,         -- HMAC-SHA-256 of the token, keyed by IDE_SECRET_KEY
  session_id uuid not null unique,
  user_id    uuid not null,
  opened_at  timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index session_by_user on ops.session (user_id);
create table ops.installation (
  seeded_at timestamptz not null default clock_timestamp()   -- one row, once the first accounts are complete
);
`,
  /* sql */ `
-- What the reactor of the queue remembers of the log: the runs that have not ended, and the executors.
create table ops.alive_run (
  run      uuid primary key,
  person   uuid not null,
  arrival  bigint generated always as identity,  -- order of the requests
  state    text not null check (state in ('waiting', 'script', 'prompt')),
  executor text,                                 -- null while it waits
  lost     boolean not null default false,       -- its executor has been started anew since
  turn     int,                                  -- priority of its job; null: it has none yet
  turn_no  bigint                                -- order of the jobs of one priority
);
create index alive_run_by_executor on ops.alive_run (executor) where state <> 'waiting';
create sequence ops.turn_no;
create table ops.executor (
  name          text primary key,
  places        int not null,
  sandbox       text not null,
  reason        text,
  stopped       boolean not null default false,  -- in order; one that was killed is only missing
  short         text,                            -- of what its machine is short; null: it starts runs
  measured      double precision,
  threshold     double precision,
  missing_since timestamptz                      -- since when its lock has not been seen
);
`,
  /* sql */ `
-- Commands with an Idempotency-Key, and what they were answered.
create table ops.idempotency (
  person      uuid not null,
  key         text not null,
  fingerprint bytea not null,                    -- of method, address and body
  claimed_at  timestamptz not null default clock_timestamp(),
  status      int,                               -- null: under way, or left behind by a process that ended
  answer      text,                              -- JSON
  primary key (person, key)
);
create index idempotency_by_time on ops.idempotency (claimed_at);
-- What has been used of each limit in its minute. Not in the write-ahead log: after a crash the count begins anew.
create unlogged table ops.rate_limit (
  key    varchar(255) primary key,
  points integer not null default 0,
  expire bigint                                  -- milliseconds since 1970
);
-- Looks into what is another person's, one row for a session and a thing: the further ones of the same look.
create table ops.look (
  session  uuid not null,
  what     text not null,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (session, what)
);
create index look_by_time on ops.look (noted_at);
`,
  /* sql */ `
-- Accounts: what people would not want in a log that cannot forget.
alter table ops.credential add column must_change boolean not null default false;  -- first and one-time passwords
alter table ops.session
  add column user_agent   text not null default '',
  add column address      text not null default '',
  add column must_change  boolean not null default false,  -- opened with such a password
  add column last_seen_at timestamptz not null default clock_timestamp();  -- within a minute
create table ops.email (
  user_id uuid primary key,
  email   text not null unique            -- lower case
);
create table ops.identity (
  issuer  text not null,                  -- OpenID Connect
  subject text not null,
  user_id uuid not null,
  primary key (issuer, subject),
  unique (user_id, issuer)                -- whoever takes over a name or an address there is somebody else here
);
create table ops.invitation (
  token_hash bytea primary key,           -- HMAC-SHA-256 of the token, keyed by IDE_SECRET_KEY
  invitation uuid not null unique,
  course     uuid not null
);
create table ops.sign_in_failure (
  key           text primary key,         -- account:<id>, device:<id of the account and the browser> or address:<address>
  level         double precision not null,  -- failures, fewer as time goes by
  changed_at    timestamptz not null,
  blocked_until timestamptz not null,
  told          boolean not null default false,  -- a refusal of this wait is in the log
  held          int not null default 0           -- further refusals that are not in the log yet
);
`,
];

/** The ASCII codes of "opsm": any number that nothing else in this database locks. */
const LOCK = 0x6f70736d;

/** The database was used by a newer version of the program. */
export class OperationalSchemaTooNew extends Error {
  readonly code = 'operational-schema-too-new';
  constructor(found: number) {
    super(
      `The credentials in this database have schema version ${found}; this program knows ${MIGRATIONS.length}: upgrade the program.`,
    );
    this.name = 'OperationalSchemaTooNew';
  }
}

/** Brings schema `ops` to the current version and lets `roles` use it. Safe to repeat. Throws OperationalSchemaTooNew. */
export async function migrateOperationalSchema(client: ClientBase, roles: readonly string[]): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query(`create schema if not exists ops;
      create table if not exists ops.migration (version int primary key, applied_at timestamptz default now())`);
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int as version from ops.migration',
    );
    const found = rows[0]?.version ?? 0;
    if (found > MIGRATIONS.length) throw new OperationalSchemaTooNew(found);
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < found) continue;
      // One string is one transaction: the tables and their entry come together.
      await client.query(`begin; ${sql}; insert into ops.migration (version) values (${index + 1}); commit`);
    }
    for (const role of roles) {
      const name = client.escapeIdentifier(role);
      await client.query(`grant usage on schema ops to ${name};
        grant select, insert, update, delete on
          ops.credential, ops.session, ops.installation, ops.alive_run, ops.executor,
          ops.idempotency, ops.rate_limit, ops.look,
          ops.email, ops.identity, ops.invitation, ops.sign_in_failure to ${name};
        grant usage on sequence ops.turn_no to ${name}`);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK]);
  }
}
