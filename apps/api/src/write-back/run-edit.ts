/**
 * A program's text as an edit of the file. Theory of operation.
 *
 * The program saw the text at one revision of the file's stream and has made another of it; people may have typed since. So
 * the run is taken for one more author who works on a branch: the document at that revision with what this run has written
 * into it before, and nothing else. On that branch the text is exactly what the program had; the least change from there to
 * what it has now is made there, under a client id of that person's programs, and its updates are appended like anybody's. They commute
 * with what people typed meanwhile: both are in the text afterwards, and every room shows it live from the stream.
 *
 * Everything in an edit follows from the log and the program's text: repeated after a crash it is the same edit with the same
 * event ids, of which those that are there already are left out.
 */
import {
  decodeFileEdited,
  type Edit,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  MAX_TEXT_LENGTH,
  readMetadata,
  type RunId,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import { type RecordedDocuments, rewriteText } from '@palimpsest/documents';
import {
  type EventStore,
  type Expected,
  type NewEvent,
  type RecordedEvent,
  StreamNotFound,
  WrongExpectedVersion,
} from '@palimpsest/event-store';
import { createHash } from 'node:crypto';
import * as Y from 'yjs';
import type { CommandContext } from '../commands/context.js';
import { derivedId } from '../platform/derived-id.js';
import { groupsOf } from './edit-groups.js';

/** Lost races before giving up: each one means that somebody typed. */
const MAX_ATTEMPTS = 100;

export interface RunEdit {
  readonly run: RunId;
  readonly file: FileId;
  readonly base: bigint | null;
  readonly text: string;
  /** Names this edit among all that the run makes in the file. */
  readonly name: string;
  readonly context: CommandContext;
}

/** The last revision that the edit wrote (null: the text was that already), or that it would make the file too long. */
export type RunEditResult =
  { readonly kind: 'edited'; readonly revision: bigint | null } | { readonly kind: 'too-large' };

/** Appends what the program did to the text. Repeating it changes nothing. */
export async function appendRunEdit(
  store: EventStore,
  documents: RecordedDocuments,
  edit: RunEdit,
): Promise<RunEditResult> {
  const stream = streamOf.file(edit.file);
  for (let attempt = 1; ; attempt++) {
    const later = await eventsAfter(store, stream, edit.base);
    const { events, length } = await draft(documents, edit, later);
    const there = new Set(later.map(({ id }) => id));
    const missing = events.filter(({ id }) => !there.has(id));
    if (missing.length > 0 && length > MAX_TEXT_LENGTH) return { kind: 'too-large' };
    try {
      const written = await appendEach(store, stream, missing, later.at(-1)?.revision ?? edit.base ?? 'noStream');
      const known = later.findLast(({ id }) => events.some((event) => event.id === id))?.revision;
      return { kind: 'edited', revision: written ?? known ?? null };
    } catch (error) {
      if (!(error instanceof WrongExpectedVersion) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** Whether the event is this run's. */
export function isOfRun(recorded: RecordedEvent, run: RunId): boolean {
  const { actor, correlation } = readMetadata(recorded);
  return actor.via === 'executor' && correlation === run;
}

/** Whether a program wrote it, in whichever run. */
export function isOfProgram(recorded: RecordedEvent): boolean {
  return readMetadata(recorded).actor.via === 'executor';
}

/** What the stream has after `revision`; of a stream that is not there, nothing. */
export async function eventsAfter(
  store: EventStore,
  stream: string,
  revision: bigint | null,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  try {
    for await (const event of store.readStream(stream, { from: revision === null ? 0n : revision + 1n }))
      events.push(event);
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error;
  }
  return events;
}

/** The edit as events, and the length of the text with everybody's edits and this one. */
async function draft(
  documents: RecordedDocuments,
  { run, file, base, text, name, context }: RunEdit,
  later: readonly RecordedEvent[],
): Promise<{ events: NewEvent[]; length: number }> {
  const prefix = `run ${run} edits ${file} ${name}`;
  const branch = await documents.at(file, base);
  const whole = new Y.Doc();
  try {
    Y.applyUpdate(whole, Y.encodeStateAsUpdate(branch));
    const taken = new Set<number>();
    const ids = new Set(idsOf(prefix));
    for (const event of later) {
      const own = isOfRun(event, run);
      for (const { update } of editsOf(event)) {
        if (!own) for (const client of Y.parseUpdateMeta(update).to.keys()) taken.add(client);
        if (own && !ids.has(event.id)) Y.applyUpdate(branch, update);
        Y.applyUpdate(whole, update);
      }
    }
    const updates = rewriteText(branch, text, clientFor(context.actor.id, file, taken));
    for (const update of updates) Y.applyUpdate(whole, update);
    return { events: toEvents(updates, prefix, context), length: whole.getText(TEXT_ROOT).length };
  } finally {
    branch.destroy();
    whole.destroy();
  }
}

/** More than the events of any edit: 1,000,000 characters are inserted by seven updates of 450 KB at most. */
const MAX_EVENTS = 64;

function idsOf(prefix: string): string[] {
  return Array.from({ length: MAX_EVENTS }, (_, part) => derivedId(`${prefix} ${part}`));
}

function editsOf(event: RecordedEvent): readonly Edit[] {
  return event.type === FILE_EDITED ? decodeFileEdited(event.data).edits : [];
}

/**
 * The client id of a person's programs in this file: a number of 32 bits from the names of both. It is the same for every run,
 * since each id is kept with the file and a person may bring only so many. What was written under it is continued; where that
 * is not on the branch (`taken`: another run wrote at the same time), the next number is taken, or two changes would have the
 * same place. It belongs to the person, as everything that the run writes does.
 */
function clientFor(person: string, file: FileId, taken: ReadonlySet<number>): number {
  for (let count = 0; ; count++) {
    const client = createHash('sha256').update(`programs of ${person} in ${file} ${count}`).digest().readUInt32BE(0);
    if (client > 0 && !taken.has(client)) return client;
  }
}

function toEvents(updates: readonly Uint8Array[], prefix: string, context: CommandContext): NewEvent[] {
  const metadata = toJsonBytes({ v: 1, ...context });
  return groupsOf(updates).map((group, part) => ({
    id: derivedId(`${prefix} ${part}`),
    type: FILE_EDITED,
    contentType: 'binary',
    data: encodeFileEdited({
      startedAt: Date.now(),
      edits: group.map((update) => ({ ms: 0, origin: 'server', update })),
    }),
    metadata,
  }));
}

/** One by one: together they may be more than an append takes. Returns the last revision. */
async function appendEach(
  store: EventStore,
  stream: string,
  events: readonly NewEvent[],
  expected: Expected,
): Promise<bigint | undefined> {
  let last: bigint | undefined;
  for (const event of events) {
    const { revision } = await store.append(stream, [event], { expected: last ?? expected });
    last = revision;
  }
  return last;
}
