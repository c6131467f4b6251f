/** Events to append and ways to look at what came back. */
import { randomUUID } from 'node:crypto';
import type { EventStore, NewEvent, Position, RecordedEvent, SubscriptionItem } from '../event-store.js';

export function event(fields: Partial<NewEvent> = {}): NewEvent {
  return { id: randomUUID(), type: 'noted', contentType: 'json', data: Buffer.from('{}'), ...fields };
}

export function events(count: number, fields: Partial<NewEvent> = {}): NewEvent[] {
  return Array.from({ length: count }, () => event(fields));
}

export function binary(size: number): NewEvent {
  return event({ contentType: 'binary', data: Buffer.alloc(size, 0xa5) });
}

let streams = 0;

/** A name that no other case uses. */
export function newStream(category = 'case'): string {
  return `${category}-${++streams}-${randomUUID().slice(0, 8)}`;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function ids(list: readonly { readonly id: string }[]): string[] {
  return list.map(({ id }) => id);
}

export function revisions(list: readonly RecordedEvent[]): number[] {
  return list.map(({ revision }) => Number(revision));
}

/** Everything in the log after a position, or from its beginning. */
export function logAfter(store: EventStore, after: Position | undefined): Promise<RecordedEvent[]> {
  return collect(store.readAll(after === undefined ? {} : { after }));
}

/** A subscription being consumed in the background. */
export class Recording {
  readonly items: SubscriptionItem[] = [];
  readonly ended: Promise<void>;
  private readonly controller = new AbortController();

  /** `delay` is waited before each item, to make a slow consumer. */
  constructor(subscribe: (signal: AbortSignal) => AsyncIterable<SubscriptionItem>, delay?: () => Promise<void>) {
    this.ended = this.consume(subscribe(this.controller.signal), delay);
    this.ended.catch(() => undefined); // awaited by whoever calls stop
  }

  get events(): RecordedEvent[] {
    return this.items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
  }

  has(kind: SubscriptionItem['kind']): boolean {
    return this.items.some((item) => item.kind === kind);
  }

  /** Aborts; rejects with what the subscription itself threw. */
  stop(): Promise<void> {
    this.controller.abort();
    return this.ended;
  }

  private async consume(items: AsyncIterable<SubscriptionItem>, delay?: () => Promise<void>): Promise<void> {
    for await (const item of items) {
      await delay?.();
      this.items.push(item);
    }
  }
}

/** Small, seeded, repeatable (mulberry32): a failing seed can be run again. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
