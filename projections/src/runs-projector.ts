import { readEvent, readMetadata, type RunFinished } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { outcomeInWords, storable } from './audit-projector.js';
import type { Projector } from './projector.js';

/** Kinds of exceptions that are kept of a run, in the order in which they came: at a prompt there is no end of them. */
const KEPT_EXCEPTIONS = 20;

/** The shape of version 2, which a history of runs can be asked of. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
create table run (
  id           uuid primary key,
  workspace    uuid not null,
  course       uuid not null,
  requested_by uuid not null,
  session      text,
  mode         text not null,
  entry        text,
  entry_file   uuid,                     -- the file that had this path: paths change
  state        text not null,
  outcome      text,
  ending       text,                     -- the outcome in words
  wall_ms      bigint,
  cpu_ms       bigint,
  peak_bytes   bigint,
  output_bytes bigint,
  errors       int not null default 0,
  exceptions   text[] not null default '{}',
  requested_at timestamptz not null,
  started_at   timestamptz,
  finished_at  timestamptz
);
create index run_by_workspace on run (workspace, requested_at desc, id desc);
create index run_by_person on run (requested_by, requested_at desc, id desc);
create index run_by_entry_file on run (entry_file, requested_at desc, id desc) where entry_file is not null;
create index run_alive on run (requested_at) where state <> 'finished';
`;

async function finish(id: string, { outcome, usage }: RunFinished['data'], at: Date, tx: ClientBase): Promise<void> {
  await tx.query(
    `update run set state = 'finished', outcome = $2, finished_at = $3, ending = $4, wall_ms = $5, cpu_ms = $6,
       peak_bytes = $7, output_bytes = $8 where id = $1`,
    [
      ...[id, outcome.kind, at, storable(outcomeInWords(outcome)), usage?.wallMs ?? null, usage?.cpuMs ?? null],
      ...[usage?.peakMemoryBytes ?? null, usage?.outputBytes ?? null],
    ],
  );
}

async function addError(id: string, exception: string, tx: ClientBase): Promise<void> {
  await tx.query(
    `update run set errors = errors + 1, exceptions = case
       when $2 = any(exceptions) or cardinality(exceptions) >= $3 then exceptions else exceptions || $2::text end
     where id = $1`,
    [id, storable(exception), KEPT_EXCEPTIONS],
  );
}

async function apply(recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const event = readEvent(recorded);
  const id = recorded.stream.slice('run-'.length);
  switch (event.type) {
    case 'RunRequested':
      return addRun(id, recorded, tx);
    case 'RunStarted':
      await tx.query(`update run set state = 'running', started_at = $2 where id = $1`, [id, recorded.recordedAt]);
      return;
    case 'ReplEntered':
      await tx.query(`update run set state = 'repl' where id = $1`, [id]);
      return;
    case 'ErrorRaised':
      return addError(id, event.data.exception, tx);
    case 'RunFinished':
      return finish(id, event.data, recorded.recordedAt, tx);
    default:
  }
}

async function addRun(id: string, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const event = readEvent(recorded);
  if (event.type !== 'RunRequested') return;
  const { workspace, course, by, mode, entry, files } = event.data;
  const entryFile = files.find(({ path }) => path === entry)?.file ?? null;
  await tx.query(
    `insert into run (id, workspace, course, requested_by, session, mode, entry, entry_file, state, requested_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9)`,
    [
      ...[id, workspace, course, by, readMetadata(recorded).session ?? null, mode],
      ...[entry, entryFile, recorded.recordedAt],
    ],
  );
}

/** Runs with their state and outcome: what a list of them shows. Output stays in the log and is read from there. */
export const runsProjector: Projector = {
  name: 'runs',
  version: 2,
  streamPrefixes: ['run-'],
  typePrefixes: ['RunRequested', 'RunStarted', 'ReplEntered', 'ErrorRaised', 'RunFinished'],
  // Whoever watches a run follows its stream; this is the list.
  gatherMs: 50,
  tables: ['run'],
  ddl: DDL,
  apply,
};
