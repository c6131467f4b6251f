import {
  decodeFileEdited,
  FILE_EDITED,
  partsOfStream,
  readEvent,
  readMetadata,
  type DomainEvent,
  type EventMetadata,
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

function outcomeInWords(outcome: RunOutcome): string {
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
    case 'cancelled':
      return 'stopped on request';
    case 'interrupted':
      return 'interrupted by a stop of the server';
    case 'refused':
    case 'failed':
      return `${outcome.kind}: ${outcome.reason}`;
  }
}

function cut(text: string, length = 120): string {
  const shown = JSON.stringify(text.length > length ? `${text.slice(0, length)}…` : text);
  return shown.slice(1, -1);
}

/** Complete by the compiler: a new event without an account does not compile. */
function accountOf(event: DomainEvent): Account {
  switch (event.type) {
    case 'UserRegistered':
      return { object: event.data.username, summary: `account made, role ${event.data.role}` };
    case 'UserRoleChanged':
      return { summary: `role changed from ${event.data.was} to ${event.data.role}` };
    case 'UserDeactivated':
      return { summary: `account deactivated: ${event.data.reason}` };
    case 'PasswordChanged':
      return { summary: `password set by ${event.data.by}` };
    case 'SignedIn':
      return { summary: `signed in (${cut(event.data.userAgent, 60)})` };
    case 'SignInRefused':
      return { object: event.data.username, summary: `sign-in refused: ${event.data.reason}` };
    case 'SignedOut':
      return { summary: 'signed out' };
    case 'CourseCreated':
      return { object: event.data.title, summary: 'course made' };
    case 'MemberEnrolled':
      return { summary: `enrolled as ${event.data.role}` };
    case 'MemberRemoved':
      return { summary: 'removed from the course' };
    case 'SectionAdded':
      return { summary: `section "${event.data.name}" added` };
    case 'WorkspaceOpened':
      return { object: event.data.name, summary: `workspace opened (${event.data.kind})` };
    case 'FileCreated':
      return { object: event.data.path, summary: 'file made' };
    case 'FileMoved':
      return { object: event.data.to, summary: `file moved from ${event.data.from}` };
    case 'FileDeleted':
      return { object: event.data.path, summary: 'file deleted' };
    case 'FileRestored':
      return { object: event.data.path, summary: 'file restored' };
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
    case 'RunCancelled':
      return { summary: 'stop requested' };
    case 'RunFinished':
      return { summary: `run ${outcomeInWords(event.data.outcome)}` };
    case 'HistoryViewed':
      return { object: event.data.path, summary: 'history looked at' };
    case 'LogQueried':
      return {
        object: 'event log',
        summary: `log queried: ${cut(JSON.stringify(event.data.query))}, ${event.data.rows} rows`,
      };
    case 'AccessRefused':
      return { object: event.data.object, summary: `refused: ${event.data.what}` };
  }
}

function accountOfEdits(recorded: RecordedEvent): Account {
  const { edits } = decodeFileEdited(recorded.data);
  return { summary: edits.length === 1 ? '1 edit' : `${edits.length} edits` };
}

/** Names that later events of other streams refer to. */
async function learnNames(event: DomainEvent, recorded: RecordedEvent, tx: ClientBase): Promise<void> {
  const learn = (id: string, name: string) =>
    tx.query('insert into audit_name (id, name) values ($1, $2) on conflict (id) do update set name = excluded.name', [
      id,
      name,
    ]);
  switch (event.type) {
    case 'UserRegistered':
      await learn(event.data.id, event.data.displayName);
      return;
    case 'CourseCreated':
      await learn(event.data.id, event.data.title);
      return;
    case 'WorkspaceOpened':
      await learn(event.data.id, event.data.name);
      return;
    case 'FileCreated':
    case 'FileRestored':
      await learn(event.data.file, event.data.path);
      return;
    case 'FileMoved':
      await learn(event.data.file, event.data.to);
      return;
    case 'RunRequested':
      await learn(partsOfStream(recorded.stream).id, event.data.entry ?? 'Python prompt');
      return;
    default:
  }
}

/** Who is affected: as recorded, or the account that the stream is about. */
function subjectOf(recorded: RecordedEvent, metadata: EventMetadata): string | null {
  if (metadata.subject !== undefined) return metadata.subject;
  const { category, id } = partsOfStream(recorded.stream);
  return category === 'user' && id !== metadata.actor.id ? id : null;
}

/** Text columns of Postgres cannot hold NUL or half a surrogate pair; a program's output, cut anywhere, can. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').replace(/[\ud800-\udfff]/gu, '\ufffd');
}

async function insertEntry(recorded: RecordedEvent, { object, summary }: Account, tx: ClientBase): Promise<void> {
  const metadata = readMetadata(recorded);
  const named = object ?? (await nameOf(partsOfStream(recorded.stream).id, tx)) ?? recorded.stream;
  await tx.query(
    `insert into audit_entry
       (event_id, at, type, actor_id, actor_role, via, subject_id, stream, revision, object, summary, address)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      recorded.id,
      recorded.recordedAt,
      recorded.type,
      metadata.actor.id,
      metadata.actor.role,
      metadata.actor.via,
      subjectOf(recorded, metadata),
      recorded.stream,
      recorded.revision,
      storable(named),
      storable(summary),
      metadata.address ?? null,
    ],
  );
  await tx.query('insert into audit_type (type) values ($1) on conflict do nothing', [recorded.type]);
}

async function nameOf(id: string, tx: ClientBase): Promise<string | undefined> {
  const { rows } = await tx.query<{ name: string }>('select name from audit_name where id = $1', [id]);
  return rows[0]?.name;
}

/** The shape of version 1. The tables of a later version are made from here alone, by a rebuild. */
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
  address    text
);
create index audit_by_actor on audit_entry (actor_id, entry_no desc);
create index audit_by_type  on audit_entry (type, entry_no desc);
create index audit_by_time  on audit_entry (at, entry_no desc);

-- Which kinds and people occur, for the filters: counting distinct values of a large log is slow.
create table audit_type (type text primary key);
`;

/** Every event of the log as a row that a person can read. */
export const auditProjector: Projector = {
  name: 'audit',
  version: 1,
  tables: ['audit_entry', 'audit_name', 'audit_type'],
  ddl: DDL,
  async apply(recorded, tx) {
    if (recorded.type === FILE_EDITED) return insertEntry(recorded, accountOfEdits(recorded), tx);
    const event = readEvent(recorded);
    await learnNames(event, recorded, tx);
    return insertEntry(recorded, accountOf(event), tx);
  },
};
