/**
 * Subscriptions.
 *
 * The client's subscriptions end at the first error and do not resume; servers before 23.10 do not say when they have
 * caught up; and an unread call blocks its share of the connection. So a subscription here is a place in the log that
 * moves, and a loop around it: read history up to what is there now, say `caughtUp`, then open the server's subscription
 * behind the place. It is always read, into a bounded buffer: a consumer that is too slow overflows it, gets `fellBehind`,
 * and the loop begins again. So it does after an error, from the same place. The place decides what is new, so the seams
 * can overlap: what history gave is not given again by the server.
 */
import { StreamDeleted } from '../errors.js';
import type { Filter, SubscriptionItem } from '../event-store.js';
import { abortable, pause } from '../abort.js';
import { isOpen, matches } from '../filter.js';
import type { Connection } from './connection.js';
import { decodeEvent } from './event-codec.js';
import { LiveBuffer, type LiveItem } from './live-buffer.js';
import { comparePositions, formatPosition, parsePosition, positionOf, type LogPosition } from './log-position.js';
import type { Reader } from './reader.js';
import { logRequest, streamRequest, type Build } from './read-request.js';
import { faultOf, troubleOf } from './server-trouble.js';

/** Milliseconds between attempts while the server is away. */
const RETRY_PAUSE = 250;

/** A subscriber's place, and how it moves. */
export interface Cursor {
  /** Resolves 'end' to a place; once, before anything else. */
  begin(signal: AbortSignal): Promise<void>;
  /** What lies behind the place now. Moves the place with every item. */
  history(signal: AbortSignal): AsyncIterable<SubscriptionItem>;
  /** The server's subscription behind the place. */
  live(): Build;
  /** Moves the place to a live item. What is to be given for it, if anything. */
  advance(item: LiveItem): SubscriptionItem | undefined;
  /** For the messages of faults. */
  readonly stream: string | undefined;
}

export interface Bounds {
  readonly maxWaitingEvents: number | undefined;
  /** As in SubscribeOptions; 0 for none. */
  readonly gatherMs: number;
}

/** Ends without an error when the signal is aborted. */
export async function* follow(
  cursor: Cursor,
  connection: Connection,
  signal: AbortSignal,
  bounds: Bounds,
): AsyncGenerator<SubscriptionItem> {
  let begun = false;
  while (!signal.aborted) {
    try {
      if (!begun) await cursor.begin(signal);
      for await (const item of cursor.history(signal)) {
        if (signal.aborted) return;
        yield item;
      }
      begun = true;
      yield { kind: 'caughtUp' };
      yield* live(cursor, connection, signal, bounds);
    } catch (error) {
      if (signal.aborted) return;
      const trouble = error instanceof StreamDeleted ? 'deleted' : retryable(error) ? 'passing' : troubleOf(error);
      if (trouble === 'deleted' && begun) return silence(signal);
      if (trouble !== 'passing') throw isFault(error) ? error : faultOf(error, connection.hosts, cursor.stream);
      await pause(RETRY_PAUSE, signal).catch(() => undefined);
    }
  }
}

/** Until the buffer overflows, the call breaks, or the subscriber leaves. */
async function* live(
  cursor: Cursor,
  connection: Connection,
  signal: AbortSignal,
  { maxWaitingEvents, gatherMs }: Bounds,
): AsyncGenerator<SubscriptionItem> {
  const buffer = new LiveBuffer(maxWaitingEvents);
  const leaving = new AbortController();
  const pumping = pump(cursor, connection, AbortSignal.any([signal, leaving.signal]), buffer);
  try {
    for (;;) {
      const items = await abortable(buffer.take(), signal);
      if (items === 'overflow') break;
      for (const item of items) {
        if (signal.aborted) return;
        const moved = cursor.advance(item);
        if (moved) yield moved;
      }
      if (gatherMs > 0) await pause(gatherMs, signal);
    }
  } finally {
    leaving.abort();
    await pumping;
  }
  yield { kind: 'fellBehind' };
}

