import type { DomainEvent, ItemTimes } from '@palimpsest/domain';
import { partsOfStream } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';

/** The part of the directory about what courses publish and who works on it. Times of items are milliseconds since 1970. */
export const ITEM_TABLES = ['item', 'item_extension', 'item_group', 'item_member', 'hand_in'];

export const ITEM_DDL = /* sql */ `
create table item (
  id           uuid primary key,
  course       uuid not null,
  section      text not null,
  kind         text not null,            -- material, assignment, test
  title        text not null,
  material     uuid not null,
  groups       boolean not null,
  times        jsonb not null,
  withdrawn    boolean not null default false,
  published_at timestamptz not null
);
create index item_by_course on item (course, published_at);

create table item_extension (
  item   uuid not null,
  person uuid not null,
  until  double precision not null,
  primary key (item, person)
);

create table item_group (
  item uuid not null,
  id   uuid not null,
  name text not null,
  primary key (item, id)
);

create table item_member (
  item     uuid not null,
  person   uuid not null,
  group_id uuid not null,
  primary key (item, person)
);
create index item_member_by_group on item_member (item, group_id);
create index item_member_by_person on item_member (person);

create table hand_in (
  receipt   uuid primary key,
  workspace uuid not null,
  revision  bigint not null,             -- of the event in the workspace's stream
  item      uuid not null,
  person    uuid not null,
  at        double precision not null,
  late      boolean not null,
  deadline  double precision,
  digest    text not null,
  files     int not null
);
create index hand_in_by_workspace on hand_in (workspace, revision);
`;

export async function applyItem(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const { id } = partsOfStream(recorded.stream);
  switch (event.type) {
    case 'ItemPublished': {
      const { course, section, kind, title, material, groups, times } = event.data;
      await tx.query(
        `insert into item (id, course, section, kind, title, material, groups, times, published_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [id, course, section, kind, title, material, groups, stored(times), recorded.recordedAt],
      );
      return;
    }
    case 'ItemChanged': {
      const { section, title, times } = event.data;
      await tx.query('update item set section = $2, title = $3, times = $4 where id = $1', [
        ...[id, section, title, stored(times)],
      ]);
      return;
    }
    case 'ItemWithdrawn':
      await tx.query('update item set withdrawn = true where id = $1', [id]);
      return;
    case 'ExtensionGranted':
      await tx.query(
        `insert into item_extension (item, person, until) values ($1, $2, $3)
         on conflict (item, person) do update set until = excluded.until`,
        [id, event.data.student, event.data.until],
      );
      return;
    case 'ExtensionWithdrawn':
      await tx.query('delete from item_extension where item = $1 and person = $2', [id, event.data.student]);
      return;
    case 'GroupFormed':
    case 'GroupChanged': {
      const { group, name, members } = event.data;
      await tx.query(
        `insert into item_group (item, id, name) values ($1, $2, $3)
         on conflict (item, id) do update set name = excluded.name`,
        [id, group, name],
      );
      await tx.query('delete from item_member where item = $1 and group_id = $2', [id, group]);
      await tx.query('insert into item_member (item, person, group_id) select $1, unnest($3::uuid[]), $2', [
        ...[id, group, members],
      ]);
      return;
    }
    default:
  }
}

function stored(times: ItemTimes): string {
  return JSON.stringify(times);
}

export async function applyHandIn(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  if (event.type !== 'WorkHandedIn') return;
  const { item, by, at, late, deadline, digest, files } = event.data;
  await tx.query(
    `insert into hand_in (receipt, workspace, revision, item, person, at, late, deadline, digest, files)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[recorded.id, partsOfStream(recorded.stream).id, recorded.revision, item, by, at, late, deadline, digest],
      files.length,
    ],
  );
}
