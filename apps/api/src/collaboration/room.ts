import { randomUUID } from 'node:crypto';
import {
  type Actor,
  decodeFileEdited,
  type Edit,
  type EditOrigin,
  encodeFileEdited,
  FILE_EDITED,
  type FileId,
  readMetadata,
  streamOf,
  TEXT_ROOT,
  toJsonBytes,
} from '@palimpsest/domain';
import {
  type EventStore,
  type NewEvent,
  type RecordedEvent,
  StreamNotFound,
  Unavailable,
  WrongExpectedVersion,
} from '@palimpsest/event-store';
import * as Y from 'yjs';
import type { CommandContext } from '../commands/context.js';
import { type DocumentFacts, inspectUpdate } from './update-inspection.js';

/**
 * Theory of operation. A room is one file's document in this process. The log is the truth: the document holds exactly
 * what the file's stream holds up to `#revision`, and changes only by what was recorded.
 *
 * An update from a connection waits in `#waiting`. One drain at a time takes everything that waits, inspects each update
 * against the document as it will be by then, groups consecutive updates of one author into an event, and appends the
 * events at the revision that the room knows. What arrives meanwhile waits for the next round: there is no timer, so an
 * idle room appends at once and a busy store makes larger events. Only after the append is the document changed, the peers
 * told, and the sender's update acknowledged. So "saved" means recorded, and no peer sees an edit that a crash could take back.
 *
 * Other nodes write to the same stream. A wrong expected revision means that they did: the room reads what came, applies
 * it, inspects again and retries. CRDT updates commute, so such a conflict is never about meaning; the expected revision
 * keeps the inspection exact and the order total. The room also follows its stream, so that it shows what other nodes
 * recorded while nobody here types; its own events come back there and are skipped by revision.
 *
 * Client ids of Yjs belong to the first person who wrote under them. That is derived from the stream, not stored again.
 */
export interface Member {
  readonly actor: Actor;
  readonly context: CommandContext;
  /** An update is durable and in the document. `own`: this member sent it. */
  deliver(update: Uint8Array, own: boolean): void;
  /** The `sequence`-th update of this member, and all before, are durable (or held nothing new). */
  acknowledge(sequence: number): void;
  /** An update of this member cannot be accepted. Nothing of it was applied; the connection must end. */
  refuse(reason: string): void;
}

interface WaitingUpdate {
  readonly member: Member;
  readonly sequence: number;
  readonly update: Uint8Array;
  readonly origin: EditOrigin;
  readonly receivedAt: number;
}

/** Updates that passed the inspection, as one event of one author. */
interface Draft {
  readonly member: Member;
  readonly startedAt: number;
  readonly edits: Edit[];
}

/** Bytes in one append, below the store's limit of 1,000,000. */
const MAX_APPEND_BYTES = 950_000;
/** What an update costs beside itself at most: numbers, and its own event's metadata if no neighbour is by its author. */
const BYTES_BESIDE_UPDATE = 1_000;
/** Time between tries while the store is away, milliseconds. The edits wait in memory and at their authors. */
const RETRY_MS = 500;

