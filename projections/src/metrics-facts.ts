import {
  charactersOf,
  decodeFileEdited,
  type DomainEvent,
  type EventMetadata,
  FILE_EDITED,
  isId,
  partsOfStream,
  PASTE_UNITS,
  readEvent,
  readMetadata,
  type RunOutcome,
  type ScriptEnd,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';

/** What is counted of a person in a course on a day. Each is a column of `metric_day`; docs/METRICS.md defines them. */
export const COUNTS = [
  ...(['runs', 'prompts', 'completed', 'failed', 'limited', 'cancelled', 'lost', 'errors'] as const),
  ...(['edits', 'typed', 'pasted', 'removed', 'files_made', 'file_operations'] as const),
  ...(['hand_ins', 'late_hand_ins', 'limits', 'active_ms'] as const),
  ...(['results', 'result_errors', 'result_pairs', 'error_points', 'repeated_error_micros'] as const),
] as const;
export type Count = (typeof COUNTS)[number];
export type Counts = Partial<Record<Count, number>>;

/** How a script ended, in five kinds; `name` is the exact one. `error`: its type, '' for none, null where it says nothing. */
export interface ScriptResult {
  readonly count: Extract<Count, 'completed' | 'failed' | 'limited' | 'cancelled' | 'lost'>;
  readonly name: string;
  readonly error: string | null;
}

interface OfPerson {
  readonly person: string;
  readonly course: string;
  readonly at: Date;
}
interface OfRun {
  readonly run: string;
}

/** What one event says, as far as it is counted. */
export type Fact =
  | ({ readonly kind: 'act'; readonly counts: Counts } & OfPerson)
  | ({ readonly kind: 'asked'; readonly isPrompt: boolean } & OfPerson & OfRun)
  | ({ readonly kind: 'raised'; readonly exception: string } & OfRun)
  | ({ readonly kind: 'result'; readonly end: ScriptEnd | null } & OfRun)
  | ({ readonly kind: 'ended'; readonly outcome: RunOutcome } & OfRun)
  | (Omit<OfPerson, 'course'> & {
      readonly kind: 'limit';
      readonly course: string | undefined;
      readonly limit: string;
      readonly refusals: number;
    });

/** Beginnings of the types that are counted. */
export const COUNTED_TYPES = [
  ...[
    FILE_EDITED,
    'FileCreated',
    'FileMoved',
    'FileDeleted',
    'FileRestored',
    'ContentStored',
    'Folder',
    'WorkHandedIn',
  ],
  ...['RunRequested', 'ReplEntered', 'ErrorRaised', 'InputProvided', 'RunCancelled', 'RunFinished', 'LimitReached'],
] as const;

/** Undefined for what is not counted. Throws what reading the event throws. */
export function factOf(recorded: RecordedEvent): Fact | undefined {
  const metadata = readMetadata(recorded);
  if (recorded.type === FILE_EDITED) return act(recorded, metadata, editCounts(recorded.data));
  const event = readEvent(recorded);
  const { id: run } = partsOfStream(recorded.stream);
  switch (event.type) {
    case 'RunRequested': {
      const { by: person, course, mode } = event.data;
      return { kind: 'asked', run, person, course, at: recorded.recordedAt, isPrompt: mode === 'repl' };
    }
    case 'ErrorRaised':
      return { kind: 'raised', run, exception: event.data.exception };
    case 'ReplEntered':
      return { kind: 'result', run, end: event.data.script };
    case 'RunFinished':
      return { kind: 'ended', run, outcome: event.data.outcome };
    case 'LimitReached':
      return limit(recorded, metadata, event.data);
    default:
      return act(recorded, metadata, countsOf(event));
  }
}

/** Undefined for what was not done by a person's own hand: a run's program, or the system. */
function act(recorded: RecordedEvent, { actor, course }: EventMetadata, counts: Counts | undefined): Fact | undefined {
  if (counts === undefined || course === undefined || !isId(course)) return undefined;
  if (!isId(actor.id) || actor.via === 'executor' || actor.via === 'system') return undefined;
  return { kind: 'act', person: actor.id, course, at: recorded.recordedAt, counts };
}

function countsOf(event: DomainEvent): Counts | undefined {
  switch (event.type) {
    case 'FileCreated':
      // A copy of published files is opened, not made.
      return event.data.copyOf === undefined ? { files_made: 1, file_operations: 1 } : {};
    case 'FileMoved':
    case 'FileDeleted':
    case 'FileRestored':
    case 'ContentStored':
    case 'FolderCreated':
    case 'FolderMoved':
    case 'FolderDeleted':
    case 'FolderRestored':
      return { file_operations: 1 };
    case 'WorkHandedIn':
      return { hand_ins: 1, late_hand_ins: event.data.late ? 1 : 0 };
    case 'InputProvided':
    case 'RunCancelled':
      return {};
    default:
      return undefined;
  }
}

/** Text that a server put in (an upload, a restored moment) is an action of the person, and nothing that was typed. */
function editCounts(data: Uint8Array): Counts {
  const counts = { edits: 0, typed: 0, pasted: 0, removed: 0 };
  for (const { origin, update } of decodeFileEdited(data).edits) {
    if (origin === 'server') continue;
    const { inserted, longest, deleted } = charactersOf(update);
    counts.edits += 1;
    counts.removed += deleted;
    // By its length alone, since the text is not read for it.
    // What comes from offline typing is merged into pieces: how it was put in is not known, and nobody is to be suspected.
    if (origin === 'live' && longest >= PASTE_UNITS) counts.pasted += inserted;
    else counts.typed += inserted;
  }
  return counts;
}

function limit(
  recorded: RecordedEvent,
  { actor, course }: EventMetadata,
  data: { readonly limit: string; readonly refusals?: number },
): Fact | undefined {
  if (!isId(actor.id)) return undefined;
  const { limit: name, refusals = 1 } = data;
  const known = course !== undefined && isId(course) ? course : undefined;
  return { kind: 'limit', person: actor.id, course: known, at: recorded.recordedAt, limit: name, refusals };
}

const DONE: ScriptResult = { count: 'completed', name: 'completed', error: '' };
/** Said with `exit(n)`: as wished by its author, so no error in the sense of the error figures. */
const EXITED: ScriptResult = { count: 'failed', name: 'exited', error: '' };

/** Of a script that ended and left a prompt. */
export function resultOf(end: ScriptEnd): ScriptResult {
  switch (end.kind) {
    case 'completed':
      return DONE;
    case 'raised':
      return { count: 'failed', name: 'raised', error: end.exception };
    case 'exit':
      return end.code === 0 ? DONE : EXITED;
  }
}

/** Of one that ended with its run. `raised`: the last exception that it told of, '' for none. */
export function resultOfRun(outcome: RunOutcome, raised: string): ScriptResult {
  switch (outcome.kind) {
    case 'exited':
      if (raised !== '' && outcome.code !== 0) return { count: 'failed', name: 'raised', error: raised };
      return outcome.code === 0 ? DONE : EXITED;
    case 'signalled':
      return { count: 'failed', name: outcome.kind, error: outcome.kind };
    case 'timed-out':
    case 'out-of-memory':
    case 'output-limit':
    case 'workspace-limit':
      return { count: 'limited', name: outcome.kind, error: outcome.kind };
    case 'cancelled':
      return { count: 'cancelled', name: outcome.kind, error: null };
    case 'interrupted':
    case 'refused':
    case 'failed':
      return { count: 'lost', name: outcome.kind, error: null };
  }
}
