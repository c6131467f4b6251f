import { readEvent, type DomainEvent } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { applyFiles, isOfFile } from './file-rows.js';
import { applyHandIn, applyItem, ITEM_DDL, ITEM_TABLES } from './item-tables.js';
import type { Projector } from './projector.js';

/** Id in the name of the event's stream. */
function streamId(event: RecordedEvent): string {
  return event.stream.slice(event.stream.indexOf('-') + 1);
}

async function applyPerson(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  switch (event.type) {
    case 'UserRegistered': {
      const { id, username, displayName, role } = event.data;
      await tx.query('insert into person (id, username, display_name, role) values ($1, $2, $3, $4)', [
        id,
        username,
        displayName,
        role,
      ]);
      return;
    }
    case 'UserRoleChanged':
      await tx.query('update person set role = $2 where id = $1', [streamId(recorded), event.data.role]);
      return;
    case 'UserRenamed':
      await tx.query('update person set display_name = $2 where id = $1', [streamId(recorded), event.data.displayName]);
      return;
    case 'UserReactivated':
      await tx.query('update person set active = true where id = $1', [streamId(recorded)]);
      return;
    case 'UserDeactivated':
      await tx.query('update person set active = false where id = $1', [streamId(recorded)]);
      return;
    default:
  }
}

async function applyCourse(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const course = streamId(recorded);
  switch (event.type) {
    case 'CourseCreated':
      await tx.query('insert into course (id, title) values ($1, $2)', [course, event.data.title]);
      return;
    case 'SectionAdded':
      await tx.query('update course set sections = sections || $2 where id = $1', [course, [event.data.name]]);
      return;
    case 'MemberEnrolled':
      await tx.query(
        `insert into member (course, person, role) values ($1, $2, $3)
         on conflict (course, person) do update set role = excluded.role`,
        [course, event.data.user, event.data.role],
      );
      return;
    case 'MemberRemoved':
      await tx.query('delete from member where course = $1 and person = $2', [course, event.data.user]);
      return;
    default:
  }
}

async function applyWorkspace(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const workspace = streamId(recorded);
  switch (event.type) {
    case 'WorkspaceOpened': {
      const { course, owner, kind, name, item, group } = event.data;
      await tx.query(
        `insert into workspace (id, course, owner, kind, name, opened_at, item, group_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [workspace, course, owner, kind, name, recorded.recordedAt, item ?? null, group ?? null],
      );
      return;
    }
    case 'FolderCreated':
      await makeFolders(workspace, [event.data.path], tx);
      return;
    case 'FolderMoved':
      await tx.query(
        `update folder set path = $3 || substring(path from length($2) + 1)
         where workspace = $1 and (path = $2 or starts_with(path, $2 || '/'))`,
        [workspace, event.data.from, event.data.to],
      );
      return;
    case 'FolderDeleted':
      await tx.query('delete from folder where workspace = $1 and path = any($2)', [workspace, event.data.folders]);
      return;
    case 'FolderRestored':
      await makeFolders(workspace, event.data.folders, tx);
      return;
    default:
  }
}

async function makeFolders(workspace: string, paths: readonly string[], tx: ClientBase): Promise<void> {
  await tx.query('insert into folder (workspace, path) select $1, unnest($2::text[]) on conflict do nothing', [
    workspace,
    paths,
  ]);
}

/** The shape of version 5, in which every query of persons finds its rows by an index. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
create table person (
  id           uuid primary key,
  username     text not null unique,
  display_name text not null,
  role         text not null,
  active       boolean not null default true
);

create table course (
  id       uuid primary key,
  title    text not null,
  sections text[] not null default '{}'
);

create table member (
  course uuid not null,
  person uuid not null,
  role   text not null,
  primary key (course, person)
);
create index member_by_person on member (person);

create table workspace (
  id        uuid primary key,
  course    uuid not null,
  owner     uuid not null,
  kind      text not null,
  name      text not null,
  opened_at timestamptz not null,
  item      uuid,                        -- of a copy: what of; of material: what it is published as
  group_id  uuid                         -- of a copy for a group: which
);
create index workspace_by_course on workspace (course, opened_at);
create index workspace_by_owner on workspace (owner) where kind = 'personal';
create index workspace_by_item on workspace (item) where item is not null;

create table file (
  id         uuid primary key,
  workspace  uuid not null,
  path       text not null,
  kind       text not null,              -- text, binary
  created_at timestamptz not null,
  deleted    boolean not null default false
);
create index file_by_workspace on file (workspace);

-- Folders that were made; those of files exist by their paths.
create table folder (
  workspace uuid not null,
  path      text not null,
  primary key (workspace, path)
);
${ITEM_DDL}`;

async function applyOne(recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  if (isOfFile(recorded)) return applyFiles([recorded], tx);
  const event = readEvent(recorded);
  if (recorded.stream.startsWith('user-')) return applyPerson(event, recorded, tx);
  if (recorded.stream.startsWith('course-')) return applyCourse(event, recorded, tx);
  if (recorded.stream.startsWith('item-')) return applyItem(event, recorded, tx);
  await applyHandIn(event, recorded, tx);
  return applyWorkspace(event, recorded, tx);
}

/** Files together, since no other row depends on theirs; the rest is rare and goes one by one. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  await applyFiles(events.filter(isOfFile), tx);
  for (const recorded of events) if (!isOfFile(recorded)) await applyOne(recorded, tx);
}

/** People, courses with their members and what they publish, workspaces with their files and what was handed in. */
export const directoryProjector: Projector = {
  name: 'directory',
  version: 5,
  streamPrefixes: ['user-', 'course-', 'item-', 'workspace-'],
  tables: ['person', 'course', 'member', 'workspace', 'file', 'folder', ...ITEM_TABLES],
  ddl: DDL,
  apply: applyOne,
  applyAll,
};