export class Room {
  readonly file: FileId;
  readonly doc = new Y.Doc();
  readonly ready: Promise<void>;
  readonly #store: EventStore;
  readonly #stream: string;
  readonly #members = new Set<Member>();
  readonly #owners = new Map<number, string>();
  readonly #refused = new WeakSet<Member>();
  readonly #closing = new AbortController();
  readonly #onBroken: (error: unknown) => void;
  #revision = -1n;
  #waiting: WaitingUpdate[] = [];
  #draining: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  /** `onBroken` is told once when the document cannot be trusted any more: drop the room and let people join a new one. */
  constructor(file: FileId, store: EventStore, onBroken: (error: unknown) => void) {
    this.file = file;
    this.#onBroken = onBroken;
    this.#store = store;
    this.#stream = streamOf.file(file);
    this.ready = this.#load();
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Revision of the last event in the document; −1 for an empty stream. */
  get revision(): bigint {
    return this.#revision;
  }

  join(member: Member): void {
    this.#members.add(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }

  /** Takes an update of `member`. What becomes of it is told by its callbacks. */
  submit(member: Member, sequence: number, update: Uint8Array, origin: EditOrigin): void {
    this.#waiting.push({ member, sequence, update, origin, receivedAt: Date.now() });
    this.#draining ??= this.#drain().catch((error: unknown) => this.#break(error));
  }

  /** Whether an update would change the document. For members that may only read. */
  wouldChange(update: Uint8Array, user: string): boolean {
    return inspectUpdate(update, user, this.#facts(this.#clocks())).kind !== 'known';
  }

  /** Who owns this client id; undefined for one that has written nothing. */
  ownerOf(client: number): string | undefined {
    return this.#owners.get(client);
  }

  /** Resolves when everything submitted so far is recorded or refused. */
  async flush(): Promise<void> {
    while (this.#draining) await this.#draining.catch(() => undefined);
  }

  /** Ends the following and frees the document. Flush first. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
    this.doc.destroy();
  }

  async #load(): Promise<void> {
    await this.#catchUp();
    this.#following = this.#follow().catch((error: unknown) => this.#break(error));
  }

  /** Never trust a Y.Doc after an exception: it may have applied half. The log has the whole. */
  #break(error: unknown): void {
    this.#waiting = [];
    this.#closing.abort();
    this.#onBroken(error);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    const after = this.#revision < 0n ? 'start' : this.#revision;
    for await (const item of this.#store.subscribeStream(this.#stream, { after, signal }))
      if (item.kind === 'event') this.#applyRecorded(item.event);
  }

  /** Reads what the stream has beyond the document. */
  async #catchUp(): Promise<void> {
    try {
      for await (const event of this.#store.readStream(this.#stream, { from: this.#revision + 1n }))
        this.#applyRecorded(event);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
  }

  /** Applies one event of the stream, once: the follower, a catch-up and an append may all come with it. */
  #applyRecorded(event: RecordedEvent): void {
    if (event.revision <= this.#revision) return;
    this.#revision = event.revision;
    if (event.type !== FILE_EDITED) return;
    const author = readMetadata(event).actor.id;
    for (const { update } of decodeFileEdited(event.data).edits) this.#applyUpdate(update, author, undefined);
  }

  #applyUpdate(update: Uint8Array, author: string, sender: Member | undefined): void {
    for (const client of clientsOf(update)) if (!this.#owners.has(client)) this.#owners.set(client, author);
    Y.applyUpdate(this.doc, update, this);
    if (this.doc.store.pendingStructs !== null) throw new Error(`${this.#stream} has an update with a gap`);
    for (const member of this.#members) member.deliver(update, member === sender);
  }

  async #drain(): Promise<void> {
    try {
      await this.ready;
      while (this.#waiting.length > 0) await this.#record(takeFitting(this.#waiting));
    } finally {
      this.#draining = undefined;
    }
  }

  /** Records what of `batch` is acceptable and new, and tells its senders. */
  async #record(batch: readonly WaitingUpdate[]): Promise<void> {
    for (;;) {
      const drafts = this.#draft(batch);
      const outcome = drafts.length === 0 ? 'recorded' : await this.#append(drafts);
      if (outcome === 'conflict') continue;
      for (const { member, sequence } of batch) if (!this.#refused.has(member)) member.acknowledge(sequence);
      return;
    }
  }

  /** Inspects the batch against the document as it is now, and groups what passes by consecutive authors. */
  #draft(batch: readonly WaitingUpdate[]): Draft[] {
    const drafts: Draft[] = [];
    const clocks = this.#clocks();
    const claimed = new Map<number, string>();
    let textLength = this.doc.getText(TEXT_ROOT).length;
    for (const waiting of batch) {
      const { member, update } = waiting;
      if (this.#refused.has(member)) continue;
      const found = inspectUpdate(update, member.actor.id, this.#facts(clocks, claimed, textLength));
      if (found.kind === 'refused') this.#refuse(member, found.reason);
      if (found.kind !== 'news') continue;
      textLength += found.added;
      for (const [client, clock] of found.clocks) {
        clocks.set(client, clock);
        claimed.set(client, member.actor.id);
      }
      addTo(drafts, waiting);
    }
    return drafts;
  }

  /** Appends the drafts at the revision that the room knows, trying again while the store is away, and applies them. */
  async #append(drafts: readonly Draft[]): Promise<'recorded' | 'conflict'> {
    // The ids stay the same over the tries: the store then knows a repetition of an unanswered append from a second event.
    const events = drafts.map(toEvent);
    const expected = this.#revision < 0n ? 'noStream' : this.#revision;
    for (;;) {
      try {
        const { revision } = await this.#store.append(this.#stream, events, { expected });
        this.#applyOwn(drafts, revision);
        return 'recorded';
      } catch (error) {
        if (error instanceof WrongExpectedVersion) {
          await this.#catchUp();
          return 'conflict';
        }
        if (!(error instanceof Unavailable)) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  /** The follower may have been faster with some of them: revisions tell. */
  #applyOwn(drafts: readonly Draft[], last: bigint): void {
    let revision = last - BigInt(drafts.length);
    for (const { member, edits } of drafts) {
      revision += 1n;
      if (revision <= this.#revision) continue;
      this.#revision = revision;
      for (const { update } of edits) this.#applyUpdate(update, member.actor.id, member);
    }
  }

  #refuse(member: Member, reason: string): void {
    this.#refused.add(member);
    member.refuse(reason);
  }

  #clocks(): Map<number, number> {
    const clients = [...this.doc.store.clients.keys()];
    return new Map(clients.map((client) => [client, Y.getState(this.doc.store, client)]));
  }

  #facts(
    clocks: ReadonlyMap<number, number>,
    claimed: ReadonlyMap<number, string> = new Map(),
    textLength = this.doc.getText(TEXT_ROOT).length,
  ): DocumentFacts {
    const ownerOf = (client: number) => this.#owners.get(client) ?? claimed.get(client);
    return { doc: this.doc, clocks, ownerOf, textLength };
  }
}

/** Removes and returns the first updates of `waiting` that fit into one append; at least one. */
function takeFitting(waiting: WaitingUpdate[]): WaitingUpdate[] {
  let bytes = 0;
  let count = 0;
  for (const { update } of waiting) {
    bytes += update.length + BYTES_BESIDE_UPDATE;
    if (count > 0 && bytes > MAX_APPEND_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

function addTo(drafts: Draft[], { member, update, origin, receivedAt }: WaitingUpdate): void {
  let draft = drafts.at(-1);
  if (draft?.member !== member) {
    draft = { member, startedAt: receivedAt, edits: [] };
    drafts.push(draft);
  }
  // A clock that was set back must not give an edit a time before its event's start.
  draft.edits.push({ ms: Math.max(0, receivedAt - draft.startedAt), origin, update });
}

function toEvent({ member, startedAt, edits }: Draft): NewEvent {
  return {
    id: randomUUID(),
    type: FILE_EDITED,
    contentType: 'binary',
    data: encodeFileEdited({ startedAt, edits }),
    metadata: toJsonBytes({ v: 1, ...member.context }),
  };
}

function clientsOf(update: Uint8Array): Iterable<number> {
  return Y.parseUpdateMeta(update).to.keys();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
