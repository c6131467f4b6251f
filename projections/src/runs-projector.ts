import {
  type DomainEvent,
  partsOfStream,
  readEvent,
  readMetadata,
  type RunFinished,
  type RunRequested,
} from '@palimpsest/domain';
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

/** What changes in a run while it lives; null where nothing has changed yet. */
interface Change {
  readonly id: string;
  state: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  outcome: string | null;
  ending: string | null;
  usage: RunFinished['data']['usage'];
  errors: number;
  exceptions: string[];
}
interface Row extends Change, Pick<RunRequested['data'], 'workspace' | 'course' | 'by' | 'mode' | 'entry'> {
  readonly session: string | null;
  readonly entryFile: string | null;
  readonly requestedAt: Date;
}

function unchanged(id: string): Change {
  const nothing = { state: null, startedAt: null, finishedAt: null, outcome: null, ending: null, usage: null };
  return { id, ...nothing, errors: 0, exceptions: [] };
}

/** The rows that the events make, and the changes of others. `known`: the errors of those, as they are before. */
function fold(
  events: readonly RecordedEvent[],
  known: ReadonlyMap<string, Pick<Change, 'errors' | 'exceptions'>>,
): { made: Row[]; changed: Change[] } {
  const made = new Map<string, Row>();
  const changed = new Map<string, Change>();
  for (const recorded of events) {
    const event = readEvent(recorded);
    const { id } = partsOfStream(recorded.stream);
    if (event.type === 'RunRequested') {
      made.set(id, requested(id, event.data, recorded));
      continue;
    }
    const change = made.get(id) ?? changed.get(id) ?? { ...unchanged(id), ...known.get(id) };
    if (!made.has(id)) changed.set(id, change);
    apply(event, recorded.recordedAt, change);
  }
  return { made: [...made.values()], changed: [...changed.values()] };
}

function requested(id: string, data: RunRequested['data'], recorded: RecordedEvent): Row {
  const { workspace, course, by, mode, entry, files } = data;
  return {
    ...unchanged(id),
    ...{ workspace, course, by, mode, entry, state: 'queued', requestedAt: recorded.recordedAt },
    session: readMetadata(recorded).session ?? null,
    entryFile: files.find(({ path }) => path === entry)?.file ?? null,
  };
}

function apply(event: DomainEvent, at: Date, change: Change): void {
  switch (event.type) {
    case 'RunStarted':
      Object.assign(change, { state: 'running', startedAt: at });
      return;
    case 'ReplEntered':
      change.state = 'repl';
      return;
    case 'ErrorRaised':
      addError(storable(event.data.exception), change);
      return;
    case 'RunFinished': {
      const { outcome, usage } = event.data;
      const ending = storable(outcomeInWords(outcome));
      Object.assign(change, { state: 'finished', outcome: outcome.kind, ending, usage, finishedAt: at });
      return;
    }
    default:
  }
}

function addError(exception: string, change: Change): void {
  change.errors += 1;
  if (change.exceptions.includes(exception) || change.exceptions.length >= KEPT_EXCEPTIONS) return;
  change.exceptions = [...change.exceptions, exception];
}

/** The errors of the runs in which there are more of them now. */
async function errorsOf(events: readonly RecordedEvent[], tx: ClientBase) {
  const ids = events.filter(({ type }) => type === 'ErrorRaised').map(({ stream }) => partsOfStream(stream).id);
  if (ids.length === 0) return new Map<string, Pick<Change, 'errors' | 'exceptions'>>();
  const { rows } = await tx.query<Pick<Change, 'id' | 'errors' | 'exceptions'>>(
    'select id, errors, exceptions from run where id = any($1::uuid[])',
    [[...new Set(ids)]],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What both statements write: the values of Change, in the order of CHANGE_COLUMNS. */
function changeValues(changes: readonly Change[]): unknown[][] {
  return [
    ...(['state', 'startedAt', 'finishedAt', 'outcome', 'ending'] as const).map((one) =>
      changes.map((row) => row[one]),
    ),
    ...(['wallMs', 'cpuMs', 'peakMemoryBytes', 'outputBytes'] as const).map((one) =>
      changes.map(({ usage }) => usage?.[one] ?? null),
    ),
    changes.map(({ errors }) => errors),
    changes.map(({ exceptions }) => JSON.stringify(exceptions)),
  ];
}

const CHANGE_COLUMNS =
  'state, started_at, finished_at, outcome, ending, wall_ms, cpu_ms, peak_bytes, output_bytes, errors, exceptions';
const CHANGE_TYPES = [
  ...['text', 'timestamptz', 'timestamptz', 'text', 'text'],
  ...['bigint', 'bigint', 'bigint', 'bigint', 'int', 'jsonb'],
];
/** An array of arrays has no rows of arrays: they come as JSON. */
const EXCEPTIONS = 'array(select jsonb_array_elements_text(u.exceptions))';

function unnested(types: readonly string[]): string {
  return types.map((type, n) => `$${n + 1}::${type}[]`).join(', ');
}

const OWN_COLUMNS = 'id, workspace, course, requested_by, session, mode, entry, entry_file, requested_at';
const OWN_TYPES = ['uuid', 'uuid', 'uuid', 'uuid', 'text', 'text', 'text', 'uuid', 'timestamptz'];
const INSERT = `
  insert into run (${OWN_COLUMNS}, ${CHANGE_COLUMNS})
  select ${OWN_COLUMNS}, ${CHANGE_COLUMNS.replace(/exceptions$/, EXCEPTIONS)}
  from unnest(${unnested([...OWN_TYPES, ...CHANGE_TYPES])}) as u (${OWN_COLUMNS}, ${CHANGE_COLUMNS})`;

const UPDATE = `
  update run r set ${CHANGE_COLUMNS.split(', ')
    .filter((column) => column !== 'errors' && column !== 'exceptions')
    .map((column) => `${column} = coalesce(u.${column}, r.${column})`)
    .join(', ')},
    errors = greatest(u.errors, r.errors), exceptions = case when u.errors = 0 then r.exceptions else ${EXCEPTIONS} end
  from unnest(${unnested(['uuid', ...CHANGE_TYPES])}) as u (id, ${CHANGE_COLUMNS})
  where r.id = u.id`;

async function insert(rows: readonly Row[], tx: ClientBase): Promise<void> {
  if (rows.length === 0) return;
  const own = [
    ...(['id', 'workspace', 'course', 'by', 'session', 'mode', 'entry', 'entryFile'] as const),
    'requestedAt' as const,
  ].map((column) => rows.map((row) => row[column]));
  await tx.query(INSERT, [...own, ...changeValues(rows)]);
}

async function update(changes: readonly Change[], tx: ClientBase): Promise<void> {
  if (changes.length > 0) await tx.query(UPDATE, [changes.map(({ id }) => id), ...changeValues(changes)]);
}

/** By at most three statements, whatever the number of events. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const { made, changed } = fold(events, await errorsOf(events, tx));
  await insert(made, tx);
  await update(changed, tx);
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
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
