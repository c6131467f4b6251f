import { randomUUID } from 'node:crypto';
import type { DocSnapshots, DocState } from '@palimpsest/documents';
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
import { ClientOwners } from './client-owners.js';
import { RoomSnapshots } from './snapshots/room-snapshots.js';
import { type DocumentFacts, inspectUpdate, type Refusal } from './update-inspection.js';

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
 * Client ids of Yjs belong to the first person who wrote under them. That is derived from the stream, too.
 *
 * Opening: the newest snapshot of document and owners (snapshots/), then the events after it; without one, all events. Both
 * ways give the same. A snapshot is taken between two events, of what is recorded only, and nothing waits for it.
 */
export interface Member {
  readonly actor: Actor;
  readonly context: CommandContext;
  /** An update is durable and in the document. `own`: this member sent it. */
  deliver(update: Uint8Array, own: boolean): void;
  /** The `sequence`-th update of this member, and all before, are durable (or held nothing new). */
  acknowledge(sequence: number): void;
  /** An update of this member cannot be accepted. Nothing of it was applied; the connection must end. */
  refuse(refusal: Refusal): void;
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

/** Bytes of data and metadata in one append. The inspection lets no update come near enough to fill one alone. */
const MAX_APPEND_BYTES = 1_000_000;
/** Most bytes of an edit's numbers in an event: ms, origin and length. */
const BYTES_BESIDE_UPDATE = 12;
/** Most bytes of an event's own numbers: format, start and count. */
const BYTES_BESIDE_EDITS = 12;
/** Updates in one append: they are inspected and applied in one turn, some 75 ms of it for so many. */
const MAX_APPEND_UPDATES = 5_000;
/** Events that are read and then applied in one turn, some 2 ms of it. */
const EVENTS_IN_TURN = 500;
/** Bytes of memory for a struct of Yjs with its part of the text, as measured: neighbours typed in one go share one. */
const BYTES_OF_STRUCT = 250;
/** Bytes of memory of an empty room. */
const BYTES_OF_ROOM = 20_000;
/** Time between tries while the store is away, milliseconds. The edits wait in memory and at their authors. */
const RETRY_MS = 500;

/** Each may be missing. */
export interface RoomOptions {
  readonly snapshots?: DocSnapshots | undefined;
  /** Told of each update how long it took from its arrival to its acknowledgement, milliseconds. */
  readonly onAcknowledged?: ((ms: number) => void) | undefined;
  /** Called when a snapshot was written. */
  readonly onSnapshot?: ((file: FileId) => void) | undefined;
}

export class Room {
  readonly file: FileId;
  /** Settles when the document is loaded; rejects if the store cannot give it. */
  readonly ready: Promise<void>;
  readonly #store: EventStore;
  readonly #stream: string;
  readonly #members = new Set<Member>();
  readonly #metadata = new WeakMap<Member, Uint8Array>();
  readonly #refused = new WeakSet<Member>();
  readonly #closing = new AbortController();
  readonly #onBroken: (error: unknown) => void;
  readonly #onAcknowledged: ((ms: number) => void) | undefined;
  readonly #snapshots: DocSnapshots | undefined;
  readonly #snapshotting: RoomSnapshots | undefined;
  #doc = new Y.Doc();
  #owners = new ClientOwners();
  #revision = -1n;
  /** Id of the event at `#revision`. */
  #eventId = '';
  /** False while an event is being applied, and for ever if that failed. */
  #whole = true;
  #waiting: WaitingUpdate[] = [];
  #draining: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  /**
   * `onBroken` is told once when the document cannot be trusted any more: drop the room and let people join a new one.
   * Without `snapshots` the room is loaded from all its events. `onAcknowledged` is told how long each update took,
   * `onSnapshot` when a snapshot was written.
   */
  constructor(
    file: FileId,
    store: EventStore,
    onBroken: (error: unknown) => void,
    { snapshots, onAcknowledged, onSnapshot }: RoomOptions = {},
  ) {
    this.file = file;
    this.#onBroken = onBroken;
    this.#onAcknowledged = onAcknowledged;
    this.#store = store;
    this.#stream = streamOf.file(file);
    this.#snapshots = snapshots;
    const capture = () => this.#recordedState();
    this.#snapshotting = snapshots && new RoomSnapshots(snapshots, this.#stream, capture, () => onSnapshot?.(file));
    this.ready = this.#load();
  }

