import type { AuditOutcome, ObjectKind } from '@palimpsest/domain';
import type { ClientBase } from 'pg';
import { arrayLiteral } from './array-literal.js';

/** A row of the audit log as it is written. */
export interface AuditEntry {
  readonly eventId: string;
  readonly at: Date;
  readonly type: string;
  readonly outcome: AuditOutcome;
  readonly actorId: string;
  readonly actorRole: string;
  readonly via: string;
  readonly subject: string | null;
  readonly session: string | null;
  readonly course: string | null;
  readonly workspace: string | null;
  readonly file: string | null;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: string;
  readonly objectKind: ObjectKind;
  readonly objectId: string | null;
  readonly object: string;
  readonly summary: string;
  readonly address: string | null;
  readonly words: string;
  readonly fold: string | null;
  readonly edits: number | null;
  readonly lastRevision: bigint | null;
}

/** The columns with their types, in one order for the statement and for its values. */
const COLUMNS: readonly (readonly [column: string, type: string, value: keyof AuditEntry])[] = [
  ['event_id', 'uuid', 'eventId'],
  ['at', 'timestamptz', 'at'],
  ['type', 'text', 'type'],
  ['outcome', 'text', 'outcome'],
  ['actor_id', 'text', 'actorId'],
  ['actor_role', 'text', 'actorRole'],
  ['via', 'text', 'via'],
  ['subject_id', 'uuid', 'subject'],
  ['session_id', 'uuid', 'session'],
  ['course_id', 'uuid', 'course'],
  ['workspace_id', 'uuid', 'workspace'],
  ['file_id', 'uuid', 'file'],
  ['stream', 'text', 'stream'],
  ['revision', 'bigint', 'revision'],
  ['position', 'text', 'position'],
  ['object_kind', 'text', 'objectKind'],
  ['object_id', 'text', 'objectId'],
  ['object', 'text', 'object'],
  ['summary', 'text', 'summary'],
  ['address', 'inet', 'address'],
  ['words', 'tsvector', 'words'],
  ['fold', 'uuid', 'fold'],
  ['edits', 'int', 'edits'],
  ['last_revision', 'bigint', 'lastRevision'],
];

const names = COLUMNS.map(([column]) => column).join(', ');

/** Rows, and what is kept of all of them: where the hours are, how many there are of each, and what occurs. One statement. */
const INSERT = `
  with made as (
    insert into audit_entry (${names})
    select ${names} from unnest(${COLUMNS.map(([, type], n) => `$${n + 1}::${type}[]`).join(', ')})
      with ordinality as u (${names}, n) order by u.n
    returning entry_no, date_trunc('hour', at, 'UTC') as hour, type, outcome, via, actor_role
  ),
  kinds as (
    insert into audit_kind (type, outcome, via, actor_role) select distinct type, outcome, via, actor_role from made
    on conflict do nothing
  ),
  counted as (
    insert into audit_count as c (hour, type, outcome, entries)
    select hour, type, outcome, count(*) from made group by hour, type, outcome order by hour, type, outcome
    on conflict (hour, type, outcome) do update set entries = c.entries + excluded.entries
  )
  insert into audit_hour as h (hour, first_entry, last_entry)
  select hour, min(entry_no), max(entry_no) from made group by hour order by hour
  on conflict (hour) do update
    set first_entry = least(h.first_entry, excluded.first_entry), last_entry = greatest(h.last_entry, excluded.last_entry)`;

/** Adds rows in their order. */
export async function insertEntries(entries: readonly AuditEntry[], tx: ClientBase): Promise<void> {
  if (entries.length === 0) return;
  await tx.query({
    name: 'audit insert',
    text: INSERT,
    values: COLUMNS.map(([, , key]) => arrayLiteral(entries.map((entry) => entry[key]))),
  });
}

/**
 * The shape of version 4, which every key of the query language finds its rows by. The tables of a later version are made
 * from here and from AUDIT_INDEX_DDL alone, by a rebuild.
 */
export const AUDIT_DDL = /* sql */ `
-- Names as the audit log needs them: its projector must not depend on how far another one has got.
create table audit_name (
  id   text primary key,
  name text not null
);

create table audit_entry (
  entry_no   bigint generated always as identity primary key,  -- order of the log
  event_id   uuid not null,
  at         timestamptz not null,
  revision   bigint not null,
  subject_id   uuid,                            -- the affected person
  session_id   uuid,
  course_id    uuid,
  workspace_id uuid,
  file_id      uuid,
  type       text collate "C" not null,
  outcome    text collate "C" not null,
  actor_id   text collate "C" not null,
  actor_role text not null,
  via        text collate "C" not null,
  stream     text not null,
  position   text not null,
  object_kind text not null,
  object_id  text,
  object     text not null,
  summary    text not null,
  address    inet,
  words      tsvector not null,                 -- of object (weight A) and summary
  -- Of a row that stands for several edits: what they have in common, their number, and the last one's revision.
  fold          uuid,
  edits         int,
  last_revision bigint
) with (fillfactor = 95);  -- room to add to a row in its page
create unique index audit_by_fold on audit_entry (fold) where fold is not null;

-- Where each hour lies in the order of the log: what is between two moments is a range of entries.
create table audit_hour (
  hour        timestamptz primary key,
  first_entry bigint not null,
  last_entry  bigint not null
) with (fillfactor = 50);

-- How many there were in each hour (UTC), for counting without reading them.
create table audit_count (
  hour    timestamptz not null,
  type    text collate "C" not null,
  outcome text collate "C" not null,
  entries bigint not null,
  primary key (hour, type, outcome)
) with (fillfactor = 50);

-- What occurs together: a handful of rows, which know at once of many questions that nothing can match.
create table audit_kind (
  type       text collate "C" not null,
  outcome    text collate "C" not null,
  via        text collate "C" not null,
  actor_role text not null,
  primary key (type, outcome, via, actor_role)
);
`;

/**
 * Each begins with what is asked for and goes on with the order of the log, so that the newest of it stand together, and
 * a slice of the log can be read of it (see audit-walk.ts). Where most rows have no value, or the usual one, they are left out.
 */
export const AUDIT_INDEX_DDL = /* sql */ `
create index if not exists audit_by_actor   on audit_entry (actor_id, entry_no desc);
create index if not exists audit_by_type    on audit_entry (type, entry_no desc);
create index if not exists audit_by_subject on audit_entry (subject_id, entry_no desc) where subject_id is not null;
create index if not exists audit_by_session on audit_entry (session_id, entry_no desc) where session_id is not null;
create index if not exists audit_by_course  on audit_entry (course_id, entry_no desc) where course_id is not null;
create index if not exists audit_by_file    on audit_entry (file_id, entry_no desc) where file_id is not null;
create index if not exists audit_by_address on audit_entry (address, entry_no desc) where address is not null;
create index if not exists audit_by_outcome on audit_entry (outcome, entry_no desc) where outcome <> 'ok';
create index if not exists audit_by_origin  on audit_entry (via, entry_no desc) where via in ('api', 'cli', 'system');
create index if not exists audit_looks on audit_entry (subject_id, entry_no desc)
  where type in ('HistoryViewed', 'WorkspaceViewed', 'MetricsViewed', 'ActivityViewed');
create index if not exists audit_by_words on audit_entry using gin (words);
`;

/** The tables of AUDIT_DDL. */
export const AUDIT_TABLES = ['audit_entry', 'audit_name', 'audit_hour', 'audit_count', 'audit_kind'] as const;
