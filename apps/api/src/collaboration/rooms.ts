import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { DocSnapshots } from '@palimpsest/documents';
import type { FileId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import type { AwarenessChannel } from './awareness-exchange.js';
import { AwarenessRoom } from './awareness-room.js';
import { Room } from './room.js';

export interface RoomLimits {
  /** How long an empty room stays: people reload pages, and a reload should not load the document again. Milliseconds. */
  readonly lingerMs: number;
  /** Empty rooms that stay at most; beyond, the one that has been empty longest is closed at once. */
  readonly maxIdleRooms: number;
  /** Bytes that the documents of empty rooms take at most, as `Room.size` estimates them. */
  readonly maxIdleBytes: number;
}

/**
 * A class of 200 that leaves at once still finds its rooms when it reloads; a text of usual length takes under 1 MB, so the
 * bytes bound only rooms of very long histories.
 */
const ROOM_LIMITS: RoomLimits = { lingerMs: 30_000, maxIdleRooms: 200, maxIdleBytes: 64 * 1024 * 1024 };

export interface RoomsOptions {
  /** Undefined: every document is loaded from all its events. */
  readonly snapshots?: DocSnapshots;
  readonly limits?: RoomLimits;
  /** Told of each update how long it took from its arrival to its acknowledgement, milliseconds. */
  readonly onAcknowledged?: (ms: number) => void;
  /** Called when a room has written a snapshot: what else is made of the file ahead of time can be made now. */
  readonly onSnapshot?: (file: FileId) => void;
  /** Leads to the awareness of a file on other nodes. */
  readonly channelOf?: (file: FileId) => AwarenessChannel;
}

/** A file's document and who is looking at it. */
export interface OpenRoom {
  readonly room: Room;
  readonly awareness: AwarenessRoom;
  /** Called when the room cannot go on; its connections must end and come back. */
  readonly onBroken: Set<() => void>;
}

/** An open room and how many calls of `enter` have not been released yet: connections that still wait for it count, too. */
interface Entry extends OpenRoom {
  holders: number;
}

/**
 * The rooms of this process: each file's is loaded once, however many connect at the same time.
 *
 * A room is *held* by its connections, *idle* from the last release on, and *retiring* when its time is up or too many are
 * idle. A retiring room records what waits and writes its snapshot, and is still the one that `enter` gives: somebody who
 * comes back meanwhile gets this document, and it stays. Only if nobody did, it is closed, in the same turn in which it
 * is taken off the list. So memory is bounded by the documents that are open, and by the limits for idle ones.
 */
@Injectable()
export class Rooms implements BeforeApplicationShutdown {
  readonly #log = new Logger(Rooms.name);
  readonly #entries = new Map<FileId, Entry>();
  /** Longest idle first. */
  readonly #idle = new Map<Entry, NodeJS.Timeout>();

  constructor(
    private readonly store: EventStore,
    private readonly options: RoomsOptions = {},
  ) {}

  /** The room of the file, possibly still loading (`room.ready`). Call `release` once for each call. */
  enter(file: FileId): OpenRoom {
    const entry = this.#entries.get(file) ?? this.#open(file);
    entry.holders += 1;
    this.#endIdling(entry);
    return entry;
  }

  /** Says that a connection has left. The last one starts the clock after which the room is closed. */
  release(open: OpenRoom): void {
    const entry = this.#entries.get(open.room.file);
    if (!entry || entry !== open) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    this.#beginIdling(entry);
    this.#trimIdle();
  }

  /** Documents in memory. */
  get count(): number {
    return this.#entries.size;
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const entry of [...this.#idle.keys()]) this.#endIdling(entry);
    await Promise.all([...this.#entries.values()].map(({ room }) => settle(room).then(() => room.close())));
  }

  get #limits(): RoomLimits {
    return this.options.limits ?? ROOM_LIMITS;
  }

  #open(file: FileId): Entry {
    const { channelOf } = this.options;
    const room: Room = new Room(file, this.store, (error) => this.#drop(entry, error), this.options);
    const awareness = new AwarenessRoom(channelOf?.(file));
    const entry: Entry = { room, awareness, onBroken: new Set(), holders: 0 };
    this.#entries.set(file, entry);
    room.ready.catch((error: unknown) => this.#drop(entry, error));
    return entry;
  }

  #beginIdling(entry: Entry): void {
    this.#endIdling(entry);
    const timer = setTimeout(() => void this.#retire(entry), this.#limits.lingerMs);
    timer.unref();
    this.#idle.set(entry, timer);
  }

  #endIdling(entry: Entry): void {
    clearTimeout(this.#idle.get(entry));
    this.#idle.delete(entry);
  }

  #trimIdle(): void {
    const { maxIdleRooms, maxIdleBytes } = this.#limits;
    let count = this.#idle.size;
    let bytes = 0;
    for (const { room } of this.#idle.keys()) bytes += room.size;
    for (const entry of this.#idle.keys()) {
      if (count <= maxIdleRooms && bytes <= maxIdleBytes) return;
      count -= 1;
      bytes -= entry.room.size;
      void this.#retire(entry);
    }
  }

  async #retire(entry: Entry): Promise<void> {
    const { room } = entry;
    this.#endIdling(entry);
    await settle(room);
    if (entry.holders > 0 || this.#entries.get(room.file) !== entry) return;
    this.#endIdling(entry);
    this.#entries.delete(room.file);
    await room.close();
  }

  #drop(entry: Entry, error: unknown): void {
    const { room, onBroken } = entry;
    if (this.#entries.get(room.file) !== entry) return;
    this.#log.error(`room of file ${room.file} dropped: ${error instanceof Error ? error.stack : String(error)}`);
    this.#endIdling(entry);
    this.#entries.delete(room.file);
    for (const listener of onBroken) listener();
    void room.close();
  }
}

/** Resolves when everything submitted is recorded or refused, and the snapshot is written or given up. Never rejects. */
async function settle(room: Room): Promise<void> {
  await room.flush();
  await room.saveSnapshot();
  // Somebody may have come, typed and gone meanwhile.
  await room.flush();
}