async function pump(cursor: Cursor, connection: Connection, signal: AbortSignal, buffer: LiveBuffer): Promise<void> {
  try {
    for await (const answer of connection.read(cursor.live(), signal)) {
      const message = answer.getEvent();
      const event = message && decodeEvent(message);
      const checkpoint = answer.getCheckpoint();
      const position = checkpoint && positionOf(checkpoint.getCommitPosition(), checkpoint.getPreparePosition());
      if (event && !buffer.offer({ kind: 'event', event })) return;
      if (position) buffer.offer({ kind: 'checkpoint', position: formatPosition(position) });
    }
    buffer.fail(new Error('The server ended a subscription.'));
  } catch (error) {
    buffer.fail(error);
  }
}

/** A stream that is tombstoned later has nothing more to give; its subscribers do not end by themselves. */
async function silence(signal: AbortSignal): Promise<void> {
  await abortable(new Promise<never>(() => undefined), signal).catch(() => undefined);
}

function retryable(error: unknown): boolean {
  return (error as { readonly retryable?: unknown } | undefined)?.retryable === true;
}

function isFault(error: unknown): boolean {
  return (error as { readonly retryable?: unknown } | undefined)?.retryable !== undefined;
}

/** A place in the whole log. */
export class LogCursor implements Cursor {
  readonly stream = undefined;
  private place: LogPosition | undefined;

  constructor(
    private readonly reader: Reader,
    private readonly after: LogPosition | 'start' | 'end',
    private readonly filter: Filter | undefined,
  ) {
    this.place = typeof after === 'object' ? after : undefined;
  }

  async begin(signal: AbortSignal): Promise<void> {
    if (this.after === 'end') this.place = await this.reader.head(signal);
  }

  async *history(signal: AbortSignal): AsyncGenerator<SubscriptionItem> {
    const head = await this.reader.head(signal);
    for await (const event of this.reader.logForwards(this.place, undefined, this.filter, signal)) {
      this.place = parsePosition(event.position);
      yield { kind: 'event', event };
    }
    if (head && this.moveTo(head)) yield { kind: 'checkpoint', position: formatPosition(head) };
  }

  live(): Build {
    return logRequest(this.place ?? 'start', this.filter, { count: 'live' });
  }

  advance(item: LiveItem): SubscriptionItem | undefined {
    const position = item.kind === 'event' ? item.event.position : item.position;
    if (!this.moveTo(parsePosition(position))) return undefined;
    if (item.kind === 'event' && matches(this.filter, item.event)) return item;
    // Without a filter events alone say where the subscriber is; the server's own do not interest him.
    return isOpen(this.filter) ? undefined : { kind: 'checkpoint', position };
  }

  private moveTo(position: LogPosition): boolean {
    if (this.place && comparePositions(position, this.place) <= 0) return false;
    this.place = position;
    return true;
  }
}

/** A place in one stream. Its revisions are its checkpoints, so it yields no others. */
export class StreamCursor implements Cursor {
  private revision: bigint;

  constructor(
    private readonly reader: Reader,
    readonly stream: string,
    private readonly after: bigint | 'start' | 'end',
  ) {
    this.revision = typeof after === 'bigint' ? after : -1n;
  }

  async begin(signal: AbortSignal): Promise<void> {
    if (this.after !== 'end') return;
    const visible = await this.reader.visible(this.stream, signal);
    if (typeof visible === 'object') this.revision = visible.last.revision;
  }

  async *history(signal: AbortSignal): AsyncGenerator<SubscriptionItem> {
    for await (const event of this.reader.streamHistory(this.stream, this.revision, signal)) {
      this.revision = event.revision;
      yield { kind: 'event', event };
    }
  }

  live(): Build {
    return streamRequest(this.stream, this.revision < 0n ? 'start' : this.revision, { count: 'live' });
  }

  advance(item: LiveItem): SubscriptionItem | undefined {
    if (item.kind !== 'event' || item.event.revision <= this.revision) return undefined;
    this.revision = item.event.revision;
    return item;
  }
}
