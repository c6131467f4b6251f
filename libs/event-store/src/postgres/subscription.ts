import { Unavailable } from '../errors.js';
import type { Filter, Position, SubscriptionItem } from '../event-store.js';
import { abortable, pause } from '../abort.js';
import { isOpen, matches } from '../filter.js';
import { Feed, type FeedItem, type FeedOptions } from './feed.js';
import type { LogReader } from './log-reader.js';
import type { StreamReader } from './stream-reader.js';
import type { Tailer } from './tailer.js';

/** Milliseconds between attempts while the database is away; each attempt itself takes as long as the pool tries. */
const RETRY_PAUSE = 500;

/** A subscriber's place, and how it moves: through history by reading, then by what the tailer hands out. */
export interface Cursor {
  readonly feed: FeedOptions;
  /** Resolves 'end' to a place; once, before anything else. */
  begin(signal: AbortSignal): Promise<void>;
  /** What is committed behind the place at the time of the call, page by page. */
  history(signal: AbortSignal): AsyncIterable<readonly FeedItem[]>;
  /** Moves the place to an item; false if it lies before the place, because history had given it already. */
  advance(item: FeedItem): boolean;
}

/** Ends without an error when the signal is aborted. Survives the database's absence: it waits and goes on from its place. */
export async function* follow(cursor: Cursor, tailer: Tailer, signal: AbortSignal): AsyncGenerator<SubscriptionItem> {
  let begun = false;
  while (!signal.aborted) {
    try {
      if (!begun) await cursor.begin(signal);
      begun = true;
      // The generators below this one yield lists: an event that came singly through each would take twice the time.
      for await (const items of untilOverflow(cursor, tailer, signal)) {
        for (const item of items) {
          if (signal.aborted) return;
          if (item.kind === 'caughtUp' || item.kind === 'fellBehind' || cursor.advance(item)) yield item;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      await pause(RETRY_PAUSE, signal).catch(() => undefined);
    }
  }
}

async function* untilOverflow(
  cursor: Cursor,
  tailer: Tailer,
  signal: AbortSignal,
): AsyncGenerator<readonly SubscriptionItem[]> {
  // A long history first without a feed, which would only overflow meanwhile; what was added then, with it.
  yield* cursor.history(signal);
  const feed = new Feed(cursor.feed);
  try {
    await abortable(tailer.attach(feed), signal);
    yield* cursor.history(signal);
    yield [{ kind: 'caughtUp' }];
    for (;;) {
      const items = await abortable(feed.take(), signal);
      if (items === 'overflow') break;
      yield items;
    }
  } finally {
    tailer.detach(feed);
  }
  yield [{ kind: 'fellBehind' }];
}

/** A place in the whole log. */
export class LogCursor implements Cursor {
  readonly feed: FeedOptions;
  private position = 0n;

  constructor(
    private readonly log: LogReader,
    private readonly after: bigint | 'end',
    private readonly filter: Filter | undefined,
    bounds: Pick<FeedOptions, 'maxWaitingEvents' | 'gatherMs'> = {},
  ) {
    this.feed = { wants: (event) => matches(filter, event), checkpoints: !isOpen(filter), ...bounds };
  }

  async begin(signal: AbortSignal): Promise<void> {
    this.position = this.after === 'end' ? await this.log.head(signal) : this.after;
  }

  async *history(signal: AbortSignal): AsyncGenerator<readonly FeedItem[]> {
    for await (const { events, through } of this.log.history(this.position, this.filter, signal)) {
      const items: FeedItem[] = events.map((event) => ({ kind: 'event', event }));
      const position = through.toString() as Position;
      if (events.at(-1)?.position !== position) items.push({ kind: 'checkpoint', position });
      yield items;
    }
  }

  advance(item: FeedItem): boolean {
    const position = BigInt(item.kind === 'event' ? item.event.position : item.position);
    if (position <= this.position) return false;
    this.position = position;
    return true;
  }
}

/** A place in one stream. Its revisions are its checkpoints, so it yields no others. */
export class StreamCursor implements Cursor {
  readonly feed: FeedOptions;
  private revision = -1n;

  constructor(
    private readonly streams: StreamReader,
    private readonly stream: string,
    private readonly after: bigint | 'end',
    maxWaitingEvents?: number,
  ) {
    this.feed = { stream, wants: () => true, checkpoints: false, maxWaitingEvents };
  }

  async begin(signal: AbortSignal): Promise<void> {
    this.revision = this.after === 'end' ? await this.streams.lastRevision(this.stream, signal) : this.after;
  }

  async *history(signal: AbortSignal): AsyncGenerator<readonly FeedItem[]> {
    for await (const events of this.streams.history(this.stream, this.revision, signal))
      yield events.map((event) => ({ kind: 'event', event }));
  }

  advance(item: FeedItem): boolean {
    if (item.kind !== 'event' || item.event.revision <= this.revision) return false;
    this.revision = item.event.revision;
    return true;
  }
}