  /** The document, complete from `ready` on. Only the room changes it. */
  get doc(): Y.Doc {
    return this.#doc;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Revision of the last event in the document; −1 for an empty stream. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Roughly what the document takes of memory, bytes. */
  get size(): number {
    let structs = 0;
    for (const ofClient of this.#doc.store.clients.values()) structs += ofClient.length;
    return BYTES_OF_ROOM + structs * BYTES_OF_STRUCT;
  }

  join(member: Member): void {
    this.#members.add(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }

  /** Takes an update of `member`. What becomes of it is told by its callbacks. */
  submit(member: Member, sequence: number, update: Uint8Array, origin: EditOrigin): void {
    // Broken or closed: the connection is told to come back, and its client has the update still.
    if (this.#closing.signal.aborted) return;
    this.#waiting.push({ member, sequence, update, origin, receivedAt: Date.now() });
    this.#draining ??= this.#drain().catch((error: unknown) => this.#break(error));
  }

  /** Whether an update would change the document. For members that may only read; what they know may be of another node. */
  async wouldChange(update: Uint8Array, user: string): Promise<boolean> {
    const isKnown = () => inspectUpdate(update, user, this.#facts()).kind === 'known';
    if (isKnown()) return false;
    await this.#catchUpWhenPossible();
    return !isKnown();
  }

  /** Who owns this client id; undefined for one that has written nothing. */
  ownerOf(client: number): string | undefined {
    return this.#owners.ownerOf(client);
  }

  /** Resolves when everything submitted so far is recorded or refused. */
  async flush(): Promise<void> {
    while (this.#draining) await this.#draining.catch(() => undefined);
  }

  /** Writes a snapshot if enough was recorded since the last one. Resolves within seconds and never rejects. */
  async saveSnapshot(): Promise<void> {
    await this.#snapshotting?.finish();
  }

  /** Ends the following and frees the document. Flush first. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.ready.catch(() => undefined);
    await this.#following;
    this.#doc.destroy();
  }

  async #load(): Promise<void> {
    const restored = await this.#snapshots?.restore(this.#stream);
    if (restored) this.#begin(restored);
    await this.#catchUp();
    this.#following = this.#follow().catch((error: unknown) => this.#break(error));
    this.#snapshotting?.saveIfDue();
  }

  #begin({ doc, owners, revision, eventId }: DocState): void {
    this.#doc.destroy();
    this.#doc = doc;
    this.#owners = ClientOwners.from(owners);
    this.#revision = revision;
    this.#eventId = eventId;
  }

  /** For a snapshot: undefined if nothing is recorded, or the document cannot be trusted. */
  #recordedState(): DocState | undefined {
    if (!this.#whole || this.#closing.signal.aborted || this.#revision < 0n) return undefined;
    return { revision: this.#revision, eventId: this.#eventId, doc: this.#doc, owners: this.#owners.all };
  }

  /** Never trust a Y.Doc after an exception: it may have applied half. The log has the whole. */
  #break(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#waiting = [];
    this.#closing.abort();
    this.#onBroken(error);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    const after = this.#revision < 0n ? 'start' : this.#revision;
    for await (const item of this.#store.subscribeStream(this.#stream, { after, signal }))
      if (item.kind === 'event') {
        this.#applyRecorded(item.event);
        this.#snapshotting?.saveIfDue();
      }
  }

  /** Reads what the stream has beyond the document. */
  async #catchUp(): Promise<void> {
    try {
      const batch: RecordedEvent[] = [];
      for await (const event of this.#store.readStream(this.#stream, { from: this.#revision + 1n }))
        if (batch.push(event) === EVENTS_IN_TURN) this.#applyAll(batch.splice(0));
      this.#applyAll(batch);
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error;
    }
  }

  async #catchUpWhenPossible(): Promise<void> {
    for (;;) {
      try {
        return await this.#catchUp();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  /** In one transaction of Yjs, which takes half the time of one for each event. */
  #applyAll(events: readonly RecordedEvent[]): void {
    this.#doc.transact(() => {
      for (const event of events) this.#applyRecorded(event);
    }, this);
  }

  /** Applies one event of the stream, once: the follower, a catch-up and an append may all come with it. */
  #applyRecorded(event: RecordedEvent): void {
    if (event.revision <= this.#revision) return;
    const edits = event.type === FILE_EDITED ? decodeFileEdited(event.data).edits : [];
    const author = edits.length > 0 ? readMetadata(event).actor.id : '';
    this.#applyEvent(event.revision, event.id, () => {
      for (const { update } of edits) this.#applyUpdate(update, author, undefined);
      return edits.length;
    });
  }

  /** `apply` changes the document by what the event has, and returns the number of updates. */
  #applyEvent(revision: bigint, id: string, apply: () => number): void {
    this.#whole = false;
    try {
      const updates = this.#doc.transact(apply, this);
      this.#revision = revision;
      this.#eventId = id;
      this.#whole = true;
      this.#snapshotting?.recorded(updates);
    } catch (error) {
      // At once: the way up may wait for the store, and nothing may be inspected against half a document meanwhile.
      this.#break(error);
      throw error;
    }
  }

  #applyUpdate(update: Uint8Array, author: string, sender: Member | undefined): void {
    for (const client of clientsOf(update)) this.#owners.claim(client, author);
    Y.applyUpdate(this.#doc, update, this);
    if (this.#doc.store.pendingStructs !== null) throw new Error(`${this.#stream} has an update with a gap`);
    for (const member of this.#members) member.deliver(update, member === sender);
  }

  async #drain(): Promise<void> {
    try {
      await this.ready;
      while (this.#waiting.length > 0) {
        await this.#record(this.#takeFitting());
        this.#snapshotting?.saveIfDue();
      }
    } finally {
      this.#draining = undefined;
    }
  }

  /** Records what of `batch` is acceptable and new, and tells its senders. */
  async #record(batch: readonly WaitingUpdate[]): Promise<void> {
    // Whether the document has all that anybody could have known who sent these.
    let isCurrent = false;
    for (;;) {
      const drafts = this.#draft(batch, isCurrent);
      const outcome = drafts === 'behind' ? 'conflict' : drafts.length === 0 ? 'recorded' : await this.#append(drafts);
      if (outcome === 'conflict') {
        await this.#catchUpWhenPossible();
        isCurrent = true;
        continue;
      }
      for (const waiting of batch) this.#acknowledge(waiting);
      return;
    }
  }

  #acknowledge({ member, sequence, receivedAt }: WaitingUpdate): void {
    if (this.#refused.has(member)) return;
    member.acknowledge(sequence);
    this.#onAcknowledged?.(Math.max(0, Date.now() - receivedAt));
  }

  /**
   * Inspects the batch against the document as it is now, and groups what passes by consecutive authors. "Behind" instead of
   * a refusal that may be owed to what another node recorded and showed already: its sender was there a moment ago.
   */
  #draft(batch: readonly WaitingUpdate[], isCurrent: boolean): Draft[] | 'behind' {
    const drafts: Draft[] = [];
    const clocks = new Map<number, number>();
    const owners = new ClientOwners(this.#owners);
    let textLength = this.doc.getText(TEXT_ROOT).length;
    for (const waiting of batch) {
      const { member, update } = waiting;
      if (this.#refused.has(member)) continue;
      const found = inspectUpdate(update, member.actor.id, this.#facts(clocks, owners, textLength));
      if (found.kind === 'refused' && !isCurrent) return 'behind';
      if (found.kind === 'refused') this.#refuse(member, found);
      if (found.kind !== 'news') continue;
      textLength += found.added;
      for (const [client, clock] of found.clocks) {
        clocks.set(client, clock);
        owners.claim(client, member.actor.id);
      }
      addTo(drafts, waiting);
    }
    return drafts;
  }

  /** Appends the drafts at the revision that the room knows, trying again while the store is away, and applies them. */
  async #append(drafts: readonly Draft[]): Promise<'recorded' | 'conflict'> {
    // The ids stay the same over the tries: the store then knows a repetition of an unanswered append from a second event.
    const events = drafts.map((draft) => toEvent(draft, this.#metadataOf(draft.member)));
    const expected = this.#revision < 0n ? 'noStream' : this.#revision;
    for (;;) {
      try {
        const { revision } = await this.#store.append(this.#stream, events, { expected });
        this.#applyOwn(drafts, events, revision);
        return 'recorded';
      } catch (error) {
        if (error instanceof WrongExpectedVersion) return 'conflict';
        if (!(error instanceof Unavailable)) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  /** The follower may have been faster with some of them: revisions tell. */
  #applyOwn(drafts: readonly Draft[], events: readonly NewEvent[], last: bigint): void {
    let revision = last - BigInt(drafts.length);
    for (const [index, { member, edits }] of drafts.entries()) {
      revision += 1n;
      if (revision <= this.#revision) continue;
      this.#applyEvent(revision, events[index]?.id ?? '', () => {
        for (const { update } of edits) this.#applyUpdate(update, member.actor.id, member);
        return edits.length;
      });
    }
  }

  /** Removes and returns the first of the waiting updates that fit into one append; at least one. */
  #takeFitting(): WaitingUpdate[] {
    const waiting = this.#waiting;
    let bytes = 0;
    let count = 0;
    for (const { member, update } of waiting) {
      bytes += update.length + BYTES_BESIDE_UPDATE;
      if (waiting[count - 1]?.member !== member) bytes += BYTES_BESIDE_EDITS + this.#metadataOf(member).length;
      if (count > 0 && (bytes > MAX_APPEND_BYTES || count >= MAX_APPEND_UPDATES)) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  #metadataOf(member: Member): Uint8Array {
    const known = this.#metadata.get(member);
    if (known) return known;
    const metadata = toJsonBytes({ v: 1, ...member.context });
    this.#metadata.set(member, metadata);
    return metadata;
  }

  #refuse(member: Member, refusal: Refusal): void {
    this.#refused.add(member);
    member.refuse(refusal);
  }

  /** What is recorded, and on top of it what a draft has taken. */
  #facts(
    clocks: ReadonlyMap<number, number> = new Map(),
    owners = this.#owners,
    textLength = this.doc.getText(TEXT_ROOT).length,
  ): DocumentFacts {
    const { store } = this.#doc;
    const get = (client: number) => clocks.get(client) ?? Y.getState(store, client);
    return { doc: this.doc, clocks: { get }, owners, textLength };
  }
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

function toEvent({ startedAt, edits }: Draft, metadata: Uint8Array): NewEvent {
  return {
    id: randomUUID(),
    type: FILE_EDITED,
    contentType: 'binary',
    data: encodeFileEdited({ startedAt, edits }),
    metadata,
  };
}

function clientsOf(update: Uint8Array): Iterable<number> {
  return Y.parseUpdateMeta(update).to.keys();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
