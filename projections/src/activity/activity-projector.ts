import {
  decodeFileEdited,
  FILE_EDITED,
  partsOfStream,
  readEvent,
  readMetadata,
  type DomainEvent,
  type EventMetadata,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { accountOf, outcomeInWords, storable } from '../audit-projector.js';
import type { Projector } from '../projector.js';
import type { ActivityKind, ActivityRow, ConnectionDetail, RunDetail } from './activity-row.js';
import { ACTIVITY_DDL, insertRows, openRows, updateRows } from './activity-store.js';
import { typedCharacters } from './typed-characters.js';

/**
 * Theory of operation. A timeline has rows that a person reads: a burst of typing, a run from its request to its end, what was
 * typed into it in one go. So several events make one row. Each such event names its row by a `fold`, and the newest row of
 * the fold grows, unless it was over too long ago, by the times that the log itself has: a rebuild, whose batches are others,
 * makes the same rows. A batch reads the newest rows of its folds, lets its events change them in memory, and writes them back:
 * three statements, however many events there are.
 */

/** Somebody who does not type for so long has paused, milliseconds: the next edit is another row. */
export const PAUSE_MS = 60_000;

/** Longest stretch that a row stands for, milliseconds, so that what happened meanwhile is not far above it. */
export const STRETCH_MS = 600_000;

/** File operations of a kind that follow each other within this are one: a copied folder has hundreds. Milliseconds. */
export const TOGETHER_MS = 1_000;

/** Characters of input that a row shows. */
const SHOWN_INPUT = 500;

/** The rows that the events of a batch may change, and those that they make. */
class Batch {
  readonly #newest = new Map<string, ActivityRow>();
  readonly #changed = new Set<ActivityRow>();
  readonly made: ActivityRow[] = [];

  constructor(open: readonly ActivityRow[]) {
    // Of a fold there may be older rows among them, for connections that nobody has closed.
    for (const row of open) {
      const known = row.fold === null ? undefined : this.#newest.get(row.fold);
      if (row.fold !== null && (!known || BigInt(known.entryNo ?? 0) < BigInt(row.entryNo ?? 0)))
        this.#newest.set(row.fold, row);
    }
  }

  newest(fold: string): ActivityRow | undefined {
    return this.#newest.get(fold);
  }

  get open(): Iterable<ActivityRow> {
    return this.#newest.values();
  }

  add(row: ActivityRow): void {
    this.made.push(row);
    if (row.fold !== null) this.#newest.set(row.fold, row);
  }

  change(row: ActivityRow, changes: Partial<ActivityRow>): void {
    Object.assign(row, changes);
    if (row.entryNo !== undefined) this.#changed.add(row);
  }

  get changed(): ActivityRow[] {
    return [...this.#changed];
  }
}

/** An event with what is read of it once. */
interface Happening {
  readonly recorded: RecordedEvent;
  readonly metadata: EventMetadata;
  /** Undefined for edits, which are no JSON. */
  readonly event: DomainEvent | undefined;
  readonly at: Date;
}

function read(recorded: RecordedEvent): Happening {
  const metadata = readMetadata(recorded);
  const event = recorded.type === FILE_EDITED ? undefined : readEvent(recorded);
  return { recorded, metadata, event, at: recorded.recordedAt };
}

type RowStart = Pick<ActivityRow, 'kind' | 'object'> & Partial<ActivityRow>;

function rowOf({ recorded, metadata, at }: Happening, start: RowStart): ActivityRow {
  const { actor, session = null, course = null, workspace = null, file = null } = metadata;
  return {
    ...{ entryNo: undefined, at, type: recorded.type, person: actor.id, via: actor.via, session, course, workspace },
    ...{ file, run: null, fold: null, firstRevision: null, lastRevision: null, until: at, count: 1 },
    ...{ inserted: 0, removed: 0, summary: '', detail: {} },
    ...start,
  };
}

/** The rows that an event may continue or end. */
function foldsOf({ recorded, metadata, event }: Happening): string[] {
  if (!event) return [editFold(recorded, metadata)];
  if (event.type === 'InputProvided') return [inputFold(recorded, event.data.by)];
  if (recorded.stream.startsWith('run-')) return [recorded.stream];
  if (event.type === 'ConnectionOpened' || event.type === 'ConnectionClosed')
    return [connectionFold(recorded, event.data.file)];
  return isFileOperation(event) ? [fileFold(recorded, metadata)] : [];
}

function editFold({ stream }: RecordedEvent, { actor, session = '' }: EventMetadata): string {
  return ['edit', stream, actor.id, actor.via, session].join(' ');
}

function inputFold({ stream }: RecordedEvent, by: string): string {
  return ['input', stream, by].join(' ');
}

function fileFold({ stream, type }: RecordedEvent, { actor, session = '' }: EventMetadata): string {
  return [type, stream, actor.id, actor.via, session].join(' ');
}

function connectionFold({ stream }: RecordedEvent, file: string): string {
  return ['connection', stream, file].join(' ');
}

function isFileOperation({ type }: DomainEvent): boolean {
  return /^(File|Folder)(Created|Moved|Deleted|Restored)$/.test(type);
}

/** Whether something at `at` continues a row that ended last at `until`. */
function continues(row: ActivityRow | undefined, at: Date, pauseMs: number): row is ActivityRow {
  if (!row) return false;
  const time = at.getTime();
  const end = (row.until ?? row.at).getTime();
  return time - end < pauseMs && time - row.at.getTime() < STRETCH_MS;
}

function later(a: Date | null, b: Date): Date {
  return a !== null && a > b ? a : b;
}

function applyEdit(batch: Batch, happening: Happening): void {
  const { recorded, metadata, at } = happening;
  const { edits } = decodeFileEdited(recorded.data);
  const counted = edits.map(typedCharacters);
  const inserted = counted.reduce((sum, one) => sum + one.inserted, 0);
  const removed = counted.reduce((sum, one) => sum + one.removed, 0);
  const fold = editFold(recorded, metadata);
  const revision = String(recorded.revision);
  const row = batch.newest(fold);
  if (continues(row, at, PAUSE_MS))
    return batch.change(row, {
      ...{ until: later(row.until, at), lastRevision: revision, count: row.count + edits.length },
      ...{ inserted: row.inserted + inserted, removed: row.removed + removed },
    });
  const file = partsOfStream(recorded.stream).id;
  batch.add(
    rowOf(happening, {
      ...{ kind: 'edit', object: '', fold, file, count: edits.length, inserted, removed },
      ...{ firstRevision: revision, lastRevision: revision },
    }),
  );
}

function applyInput(batch: Batch, happening: Happening, by: string, text: string): void {
  const { recorded, at } = happening;
  const fold = inputFold(recorded, by);
  const typed = storable(text);
  const row = batch.newest(fold);
  if (continues(row, at, PAUSE_MS))
    return batch.change(row, {
      ...{ until: later(row.until, at), count: row.count + 1, summary: shown(row.summary + typed) },
    });
  const run = partsOfStream(recorded.stream).id;
  batch.add(rowOf(happening, { kind: 'input', object: '', person: by, run, fold, summary: shown(typed) }));
}

/** The beginning of it; a pair of surrogates may be cut in two by that. */
function shown(text: string): string {
  return storable(text.slice(0, SHOWN_INPUT));
}

function applyRun(batch: Batch, happening: Happening, event: DomainEvent): void {
  const { recorded, at } = happening;
  if (event.type === 'RunRequested') {
    const { workspace, course, by, mode, entry, files } = event.data;
    const file = files.find(({ path }) => path === entry)?.file ?? null;
    const detail: RunDetail = { state: 'queued', mode, errors: 0, produced: 0 };
    const names = { object: storable(entry ?? 'Python prompt'), person: by, workspace, course, file };
    const run = partsOfStream(recorded.stream).id;
    return batch.add(rowOf(happening, { kind: 'run', run, fold: recorded.stream, ...names, until: null, detail }));
  }
  const row = batch.newest(recorded.stream);
  if (!row) return;
  const before = row.detail as RunDetail;
  const detail = { ...before, ...runChange(event, before, at) };
  batch.change(row, { detail, ...(event.type === 'RunFinished' && { until: at }) });
}

function runChange(event: DomainEvent, before: RunDetail, at: Date): Partial<RunDetail> {
  switch (event.type) {
    case 'RunStarted':
      return { state: 'running', startedAt: at.getTime() };
    case 'ReplEntered':
      return { state: 'repl' };
    case 'ErrorRaised': {
      const { exception, path, line } = event.data;
      const first = { exception: storable(exception), ...(path !== null && { path: storable(path) }) };
      return { errors: before.errors + 1, ...(before.errors === 0 && { ...first, ...(line !== null && { line }) }) };
    }
    case 'FileProduced':
      return { produced: before.produced + 1 };
    case 'RunFinished': {
      const { outcome, usage } = event.data;
      const { wallMs, cpuMs, peakMemoryBytes } = usage ?? {};
      return {
        ...{ state: 'finished', outcome: outcome.kind, ending: storable(outcomeInWords(outcome)) },
        ...(wallMs !== undefined && { wallMs }),
        ...(cpuMs !== undefined && { cpuMs }),
        ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
      };
    }
    default:
      return {};
  }
}

function applyFile(batch: Batch, happening: Happening, event: DomainEvent): void {
  const { recorded, metadata, at } = happening;
  const fold = isFileOperation(event) ? fileFold(recorded, metadata) : null;
  const row = fold === null ? undefined : batch.newest(fold);
  if (continues(row, at, TOGETHER_MS)) return batch.change(row, { until: later(row.until, at), count: row.count + 1 });
  const { object = '', summary } = accountOf(event);
  const { category, id } = partsOfStream(recorded.stream);
  const file = 'file' in event.data && typeof event.data.file === 'string' ? event.data.file : null;
  batch.add(
    rowOf(happening, {
      ...{ kind: event.type === 'WorkHandedIn' ? 'hand-in' : 'file', fold, object: storable(object) },
      ...(category === 'workspace' ? { workspace: id, file } : { file: id }),
      ...{ summary: storable(summary), firstRevision: String(recorded.revision) },
      ...(event.type === 'WorkspaceOpened' && { course: event.data.course }),
    }),
  );
}

function applyConnection(batch: Batch, happening: Happening, event: DomainEvent): void {
  if (event.type !== 'ConnectionOpened' && event.type !== 'ConnectionClosed') return;
  const { recorded, at } = happening;
  const { connection, file, workspace, path } = event.data;
  const fold = connectionFold(recorded, file);
  const row = batch.newest(fold);
  const isOpen = row?.until === null;
  if (event.type === 'ConnectionClosed') {
    if (!isOpen || (row.detail as ConnectionDetail).connection !== connection) return;
    return endConnection(batch, row, new Date(event.data.at), event.data.reason);
  }
  if (isOpen) endConnection(batch, row, at, 'superseded');
  const session = partsOfStream(recorded.stream).id;
  const detail: ConnectionDetail = { connection };
  const start = { kind: 'connection', object: storable(path), fold, session, file, workspace } as const;
  batch.add(rowOf(happening, { ...start, until: null, detail }));
}

function endConnection(batch: Batch, row: ActivityRow, until: Date, reason: ConnectionDetail['reason']): void {
  batch.change(row, { until, detail: { ...row.detail, reason } });
}

/** Whoever is signed out has no connection any more, whether its end was recorded or not. */
function applySession(batch: Batch, happening: Happening, event: DomainEvent): void {
  const { recorded, metadata, at } = happening;
  const { id } = partsOfStream(recorded.stream);
  const isRefusal = event.type === 'SignInRefused';
  const session = isRefusal ? null : id;
  const person = isRefusal ? (metadata.subject ?? id) : 'user' in event.data ? String(event.data.user) : id;
  if (isEnd(event))
    for (const row of batch.open)
      if (row.kind === 'connection' && row.session === id && row.until === null)
        endConnection(batch, row, at, 'session-ended');
  const summary = storable(accountOf(event).summary);
  batch.add(rowOf(happening, { kind: isRefusal ? 'refusal' : 'session', object: '', person, session, summary }));
}

function isEnd({ type }: DomainEvent): boolean {
  return type === 'SignedOut' || type === 'SessionExpired' || type === 'SessionRevoked';
}

function applyAsTold(batch: Batch, happening: Happening, kind: ActivityKind, event: DomainEvent): void {
  if (happening.metadata.actor.id === 'anonymous') return; // nobody's doing
  const { object = '', summary } = accountOf(event);
  batch.add(rowOf(happening, { kind, object: storable(object), summary: storable(summary) }));
}

function applyOne(batch: Batch, happening: Happening): void {
  const { event } = happening;
  switch (event?.type) {
    case undefined:
      return applyEdit(batch, happening);
    case 'InputProvided':
      return applyInput(batch, happening, event.data.by, event.data.text);
    case 'RunRequested':
    case 'RunStarted':
    case 'ReplEntered':
    case 'ErrorRaised':
    case 'FileProduced':
    case 'RunFinished':
      return applyRun(batch, happening, event);
    case 'WorkspaceOpened':
    case 'WorkspaceCopied':
    case 'FileCreated':
    case 'FileMoved':
    case 'FileDeleted':
    case 'FileRestored':
    case 'FolderCreated':
    case 'FolderMoved':
    case 'FolderDeleted':
    case 'FolderRestored':
    case 'ContentStored':
    case 'WorkHandedIn':
      return applyFile(batch, happening, event);
    case 'ConnectionOpened':
    case 'ConnectionClosed':
      return applyConnection(batch, happening, event);
    case 'SignedIn':
    case 'SignInRefused':
    case 'SignedOut':
    case 'SessionExpired':
    case 'SessionRevoked':
      return applySession(batch, happening, event);
    case 'LimitReached':
      return applyAsTold(batch, happening, 'limit', event);
    case 'AccessRefused':
      return applyAsTold(batch, happening, 'refusal', event);
    default:
  }
}

async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const happenings = events.map(read);
  const folds = new Set(happenings.flatMap(foldsOf));
  const ended = happenings.flatMap(({ event, recorded }) =>
    event && isEnd(event) ? [partsOfStream(recorded.stream).id] : [],
  );
  const batch = new Batch(await openRows([...folds], ended, tx));
  for (const happening of happenings) applyOne(batch, happening);
  await updateRows(batch.changed, tx);
  await insertRows(batch.made, tx);
}

/** What people do, as rows of a timeline: by workspace, by person and by session. */
export const activityProjector: Projector = {
  name: 'activity',
  version: 1,
  typePrefixes: [
    ...[FILE_EDITED, 'FileCreated', 'FileMoved', 'FileDeleted', 'FileRestored', 'FileProduced', 'ContentStored'],
    ...['Folder', 'WorkspaceOpened', 'WorkspaceCopied', 'WorkHandedIn', 'RunRequested', 'RunStarted', 'ReplEntered'],
    ...[
      'ErrorRaised',
      'RunFinished',
      'InputProvided',
      'Connection',
      'Sign',
      'Session',
      'LimitReached',
      'AccessRefused',
    ],
  ],
  tables: ['activity_entry'],
  ddl: ACTIVITY_DDL,
  // Most of it is typing, of which four events a second make one row.
  gatherMs: 200,
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
