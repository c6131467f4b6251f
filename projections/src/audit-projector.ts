import { createHash } from 'node:crypto';
import {
  auditOutcomeOf,
  decodeFileEdited,
  FILE_EDITED,
  isId,
  objectKindOf,
  partsOfStream,
  plainAddress,
  readEvent,
  readMetadata,
  wordsOf,
  type DomainEvent,
  type EventMetadata,
  type FilesCollected,
  type ItemTimes,
  type LimitKind,
  type LimitReached,
  type NotKept,
  type ObjectKind,
  type RunOutcome,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
import { AUDIT_DDL, AUDIT_INDEX_DDL, AUDIT_TABLES, type AuditEntry, insertEntries } from './audit-tables.js';
import type { Projector } from './projector.js';

/** What a person reads of an event: the object's name where the event itself says it, and one sentence. */
interface Account {
  readonly object?: string;
  readonly summary: string;
}

export function outcomeInWords(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0 ? 'ended' : `ended with exit code ${outcome.code}`;
    case 'signalled':
      return `ended by signal ${outcome.signal}`;
    case 'timed-out':
      return `stopped: ${outcome.seconds} s (${outcome.limit}) used up`;
    case 'out-of-memory':
      return 'stopped: out of memory';
    case 'output-limit':
      return 'stopped: too much output';
    case 'workspace-limit':
      return `stopped: too much in its workspace (${outcome.limit}, at most ${outcome.most})`;
    case 'cancelled':
      return 'stopped on request';
    case 'interrupted':
      return 'interrupted by a stop of the server';
    case 'refused':
    case 'failed':
      return `${outcome.kind}: ${outcome.reason}`;
  }
}

function limitInWords({ limit, most, waitSeconds, refusals = 1 }: LimitReached['data']): string {
  const wait = waitSeconds > 0 ? `, asked to wait ${waitSeconds} s` : '';
  return `limit reached: ${most} ${LIMITED[limit] ?? limit}${wait}${refusals > 1 ? ` (${refusals} times in a minute)` : ''}`;
}

const LIMITED: Readonly<Record<LimitKind, string>> = {
  'messages-a-minute': 'messages a minute',
  'open-documents': 'open documents',
  'document-size': 'characters in a document',
  'client-ids': 'client ids of a person in a document',
  'runs-a-minute': 'runs a minute',
  'file-operations-a-minute': 'file operations a minute',
  'sign-ins-a-minute': 'sign-ins a minute from an address',
  'anonymous-requests-a-minute': 'requests a minute without a session from an address',
};

function timeInWords(at: number): string {
  return new Date(at).toISOString();
}

function timesInWords({ releaseAt, startAt, endAt, dueAt }: ItemTimes): string {
  const named = { released: releaseAt, start: startAt, end: endAt, due: dueAt };
  const given = Object.entries(named).flatMap(([name, at]) => (at === null ? [] : [`${name} ${timeInWords(at)}`]));
  return given.length === 0 ? 'a draft without times' : given.join(', ');
}

function notKeptInWords(files: readonly NotKept[]): string {
  return cut(files.map(({ path, reason }) => `${path} (${reason})`).join(', '));
}

function collectedInWords({ files, notKept, more }: FilesCollected['data']): string {
  const changes = `files of the program looked at: ${files.length} changes`;
  return notKept.length === 0 ? changes : `${changes}, ${notKept.length + more} not kept: ${notKeptInWords(notKept)}`;
}

function cut(text: string, length = 120): string {
  const shown = JSON.stringify(text.length > length ? `${text.slice(0, length)}…` : text);
  return shown.slice(1, -1);
}

