import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FileId } from '@palimpsest/domain';
import type { EventStore } from '@palimpsest/event-store';
import { EVENT_STORE } from '../platform/tokens.js';
import { AwarenessRoom } from './awareness-room.js';
import { Room } from './room.js';

/** How long an empty room stays: people reload pages, and a reload should not read the stream again. Milliseconds. */
const LINGER_MS = 30_000;

/** A file's document and who is looking at it. */
export interface OpenRoom {
  readonly room: Room;
  readonly awareness: AwarenessRoom;
  /** Called when the room cannot go on; its connections must end and come back. */
  readonly onBroken: Set<() => void>;
}

/** The rooms of this process: each file's is loaded once, however many connect at the same time. */
@Injectable()
export class Rooms implements BeforeApplicationShutdown {
  readonly #log = new Logger(Rooms.name);
  readonly #open = new Map<FileId, OpenRoom>();
  readonly #leaving = new Map<FileId, NodeJS.Timeout>();

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** The room of the file, possibly still loading (`room.ready`). Call `release` once for each call. */
  enter(file: FileId): OpenRoom {
    clearTimeout(this.#leaving.get(file));
    this.#leaving.delete(file);
    const existing = this.#open.get(file);
    if (existing) return existing;
    const onBroken = new Set<() => void>();
    const room = new Room(file, this.store, (error) => this.#drop(file, error));
    const open: OpenRoom = { room, awareness: new AwarenessRoom(), onBroken };
    this.#open.set(file, open);
    room.ready.catch((error: unknown) => this.#drop(file, error));
    return open;
  }

  /** Says that a connection has left. The last one starts the clock after which the room is closed. */
  release(open: OpenRoom): void {
    const { file, memberCount } = open.room;
    if (memberCount > 0 || this.#open.get(file) !== open || this.#leaving.has(file)) return;
    const timer = setTimeout(() => void this.#retire(open), LINGER_MS);
    timer.unref();
    this.#leaving.set(file, timer);
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#open.values()].map(({ room }) => room.flush().then(() => room.close())));
  }

  /** Kept until everything is recorded: a rejoin meanwhile must get this document, not an older one from the log. */
  async #retire(open: OpenRoom): Promise<void> {
    const { room } = open;
    await room.flush();
    this.#leaving.delete(room.file);
    if (room.memberCount > 0 || this.#open.get(room.file) !== open) return;
    this.#open.delete(room.file);
    await room.close();
  }

  #drop(file: FileId, error: unknown): void {
    const open = this.#open.get(file);
    if (!open) return;
    this.#log.error(`room of file ${file} dropped: ${error instanceof Error ? error.stack : String(error)}`);
    this.#open.delete(file);
    for (const listener of open.onBroken) listener();
  }
}
