import type { Position, RecordedEvent } from '../event-store.js';

export type LiveItem =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'checkpoint'; readonly position: Position };

/** Events that may wait for one subscriber, and their bytes (4 MiB). More, and it is fed from history again. */
const MAX_WAITING_EVENTS = 1000;
const MAX_WAITING_BYTES = 4_194_304;

/** The bounded buffer between a call of the server, which is always read, and its subscriber, which may be slow. */
export class LiveBuffer {
  private waiting: LiveItem[] = [];
  private events = 0;
  private bytes = 0;
  private end: { readonly error: unknown } | 'overflow' | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly maxWaitingEvents = MAX_WAITING_EVENTS) {}

  /** False if the item no longer fits: then the call is of no use any more. */
  offer(item: LiveItem): boolean {
    if (this.end) return false;
    // Checkpoints in a row become one: who wants little of a busy log has one item to wait for, not thousands.
    if (item.kind === 'checkpoint' && this.waiting.at(-1)?.kind === 'checkpoint') this.waiting.pop();
    this.waiting.push(item);
    if (item.kind === 'event') {
      this.events++;
      this.bytes += item.event.data.byteLength + (item.event.metadata?.byteLength ?? 0);
    }
    if (this.events > this.maxWaitingEvents || this.bytes > MAX_WAITING_BYTES) {
      this.waiting = [];
      this.end = 'overflow';
    }
    this.wake?.();
    return this.end === undefined;
  }

  /** The call broke. What came before it is still given. */
  fail(error: unknown): void {
    this.end ??= { error };
    this.wake?.();
  }

  /** Everything that waits, as soon as there is something; 'overflow' instead of what no longer fitted. Throws the failure. */
  async take(): Promise<readonly LiveItem[] | 'overflow'> {
    if (this.waiting.length === 0 && !this.end) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
    if (this.end === 'overflow') return 'overflow';
    if (this.waiting.length === 0 && this.end) throw this.end.error;
    const items = this.waiting;
    [this.waiting, this.events, this.bytes] = [[], 0, 0];
    return items;
  }
}
