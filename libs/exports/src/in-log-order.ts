import { setImmediate as turn } from 'node:timers/promises';
import { type EventStore, type RecordedEvent, StreamDeleted, StreamNotFound } from '@palimpsest/event-store';
import { Heap } from './heap.js';

/** A stream, and a time before which it has nothing; a few minutes off do no harm. */
export interface Source {
  readonly stream: string;
  readonly since: Date;
  /** Events of it at most; without it all. */
  readonly limit?: number;
}

/** How far the times of sources may be off, milliseconds: the contents of a copied folder are written before it is there. */
const LEAD_MS = 600_000;
/** Events of one stream that are held. With this many for each of 2,000 open streams some 100 MB are. */
const PAGE = 100;
/** Streams that are opened at the same time: an export leaves the database to the others. */
const OPENED_AT_ONCE = 4;
/** The event loop is somebody else's at least so often, milliseconds: people type meanwhile. */
const TURN_MS = 15;

/**
 * The events of many streams in the order of the log, with memory for a page of each stream that has begun and not ended.
 * Streams that are not there give nothing. Rejects with the signal's reason when it aborts.
 */
export async function* inLogOrder(
  store: EventStore,
  sources: readonly Source[],
  signal?: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  const waiting = sources.toSorted((a, b) => b.since.getTime() - a.since.getTime()); // the next one last
  const open = new Heap<Cursor>((a, b) => store.comparePositions(a.event.position, b.event.position));
  let turnedAt = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    await openDue(store, waiting, open);
    const cursor = open.take();
    if (!cursor) return;
    yield cursor.event;
    if (await cursor.advance()) open.add(cursor);
    if (performance.now() - turnedAt < TURN_MS) continue;
    await turn();
    turnedAt = performance.now();
  }
}

/** Opens the streams that may hold the next event. */
async function openDue(store: EventStore, waiting: Source[], open: Heap<Cursor>): Promise<void> {
  for (;;) {
    const { least } = open;
    const before = least ? least.event.recordedAt.getTime() + LEAD_MS : Number.POSITIVE_INFINITY;
    const due: Source[] = [];
    for (let next = waiting.at(-1); next && next.since.getTime() <= before; next = waiting.at(-1)) {
      due.push(next);
      waiting.pop();
      if (due.length === OPENED_AT_ONCE) break;
    }
    if (due.length === 0) return;
    const opened = await Promise.all(due.map((source) => Cursor.open(store, source)));
    for (const cursor of opened) if (cursor) open.add(cursor);
  }
}

/** A place in a stream. Between two pages nothing is open, so nothing has to be closed. */
class Cursor {
  #page: RecordedEvent[] = [];
  #at = 0;
  #left: number;

  private constructor(
    private readonly store: EventStore,
    private readonly source: Source,
  ) {
    this.#left = source.limit ?? Number.POSITIVE_INFINITY;
  }

  /** At the first event; undefined: there is none. One event alone is read: most runs are not read further. */
  static async open(store: EventStore, source: Source): Promise<Cursor | undefined> {
    const cursor = new Cursor(store, source);
    return (await cursor.#read('start', 1)) ? cursor : undefined;
  }

  get event(): RecordedEvent {
    return this.#page[this.#at] as RecordedEvent;
  }

  async advance(): Promise<boolean> {
    const { revision } = this.event;
    if (--this.#left <= 0) return false;
    if (++this.#at < this.#page.length) return true;
    return this.#read(revision + 1n, Math.min(PAGE, this.#left));
  }

  async #read(from: bigint | 'start', limit: number): Promise<boolean> {
    this.#page = [];
    this.#at = 0;
    try {
      for await (const event of this.store.readStream(this.source.stream, { from, limit })) this.#page.push(event);
    } catch (error) {
      if (!(error instanceof StreamNotFound || error instanceof StreamDeleted)) throw error;
    }
    return this.#page.length > 0;
  }
}
