import type { ClientBase } from 'pg';
import type { ActivityRow } from './activity-row.js';

/** The shape of version 1. The tables of a later version are made from here alone, by a rebuild. */
export const ACTIVITY_DDL = /* sql */ `
create table activity_entry (
  entry_no  bigint generated always as identity primary key,  -- order of the log among rows of one moment
  at        timestamptz not null,
  kind      text collate "C" not null,
  type      text collate "C" not null,
  person    text not null,                                    -- whose doing it is
  via       text not null,
  session   text,
  course    text,
  workspace text,
  file      text,
  run       text,
  object    text not null,
  fold      text,                                             -- what rows that continue each other have in common
  first_revision bigint,
  last_revision  bigint,
  until     timestamptz,
  count     int not null,
  inserted  int not null,
  removed   int not null,
  summary   text not null,
  detail    jsonb not null
) with (fillfactor = 85);  -- room to add to a row in its page
create index activity_by_workspace on activity_entry (workspace, at desc, entry_no desc) where workspace is not null;
create index activity_by_person    on activity_entry (person, at desc, entry_no desc);
create index activity_by_session   on activity_entry (session, at desc, entry_no desc) where session is not null;
create index activity_by_fold      on activity_entry (fold, entry_no desc) where fold is not null;
`;

const ROW = `entry_no as "entryNo", at, kind, type, person, via, session, course, workspace, file, run, object, fold,
  first_revision as "firstRevision", last_revision as "lastRevision", until, count, inserted, removed, summary, detail`;

/** The newest row of each of these folds, and the connections of these sessions that no row has ended. */
export async function openRows(
  folds: readonly string[],
  endedSessions: readonly string[],
  tx: ClientBase,
): Promise<ActivityRow[]> {
  if (folds.length + endedSessions.length === 0) return [];
  const { rows } = await tx.query<ActivityRow>(
    `select r.* from unnest($1::text[]) f
     cross join lateral (select ${ROW} from activity_entry where fold = f order by fold desc, entry_no desc limit 1) r
     union
     select ${ROW} from activity_entry where session = any($2) and kind = 'connection' and until is null`,
    [folds, endedSessions],
  );
  return rows;
}

const INSERT = `
  insert into activity_entry (at, kind, type, person, via, session, course, workspace, file, run, object, fold,
    first_revision, last_revision, until, count, inserted, removed, summary, detail)
  select u.at, u.kind, u.type, u.person, u.via, u.session, u.course, u.workspace, u.file, u.run, u.object, u.fold,
    u.first_revision, u.last_revision, u.until, u.count, u.inserted, u.removed, u.summary, u.detail
  from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::timestamptz[], $16::int[],
      $17::int[], $18::int[], $19::text[], $20::jsonb[])
    with ordinality as u (at, kind, type, person, via, session, course, workspace, file, run, object, fold,
      first_revision, last_revision, until, count, inserted, removed, summary, detail, n)
  order by u.n`;

export async function insertRows(rows: readonly ActivityRow[], tx: ClientBase): Promise<void> {
  if (rows.length === 0) return;
  const all = rows.map((row) => [
    ...[row.at, row.kind, row.type, row.person, row.via, row.session, row.course, row.workspace, row.file, row.run],
    ...[row.object, row.fold, row.firstRevision, row.lastRevision, row.until, row.count, row.inserted, row.removed],
    ...[row.summary, JSON.stringify(row.detail)],
  ]);
  await tx.query(INSERT, columnsOf(all));
}

/** Writes what may grow. No indexed column is among it, so no index changes. */
export async function updateRows(rows: readonly ActivityRow[], tx: ClientBase): Promise<void> {
  if (rows.length === 0) return;
  const all = rows.map((row) => [
    ...[row.entryNo, row.lastRevision, row.until, row.count, row.inserted, row.removed],
    ...[row.summary, JSON.stringify(row.detail)],
  ]);
  await tx.query(
    `update activity_entry e
     set last_revision = u.last_revision, until = u.until, count = u.count, inserted = u.inserted, removed = u.removed,
       summary = u.summary, detail = u.detail
     from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::int[], $5::int[], $6::int[], $7::text[], $8::jsonb[])
       as u (entry_no, last_revision, until, count, inserted, removed, summary, detail)
     where e.entry_no = u.entry_no`,
    columnsOf(all),
  );
}

function columnsOf(rows: readonly (readonly unknown[])[]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}
