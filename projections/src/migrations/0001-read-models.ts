/** Applied migrations never change; a new shape is a new number. */
export const sql = /* sql */ `
create schema if not exists read;

create table read.checkpoint (
  projection text primary key,
  version    int  not null,
  epoch      text not null,          -- identity of the log that the position belongs to
  position   text,                   -- opaque; null: nothing read yet
  updated_at timestamptz not null default clock_timestamp()
);

create table read.person (
  id           uuid primary key,
  username     text not null unique,
  display_name text not null,
  role         text not null,
  active       boolean not null default true
);

create table read.course (
  id       uuid primary key,
  title    text not null,
  sections text[] not null default '{}'
);

create table read.member (
  course uuid not null,
  person uuid not null,
  role   text not null,
  primary key (course, person)
);
create index member_by_person on read.member (person);

create table read.workspace (
  id        uuid primary key,
  course    uuid not null,
  owner     uuid not null,
  kind      text not null,
  name      text not null,
  opened_at timestamptz not null
);
create index workspace_by_course on read.workspace (course, opened_at);

create table read.file (
  id         uuid primary key,
  workspace  uuid not null,
  path       text not null,
  created_at timestamptz not null,
  deleted    boolean not null default false
);
create index file_by_workspace on read.file (workspace);

create table read.run (
  id           uuid primary key,
  workspace    uuid not null,
  requested_by uuid not null,
  mode         text not null,
  entry        text,
  state        text not null,
  outcome      text,
  requested_at timestamptz not null,
  started_at   timestamptz,
  finished_at  timestamptz
);
create index run_by_workspace on read.run (workspace, requested_at desc);
create index run_alive on read.run (requested_at) where state <> 'finished';

-- Names as the audit log needs them: its projector must not depend on how far another one has got.
create table read.audit_name (
  id   text primary key,
  name text not null
);

create table read.audit_entry (
  entry_no   bigint generated always as identity primary key,  -- order of the log
  event_id   uuid not null unique,
  at         timestamptz not null,
  type       text collate "C" not null,
  actor_id   text not null,
  actor_role text not null,
  via        text not null,
  subject_id text,
  stream     text not null,
  revision   bigint not null,
  object     text not null,
  summary    text not null,
  address    text
);
create index audit_by_actor on read.audit_entry (actor_id, entry_no desc);
create index audit_by_type  on read.audit_entry (type, entry_no desc);
create index audit_by_time  on read.audit_entry (at, entry_no desc);

-- Which kinds and people occur, for the filters: counting distinct values of a large log is slow.
create table read.audit_type (type text primary key);
`;