/** Complete by the compiler: a new event without an account does not compile. */
export function accountOf(event: DomainEvent): Account {
  switch (event.type) {
    case 'UserRegistered':
      return { object: event.data.username, summary: `account made, role ${event.data.role}` };
    case 'UserRoleChanged':
      return { summary: `role changed from ${event.data.was} to ${event.data.role}` };
    case 'UserRenamed':
      return { summary: `name changed from ${cut(event.data.was)} to ${cut(event.data.displayName)}` };
    case 'UserDeactivated':
      return { summary: `account deactivated: ${event.data.reason}` };
    case 'UserReactivated':
      return { summary: 'account active again' };
    case 'EmailChanged':
      return { summary: 'e-mail address set' };
    case 'IdentityLinked':
      return { summary: `may sign in by ${cut(event.data.issuer)} (found by ${event.data.by})` };
    case 'PasswordChanged':
      return { summary: `password set by ${event.data.by}` };
    case 'SignedIn':
      return { summary: `signed in${event.data.by ? ` by ${event.data.by}` : ''} (${cut(event.data.userAgent, 60)})` };
    case 'SignInRefused':
      return {
        ...(event.data.username !== '' && { object: event.data.username }),
        summary: `sign-in refused: ${event.data.reason}${event.data.attempts ? `, ${event.data.attempts} attempts` : ''}`,
      };
    case 'SignedOut':
      return { summary: 'signed out' };
    case 'SessionExpired':
      return { summary: 'session ended: its time was over' };
    case 'SessionRevoked':
      return { summary: `session ended: ${event.data.because}` };
    case 'ConnectionOpened':
      return { object: event.data.path, summary: 'file opened in a browser' };
    case 'ConnectionClosed':
      return { object: event.data.path, summary: `file closed in a browser: ${event.data.reason}` };
    case 'CourseCreated':
      return { object: event.data.title, summary: 'course made' };
    case 'MemberEnrolled':
      return { summary: `enrolled as ${event.data.role}` };
    case 'MemberRemoved':
      return { summary: 'removed from the course' };
    case 'SectionAdded':
      return { summary: `section "${event.data.name}" added` };
    case 'ModuleAllowed':
      return { summary: `${event.data.module} allowed to programs` };
    case 'ModuleRefused':
      return { summary: `${event.data.module} refused to programs` };
    case 'ItemPublished':
      return { object: event.data.title, summary: `${event.data.kind} published in "${event.data.section}"` };
    case 'ItemChanged':
      return { object: event.data.title, summary: `changed: ${timesInWords(event.data.times)}` };
    case 'ItemWithdrawn':
      return { summary: 'withdrawn' };
    case 'ExtensionGranted':
      return { summary: `extended to ${timeInWords(event.data.until)}` };
    case 'ExtensionWithdrawn':
      return { summary: 'extension withdrawn' };
    case 'GroupFormed':
      return { summary: `group "${event.data.name}" formed, ${event.data.members.length} members` };
    case 'GroupChanged':
      return { summary: `group "${event.data.name}" has ${event.data.members.length} members now` };
    case 'WorkspaceCopied':
      return { summary: `copied ${event.data.files.length} files from ${event.data.from}` };
    case 'WorkHandedIn': {
      const { files, late, digest } = event.data;
      return { summary: `handed in${late ? ' late' : ''}: ${files.length} files, ${digest.slice(0, 12)}` };
    }
    case 'InvitationCreated': {
      const until = new Date(event.data.expiresAt).toISOString();
      return { summary: `invitation made: ${event.data.mostUses} uses, until ${until}` };
    }
    case 'InvitationUsed':
      return { summary: 'invitation used' };
    case 'InvitationRevoked':
      return { summary: 'invitation revoked' };
    case 'WorkspaceOpened':
      return { object: event.data.name, summary: `workspace opened (${event.data.kind})` };
    case 'FileCreated':
      return { object: event.data.path, summary: event.data.copyOf === undefined ? 'file made' : 'file copied' };
    case 'FileMoved':
      return { object: event.data.to, summary: `file moved from ${event.data.from}` };
    case 'FileDeleted':
      return {
        object: event.data.path,
        summary: event.data.deletion === undefined ? 'file deleted' : 'file deleted with its folder',
      };
    case 'FileRestored':
      return { object: event.data.path, summary: 'file restored' };
    case 'FolderCreated':
      return { object: event.data.path, summary: 'folder made' };
    case 'FolderMoved':
      return { object: event.data.to, summary: `folder moved from ${event.data.from}` };
    case 'FolderDeleted':
      return { object: event.data.path, summary: 'folder deleted' };
    case 'FolderRestored':
      return { object: event.data.path, summary: 'folder restored' };
    case 'RunRequested':
      return {
        object: event.data.entry ?? 'Python prompt',
        summary: `run requested, ${event.data.files.length} files`,
      };
    case 'RunStarted':
      return { summary: `run started, sandbox ${event.data.sandbox}` };
    case 'OutputEmitted':
      return { summary: `output: ${cut(event.data.chunks.map(([, text]) => text).join(''))}` };
    case 'InputProvided':
      return { summary: `input: ${cut(event.data.text)}` };
    case 'TerminalResized':
      return { summary: `terminal resized to ${event.data.columns} × ${event.data.rows}` };
    case 'ReplEntered':
      return { summary: 'the console became a Python prompt' };
    case 'ErrorRaised': {
      const { exception, message, path, line } = event.data;
      const where = path === null ? '' : ` at ${path}, line ${line}`;
      return { summary: `${cut(exception)} raised${where}: ${cut(message)}` };
    }
    case 'FigureProduced':
      return { summary: `plot made, ${event.data.width} × ${event.data.height}` };
    case 'RunCancelled':
      return { summary: 'stop requested' };
    case 'RunFinished':
      return { summary: `run ${outcomeInWords(event.data.outcome)}` };
    case 'ContentStored':
      return { summary: `content stored: ${event.data.mediaType}, ${event.data.size} bytes` };
    case 'FilesCollected':
      return { summary: collectedInWords(event.data) };
    case 'FileProduced':
      return { summary: `file ${event.data.change} by the program: ${cut(event.data.keptAs ?? event.data.path)}` };
    case 'FilesNotKept':
      return { summary: `not kept: ${notKeptInWords(event.data.files)}` };
    case 'ExecutorStarted': {
      const { places, sandbox, reason } = event.data;
      return { summary: `started, ${places} places, sandbox ${sandbox}${reason === null ? '' : `: ${cut(reason)}`}` };
    }
    case 'ExecutorStopped':
      return { summary: 'stopped' };
    case 'IntakePaused': {
      const { short, measured, threshold } = event.data;
      return { summary: `starts no runs: the machine is short of ${short} (${measured}, threshold ${threshold})` };
    }
    case 'IntakeResumed':
      return { summary: `starts runs again after ${Math.round(event.data.pausedMs / 1000)} s` };
    case 'CleanupDone': {
      const { processes, groups, folders, runs } = event.data;
      return { summary: `cleaned up: ${processes} processes, ${groups} groups, ${folders} folders, ${runs} runs` };
    }
    case 'HistoryViewed':
      return { object: event.data.path, summary: 'history looked at' };
    case 'WorkspaceViewed':
      return { object: event.data.name, summary: 'workspace looked at' };
    case 'MetricsViewed':
      return { object: 'figures', summary: 'figures of a person looked at' };
    case 'ActivityViewed':
      return { object: event.data.name, summary: 'activity looked at' };
    case 'LogQueried':
      return {
        object: 'event log',
        summary: `log queried: ${cut(JSON.stringify(event.data.query))}, ${event.data.rows} rows`,
      };
    case 'ExportStarted':
      return {
        object: event.data.object,
        summary: `export begun: ${event.data.format}, ${cut(JSON.stringify(event.data.query))}`,
      };
    case 'ExportFinished':
      return { object: 'export', summary: `export done: ${event.data.rows} rows, ${event.data.bytes} bytes` };
    case 'AccessRefused': {
      const { what, object, refusals = 1 } = event.data;
      return { object, summary: `refused: ${what}${refusals > 1 ? ` (${refusals} times in a minute)` : ''}` };
    }
    case 'LimitReached':
      return { object: event.data.limit, summary: limitInWords(event.data) };
    case 'CheckpointSigned':
      return { object: 'event log', summary: `checkpoint signed: ${event.data.size} events` };
  }
}

