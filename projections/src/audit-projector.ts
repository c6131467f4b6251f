import {
  decodeFileEdited,
  FILE_EDITED,
  partsOfStream,
  readEvent,
  readMetadata,
  type DomainEvent,
  type EventMetadata,
  type FilesCollected,
  type ItemTimes,
  type LimitKind,
  type LimitReached,
  type NotKept,
  type RunOutcome,
} from '@palimpsest/domain';
import type { RecordedEvent } from '@palimpsest/event-store';
import type { ClientBase } from 'pg';
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
    case 'AccessRefused':
      return { object: event.data.object, summary: `refused: ${event.data.what}` };
    case 'LimitReached':
      return { object: event.data.limit, summary: limitInWords(event.data) };
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

/** Text columns of Postgres cannot hold NUL or half a surrogate pair; a program's output, cut anywhere, can. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').replace(/[\ud800-\udfff]/gu, '\ufffd');
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

/** The columns of audit_entry, in the order of `INSERT`. */
type Entry = readonly unknown[];

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
  return [recorded.stream, actor.id, actor.via, address ?? '', minute].join(' ');
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
     from unnest($1::text[], $2::int[], $3::bigint[]) as u (fold, edits, last)
     where e.fold = u.fold returning e.fold`,
    [folds.map(({ key }) => key), folds.map(({ edits }) => edits), folds.map(({ last }) => last.revision)],
  );
  return new Set(rows.map(({ fold }) => fold));
}

const INSERT = `
  insert into audit_entry
    (event_id, at, type, actor_id, actor_role, via, subject_id, stream, revision, object, summary, address,
     fold, edits, last_revision)
  select u.event_id, u.at, u.type, u.actor_id, u.actor_role, u.via, u.subject_id, u.stream, u.revision, u.object, u.summary, u.address,
    u.fold, u.edits, u.last_revision
  from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::int[], $15::bigint[])
    with ordinality as u (event_id, at, type, actor_id, actor_role, via, subject_id, stream, revision, object, summary, address,
      fold, edits, last_revision, n)
  order by u.n`;

function entryOf(recorded: RecordedEvent, { object, summary }: Account, named: string | undefined, fold?: Fold): Entry {
  const metadata = readMetadata(recorded);
  return [
    recorded.id,
    recorded.recordedAt,
    recorded.type,
    metadata.actor.id,
    metadata.actor.role,
    metadata.actor.via,
    subjectOf(recorded, metadata),
    recorded.stream,
    recorded.revision,
    storable(object ?? named ?? recorded.stream),
    storable(summary),
    metadata.address ?? null,
    fold?.key ?? null,
    fold?.edits ?? null,
    fold?.last.revision ?? null,
  ];
}

function entryOfEdits(fold: Fold, named: string | undefined): Entry {
  return entryOf(fold.first, { summary: editsInWords(fold.edits) }, named, fold);
}

/** By a few statements whatever their number: edits make most of a log. */
async function applyAll(events: readonly RecordedEvent[], tx: ClientBase): Promise<void> {
  const names = await namesOf(events, tx);
  const folds = foldEdits(events);
  const inRows = await addToRows([...folds.values()], tx);
  const foldByFirst = new Map([...folds.values()].map((fold) => [fold.first, fold]));
  const learnt = new Map<string, string>();
  const entries: Entry[] = [];
  for (const recorded of events) {
    const id = partsOfStream(recorded.stream).id;
    if (recorded.type === FILE_EDITED) {
      const fold = foldByFirst.get(recorded);
      if (fold && !inRows.has(fold.key)) entries.push(entryOfEdits(fold, names.get(id)));
      continue;
    }
    const event = readEvent(recorded);
    const name = nameIn(event, recorded);
    if (name) names.set(...name);
    if (name) learnt.set(...name);
    entries.push(entryOf(recorded, accountOf(event), names.get(id)));
  }
  await learn(learnt, tx);
  if (entries.length > 0) await insert(entries, tx);
}

async function insert(entries: readonly Entry[], tx: ClientBase): Promise<void> {
  const columns = columnsOf(entries);
  await tx.query(INSERT, columns);
  await tx.query('insert into audit_type (type) select distinct unnest($1::text[]) on conflict do nothing', [
    columns[2],
  ]);
}

function columnsOf(rows: readonly Entry[]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}

/** The shape of version 4, which finds who looked at whose work. The tables of a later version are made from here alone, by a rebuild. */
const DDL = /* sql */ `
-- Names as the audit log needs them: its projector must not depend on how far another one has got.
create table audit_name (
  id   text primary key,
  name text not null
);

create table audit_entry (
  entry_no   bigint generated always as identity primary key,  -- order of the log
  event_id   uuid not null unique,
  at         timestamptz not null,
  type       text collate "C" not null,
  actor_id   text not null,
  actor_role text not null,
  via        text not null,
  subject_id text,
  stream     text not null,
  revision   bigint not null,
  object     text not null,
  summary    text not null,
  address    text,
  -- Of a row that stands for several edits: what they have in common, their number, and the last one's revision.
  fold          text,
  edits         int,
  last_revision bigint
) with (fillfactor = 85);  -- room to add to a row in its page
create unique index audit_by_fold on audit_entry (fold) where fold is not null;
create index audit_by_actor on audit_entry (actor_id, entry_no desc);
create index audit_by_type  on audit_entry (type, entry_no desc);
create index audit_looks on audit_entry (subject_id, entry_no desc)
  where type in ('HistoryViewed', 'WorkspaceViewed', 'ActivityViewed');
create index audit_by_time  on audit_entry (at, entry_no desc);

-- Which kinds and people occur, for the filters: counting distinct values of a large log is slow.
create table audit_type (type text primary key);
`;

/** Every event of the log as a row that a person can read; the edits of a minute together. */
export const auditProjector: Projector = {
  name: 'audit',
  version: 4,
  tables: ['audit_entry', 'audit_name', 'audit_type'],
  ddl: DDL,
  // Nobody looks at the table as it grows, and a row for each letter that is typed would cost a transaction each.
  gatherMs: 200,
  apply: (recorded, tx) => applyAll([recorded], tx),
  applyAll,
};
