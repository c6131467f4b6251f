/** Applied migrations never change; a new shape is a new number. */
export const sql = /* sql */ `
-- Null: the tables are there, and no log has been read into them yet.
alter table read.checkpoint alter column epoch drop not null;
-- Why the projection has stopped, for other processes than the one in which it did; null while it works.
alter table read.checkpoint
  add column fault          text,
  add column fault_position text,          -- the event that cannot be applied; null: it has not begun
  add column fault_at       timestamptz;

-- From here on each projector has the statements for its tables; the first version of these three came with migration 1.
insert into read.checkpoint (projection, version) values ('directory', 1), ('runs', 1), ('audit', 1)
  on conflict (projection) do nothing;

-- How a rebuild knows which tables the version before it had.
comment on table read.person      is 'palimpsest read model directory';
comment on table read.course      is 'palimpsest read model directory';
comment on table read.member      is 'palimpsest read model directory';
comment on table read.workspace   is 'palimpsest read model directory';
comment on table read.file        is 'palimpsest read model directory';
comment on table read.run         is 'palimpsest read model runs';
comment on table read.audit_name  is 'palimpsest read model audit';
comment on table read.audit_entry is 'palimpsest read model audit';
comment on table read.audit_type  is 'palimpsest read model audit';

-- A read model that is being built beside the live one, in schema read_next_<projection>, and how far it has got.
create table read.rebuild (
  projection     text primary key,
  version        int  not null,
  shape          text not null,            -- hash of the statements that made its tables
  epoch          text not null,
  position       text,
  events         bigint not null default 0,
  started_at     timestamptz not null default clock_timestamp(),
  updated_at     timestamptz not null default clock_timestamp(),
  fault          text,
  fault_position text,
  fault_at       timestamptz
);

-- Events that a projection leaves out, because it could not apply them. Positions mean nothing in another log.
create table read.skip (
  projection text not null,
  epoch      text not null,
  position   text not null,
  reason     text not null check (reason <> ''),
  skipped_at timestamptz not null default clock_timestamp(),
  skipped_by text not null check (skipped_by <> ''),
  primary key (projection, epoch, position)
);
`;