/** A name that later events of other streams refer to. */
function nameIn(event: DomainEvent, recorded: RecordedEvent): readonly [id: string, name: string] | undefined {
  switch (event.type) {
    case 'UserRegistered':
      return [event.data.id, event.data.displayName];
    case 'UserRenamed':
      return [partsOfStream(recorded.stream).id, event.data.displayName];
    case 'CourseCreated':
      return [event.data.id, event.data.title];
    case 'ItemPublished':
      return [event.data.id, event.data.title];
    case 'ItemChanged':
      return [partsOfStream(recorded.stream).id, event.data.title];
    case 'WorkspaceOpened':
      return [event.data.id, event.data.name];
    case 'FileCreated':
    case 'FileRestored':
      return [event.data.file, event.data.path];
    case 'FileMoved':
      return [event.data.file, event.data.to];
    case 'RunRequested':
      return [partsOfStream(recorded.stream).id, event.data.entry ?? 'Python prompt'];
    default:
      return undefined;
  }
}

/** Who is affected: as recorded, or the account that the stream is about. */
function subjectOf(recorded: RecordedEvent, metadata: EventMetadata): string | null {
  if (metadata.subject !== undefined) return metadata.subject;
  const { category, id } = partsOfStream(recorded.stream);
  return category === 'user' && id !== metadata.actor.id ? id : null;
}

