/** Immutable: a change of the schema is a new migration. */
export const createLog = `
create table es.log (
  one            boolean primary key default true check (one),
  -- Identity of this log. Renewed after a restore: checkpoints taken before are void then.
  epoch          uuid not null default gen_random_uuid(),
  -- No position up to here is ever given again, even when the rows that had them are gone.
  floor_position bigint not null default 0
);
insert into es.log default values;

create table es.stream (
  stream_no       bigint generated always as identity primary key,
  name            text collate "C" not null unique check (octet_length(name) between 1 and 1024),
  category        text collate "C" generated always as (split_part(name, '-', 1)) stored,
  -- 0 live, 1 soft-deleted, 2 tombstoned
  state           smallint not null default 0 check (state in (0, 1, 2)),
  -- Revision with which the present life of the stream begins; above 0 only after a soft delete.
  born_at         bigint not null default 0,
  truncate_before bigint not null default 0,
  max_count       bigint,
  max_age         interval,
  custom          jsonb,
  meta_revision   bigint not null default -1
);
comment on table es.stream is 'Changes on creation, deletion and metadata only, never on append: no row here is hot.';

-- No foreign key to es.stream: it would lock the stream's row on every append. es.append is the only writer.
create table es.event (
  position    bigint primary key,
  stream_no   bigint not null,
  revision    bigint not null,
  event_id    uuid not null,
  type        text collate "C" not null,
  is_json     boolean not null,
  data        bytea not null,
  metadata    bytea,
  recorded_at timestamptz not null default clock_timestamp(),
  unique (stream_no, revision)
);
create index event_id on es.event (event_id);
-- Most large events are CRDT updates and snapshots, which do not compress.
alter table es.event alter column data set storage external;

create function es.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'es.event is append-only: % is refused', tg_op
    using errcode = 'insufficient_privilege', hint = 'Append a correcting event, or delete or truncate the stream.';
end $$;

create trigger append_only before update or delete or truncate on es.event
  for each statement execute function es.refuse_change();

-- For whoever restores a backup: without it, a reader that had seen events newer than the backup would skip their successors.
create function es.renew_epoch() returns uuid
language sql volatile set search_path = pg_catalog, pg_temp as $$
  update es.log set epoch = gen_random_uuid() returning epoch
$$;

revoke all on all functions in schema es from public;
`;
