import type { Position, RecordedEvent } from '../event-store.js';

/** What waits for a subscriber. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'checkpoint'; readonly position: Position };

/** Events that may wait for one subscriber, and their bytes (4 MiB). More, and it is fed from history again. */
const MAX_WAITING_EVENTS = 1000;
const MAX_WAITING_BYTES = 4_194_304;

export interface FeedOptions {
  /** The only stream of which it is offered anything; undefined: it is offered the whole log. */
  readonly stream?: string;
  wants(event: RecordedEvent): boolean;
  /** Whether events that it does not want move its checkpoint. */
  readonly checkpoints: boolean;
  readonly maxWaitingEvents?: number | undefined;
}

/** The bounded buffer between the tailer, which never waits, and one subscriber, which may. */
export class Feed {
  private waiting: FeedItem[] = [];
  private waitingBytes = 0;
  private overflowed = false;
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
    if (this.waiting.length > 0 || this.overflowed) this.wake?.();
  }

  /** Everything that waits, as soon as there is something; 'overflow' once, instead of what no longer fitted. */
  async take(): Promise<readonly FeedItem[] | 'overflow'> {
    if (this.waiting.length === 0 && !this.overflowed) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
    if (this.overflowed) return 'overflow';
    const items = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    return items;
  }

  private push(event: RecordedEvent): void {
    this.waiting.push({ kind: 'event', event });
    this.waitingBytes += event.data.byteLength + (event.metadata?.byteLength ?? 0);
    const { maxWaitingEvents = MAX_WAITING_EVENTS } = this.options;
    if (this.waiting.length <= maxWaitingEvents && this.waitingBytes <= MAX_WAITING_BYTES) return;
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
