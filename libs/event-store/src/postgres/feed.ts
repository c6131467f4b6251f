import type { Position, RecordedEvent } from '../event-store.js';

/** What waits for a subscriber. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'checkpoint'; readonly position: Position };

/** Events that may wait for one subscriber, and their bytes (4 MiB). More, and it is fed from history again. */
const MAX_WAITING_EVENTS = 1000;
const MAX_WAITING_BYTES = 4_194_304;

/**
 * How long news wait that are a checkpoint alone, milliseconds. Of a busy log a subscriber with a filter gets hundreds a
 * second, and has nothing to do with them but to remember the last one.
 */
const CHECKPOINT_MS = 50;

export interface FeedOptions {
  /** The only stream of which it is offered anything; undefined: it is offered the whole log. */
  readonly stream?: string;
  wants(event: RecordedEvent): boolean;
  /** Whether events that it does not want move its checkpoint. */
  readonly checkpoints: boolean;
  readonly maxWaitingEvents?: number | undefined;
  /** As in SubscribeOptions. */
  readonly gatherMs?: number | undefined;
}

/**
 * The bounded buffer between the tailer, which never waits, and one subscriber, which may. What waits is *due* at once, or
 * a little later so that more comes with it; the subscriber is woken when it is.
 */
export class Feed {
  private waiting: FeedItem[] = [];
  private events = 0;
  private bytes = 0;
  private overflowed = false;
  private due = false;
  private timer: NodeJS.Timeout | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly options: FeedOptions) {}

  get stream(): string | undefined {
    return this.options.stream;
  }

  /** Consecutive events of the log. After an overflow nothing more is taken in. */
  offer(events: readonly RecordedEvent[]): void {
    if (this.overflowed) return;
    for (const event of events) {
      if (this.options.wants(event)) this.push(event);
      else if (this.options.checkpoints) this.pass(event.position);
    }
    const { gatherMs = 0 } = this.options;
    if (this.overflowed || this.events > this.mostEvents / 2) this.fallDue();
    else if (this.events > 0) this.fallDueIn(gatherMs);
    else if (this.waiting.length > 0) this.fallDueIn(Math.max(gatherMs, CHECKPOINT_MS));
  }

  /** Everything that waits, as soon as something is due; 'overflow' once, instead of what no longer fitted. */
  async take(): Promise<readonly FeedItem[] | 'overflow'> {
    if (!this.due) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
    if (this.overflowed) return 'overflow';
    const items = this.waiting;
    this.waiting = [];
    this.events = 0;
    this.bytes = 0;
    this.due = false;
    return items;
  }

  /** Nothing falls due any more. */
  end(): void {
    clearTimeout(this.timer);
  }

  private get mostEvents(): number {
    return this.options.maxWaitingEvents ?? MAX_WAITING_EVENTS;
  }

  private fallDueIn(ms: number): void {
    if (this.due) return;
    if (ms === 0) this.fallDue();
    else this.timer ??= setTimeout(() => this.fallDue(), ms);
  }

  private fallDue(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due = true;
    this.wake?.();
  }

  private push(event: RecordedEvent): void {
    if (this.overflowed) return;
    this.waiting.push({ kind: 'event', event });
    this.events++;
    this.bytes += event.data.byteLength + (event.metadata?.byteLength ?? 0);
    if (this.events <= this.mostEvents && this.bytes <= MAX_WAITING_BYTES) return;
    this.overflowed = true;
    this.waiting = [];
  }

  /** Checkpoints in a row become one: a subscriber that wants little of a busy log has one item to wait for, not thousands. */
  private pass(position: Position): void {
    if (this.overflowed) return;
    if (this.waiting.at(-1)?.kind === 'checkpoint') this.waiting.pop();
    this.waiting.push({ kind: 'checkpoint', position });
  }
}