const UNSTORABLE = /[\0\ud800-\udfff]/u;
const EACH_UNSTORABLE = new RegExp(UNSTORABLE, 'gu');

/** Text columns of Postgres cannot hold NUL or half a surrogate pair; a program's output, cut anywhere, can. */
export function storable(text: string): string {
  return UNSTORABLE.test(text) ? text.replace(EACH_UNSTORABLE, '\ufffd') : text;
}

/** The names that events of these streams may need, as they were learnt before. */
async function namesOf(events: readonly RecordedEvent[], tx: ClientBase): Promise<Map<string, string>> {
  const ids = new Set(events.map(({ stream }) => partsOfStream(stream).id));
  const { rows } = await tx.query<{ id: string; name: string }>('select id, name from audit_name where id = any($1)', [
    [...ids],
  ]);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

async function learn(names: ReadonlyMap<string, string>, tx: ClientBase): Promise<void> {
  if (names.size === 0) return;
  await tx.query(
    `insert into audit_name (id, name) select * from unnest($1::text[], $2::text[])
     on conflict (id) do update set name = excluded.name`,
    [[...names.keys()], [...names.values()]],
  );
}

/**
 * Edits of one person, in one file, from one place, in one minute: a row. Somebody who types makes four events a second, and
 * a row for each says less; the row names the first and the last, and History shows every one. Where a minute begins is the
 * clock's, not the batch's, so that a rebuild makes the same rows.
 */
interface Fold {
  readonly key: string;
  readonly first: RecordedEvent;
  edits: number;
  last: RecordedEvent;
}

const FOLD_MS = 60_000;

function foldKey(recorded: RecordedEvent): string {
  const { actor, address } = readMetadata(recorded);
  const minute = Math.floor(recorded.recordedAt.getTime() / FOLD_MS);
  const place = [recorded.stream, actor.id, actor.via, address ?? ''].join(' ');
  const hash = createHash('sha256').update(place).digest('hex').slice(0, 24);
  // As an id, the minute first: the index grows at its end only.
  return asUuid(minute.toString(16).padStart(8, '0') + hash);
}

function asUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The edits among `events`, by their rows. */
function foldEdits(events: readonly RecordedEvent[]): Map<string, Fold> {
  const folds = new Map<string, Fold>();
  for (const recorded of events) {
    if (recorded.type !== FILE_EDITED) continue;
    const key = foldKey(recorded);
    const { edits } = decodeFileEdited(recorded.data);
    const fold = folds.get(key) ?? { key, first: recorded, edits: 0, last: recorded };
    fold.edits += edits.length;
    fold.last = recorded;
    folds.set(key, fold);
  }
  return folds;
}

function editsInWords(count: number): string {
  return count === 1 ? '1 edit' : `${count} edits`;
}

/** Adds to the rows that are there already, and returns their keys. No indexed column changes, so no index does. */
async function addToRows(folds: readonly Fold[], tx: ClientBase): Promise<Set<string>> {
  if (folds.length === 0) return new Set();
  const { rows } = await tx.query<{ fold: string }>(
    `update audit_entry e
     set edits = e.edits + u.edits, last_revision = u.last, summary = (e.edits + u.edits) || ' edits'
     from unnest($1::uuid[], $2::int[], $3::bigint[]) as u (fold, edits, last)
     where e.fold = u.fold returning e.fold`,
    [folds.map(({ key }) => key), folds.map(({ edits }) => edits), folds.map(({ last }) => last.revision)],
  );
  return new Set(rows.map(({ fold }) => fold));
}

/** Where an event happened: by its metadata, or by the stream that it is in. */
function placeOf({ course, workspace, file }: EventMetadata, { category, id }: ReturnType<typeof partsOfStream>) {
  const inStream = (kind: string) => (category === kind ? id : undefined);
  return {
    course: idOrNull(course ?? inStream('course')),
    workspace: idOrNull(workspace ?? inStream('workspace')),
    file: idOrNull(file ?? inStream('file')),
  };
}

/** Every id here is a UUID; what old logs or other programs wrote may be something else, and is in the event itself. */
function idOrNull(text: string | null | undefined): string | null {
  return text !== undefined && text !== null && isId(text) ? text : null;
}

/** The file that an event of another stream is about: of a run its script, so that its history can be opened. */
function fileIn(event: DomainEvent): string | undefined {
  switch (event.type) {
    case 'FileCreated':
    case 'FileMoved':
    case 'FileDeleted':
    case 'FileRestored':
    case 'FileProduced':
    case 'HistoryViewed':
    case 'ConnectionOpened':
      return event.data.file;
    case 'RunRequested':
      return event.data.files.find(({ path }) => path === event.data.entry)?.file;
    default:
      return undefined;
  }
}

/** The id of what the event is about, by the kind of that: its own stream's, unless the event names another thing. */
function objectIdOf(kind: ObjectKind, id: string, place: ReturnType<typeof placeOf>, event?: DomainEvent) {
  switch (kind) {
    case 'file':
      return place.file;
    case 'workspace':
      return place.workspace;
    case 'course':
      return place.course;
    case 'folder':
    case 'log':
    case 'access':
    case 'limit':
      return null;
    case 'export':
      return event?.type === 'ExportStarted' || event?.type === 'ExportFinished' ? event.data.export : null;
    case 'account':
      if (event?.type === 'ActivityViewed') return event.data.person;
      return event?.type === 'SignInRefused' ? null : id;
    case 'session':
    case 'item':
    case 'run':
    case 'executor':
      return id;
  }
}

/** Words in one row at most: of a summary with many names the first ones. */
const WORDS_MOST = 200;

/** What free text is looked for in, as Postgres reads a tsvector; the words of the object can be told from the others. */
function searchable(object: string, summary: string): string {
  return `${wordsIn(object, ':1A')} ${wordsIn(summary, ':2')}`;
}

/** Words of texts, with what stands behind each: names of things and most sentences come again and again in a log. */
const knownWords = new Map<string, string>();
/** Texts of which the words are kept. */
const KNOWN_MOST = 2_000;
/** Units of a text up to which they are. */
const KNOWN_LENGTH = 200;

function wordsIn(text: string, suffix: string): string {
  const key = `${suffix}${text}`;
  const known = knownWords.get(key);
  if (known !== undefined) return known;
  const words = [...new Set(wordsOf(text).slice(0, WORDS_MOST))].map((word) => word + suffix).join(' ');
  if (text.length > KNOWN_LENGTH) return words;
  if (knownWords.size >= KNOWN_MOST) knownWords.clear();
  knownWords.set(key, words);
  return words;
}

function entryOf(
  recorded: RecordedEvent,
  { object, summary }: Account,
  named: string | undefined,
  { event, fold }: { readonly event?: DomainEvent; readonly fold?: Fold },
): AuditEntry {
  const metadata = readMetadata(recorded);
  const { category, id } = partsOfStream(recorded.stream);
  const place = placeOf({ ...metadata, ...fileOf(event) }, { category, id });
  const objectKind = objectKindOf(recorded.type);
  const shown = { object: storable(object ?? named ?? recorded.stream), summary: storable(summary) };
  return {
    eventId: recorded.id,
    at: recorded.recordedAt,
    type: recorded.type,
    outcome: event ? auditOutcomeOf(event) : 'ok',
    actorId: metadata.actor.id,
    actorRole: metadata.actor.role,
    via: metadata.actor.via,
    subject: idOrNull(subjectOf(recorded, metadata)),
    session: idOrNull(metadata.session ?? (category === 'session' ? id : undefined)),
    ...place,
    stream: recorded.stream,
    revision: recorded.revision,
    position: recorded.position,
    objectKind,
    objectId: objectIdOf(objectKind, id, place, event),
    ...shown,
    address: plainAddress(metadata.address),
    // The number of edits grows, and nobody looks for it.
    words: searchable(shown.object, fold ? 'edits' : shown.summary),
    fold: fold?.key ?? null,
    edits: fold?.edits ?? null,
    lastRevision: fold?.last.revision ?? null,
  };
}

function fileOf(event: DomainEvent | undefined): { readonly file?: string } {
  const file = event && fileIn(event);
  return file === undefined ? {} : { file };
}

function entryOfEdits(fold: Fold, named: string | undefined): AuditEntry {
  return entryOf(fold.first, { summary: editsInWords(fold.edits) }, named, { fold });
}

/** Rows in one statement: while Postgres writes these, the next ones are made. */
const PORTION = 500;

/** By a few statements whatever their number: edits make most of a log. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const names = await namesOf(events, tx);
  const folds = foldEdits(events);
  const inRows = await addToRows([...folds.values()], tx);
  const foldByFirst = new Map([...folds.values()].map((fold) => [fold.first, fold]));
  const learnt = new Map<string, string>();
  const made = (recorded: RecordedEvent): AuditEntry | undefined => {
    const id = partsOfStream(recorded.stream).id;
    if (recorded.type === FILE_EDITED) {
      const fold = foldByFirst.get(recorded);
      return fold && !inRows.has(fold.key) ? entryOfEdits(fold, names.get(id)) : undefined;
    }
    const event = readEvent(recorded);
    const name = nameIn(event, recorded);
    if (name) names.set(...name);
    if (name) learnt.set(...name);
    return entryOf(recorded, accountOf(event), names.get(id), { event });
  };
  let written = Promise.resolve();
  try {
    for (let at = 0; at < events.length; at += PORTION) {
      const entries = events
        .slice(at, at + PORTION)
        .map(made)
        .filter((entry) => entry !== undefined);
      await written;
      written = insertEntries(entries, tx);
    }
    await written;
  } catch (error) {
    await written.catch(() => undefined); // nothing may go on in the transaction when its end is decided
    throw error;
  }
  await learn(learnt, tx);
}

/** Every event of the log as a row that a person can read; the edits of a minute together. */
export const auditProjector: Projector = {
  name: 'audit',
  version: 4,
  tables: AUDIT_TABLES,
  ddl: AUDIT_DDL,
  indexDdl: AUDIT_INDEX_DDL,
  // Nobody looks at the table as it grows, and a row for each letter that is typed would cost a transaction each.
  gatherMs: 100,
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
