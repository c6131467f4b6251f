import { type DomainEvent, partsOfStream, readEvent, type RunRequested } from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import type { Projector } from './projector.js';

/** The shape of version 1. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
create table run (
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
create index run_by_workspace on run (workspace, requested_at desc);
create index run_alive on run (requested_at) where state <> 'finished';
`;

/** A row, or of one that is there already what changes in it: null leaves a time or an outcome as it is. */
interface Change {
  readonly id: string;
  state: string;
  outcome: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}
type Row = Change & Pick<RunRequested['data'], 'workspace' | 'by' | 'mode' | 'entry'> & { readonly requestedAt: Date };

const UNCHANGED = { outcome: null, startedAt: null, finishedAt: null } as const;

/** The rows that the events make, and the changes of others. */
function fold(events: readonly RecordedEvent[]): { made: Row[]; changed: Change[] } {
  const made = new Map<string, Row>();
  const changed = new Map<string, Change>();
  for (const recorded of events) {
    const event = readEvent(recorded);
    const { id } = partsOfStream(recorded.stream);
    if (event.type === 'RunRequested') {
      const { workspace, by, mode, entry } = event.data;
      const requestedAt = recorded.recordedAt;
      made.set(id, { id, workspace, by, mode, entry, requestedAt, state: 'queued', ...UNCHANGED });
      continue;
    }
    const change = made.get(id) ?? changed.get(id) ?? { id, state: '', ...UNCHANGED };
    if (!made.has(id)) changed.set(id, change);
    apply(event, recorded.recordedAt, change);
  }
  return { made: [...made.values()], changed: [...changed.values()] };
}

function apply(event: DomainEvent, at: Date, change: Change): void {
  switch (event.type) {
    case 'RunStarted':
      Object.assign(change, { state: 'running', startedAt: at });
      return;
    case 'ReplEntered':
      change.state = 'repl';
      return;
    case 'RunFinished':
      Object.assign(change, { state: 'finished', outcome: event.data.outcome.kind, finishedAt: at });
      return;
    default:
  }
}

async function insert(rows: readonly Row[], tx: ClientBase): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into run (id, workspace, requested_by, mode, entry, state, requested_at, outcome, started_at, finished_at)
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
       $9::timestamptz[], $10::timestamptz[])`,
    [
      ...(['id', 'workspace', 'by', 'mode', 'entry', 'state', 'requestedAt', 'outcome'] as const),
      ...(['startedAt', 'finishedAt'] as const),
    ].map((column) => rows.map((row) => row[column])),
  );
}

async function update(changes: readonly Change[], tx: ClientBase): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `update run r set state = u.state, outcome = coalesce(u.outcome, r.outcome),
       started_at = coalesce(u.started_at, r.started_at), finished_at = coalesce(u.finished_at, r.finished_at)
     from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
       as u (id, state, outcome, started_at, finished_at)
     where r.id = u.id`,
    (['id', 'state', 'outcome', 'startedAt', 'finishedAt'] as const).map((column) => changes.map((row) => row[column])),
  );
}

/** By two statements, whatever the number of events. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const { made, changed } = fold(events);
  await insert(made, tx);
  await update(changed, tx);
}

/** Runs with their state: what a workspace lists. Output stays in the log and is read from there. */
export const runsProjector: Projector = {
  name: 'runs',
  version: 1,
  streamPrefixes: ['run-'],
  typePrefixes: ['RunRequested', 'RunStarted', 'ReplEntered', 'RunFinished'],
  // Whoever watches a run follows its stream; this is the list.
  gatherMs: 50,
  tables: ['run'],
  ddl: DDL,
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
