import { randomUUID } from 'node:crypto';
import { encodeEvent, type ExecutorEvent, streamOf } from '@palimpsest/domain';
import { type EventStore, Unavailable } from '@palimpsest/event-store';

const RETRY_MS = 500;

/** What an executor says of itself, in its own stream and in order. While the store is away it waits. */
export class ExecutorLog {
  readonly #store: EventStore;
  readonly #name: string;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(store: EventStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** Resolves when it is recorded, or given up after `close`. Rejects only for faults that do not pass. */
  record(event: ExecutorEvent): Promise<void> {
    const recorded = this.#last.then(() => this.#append(event));
    this.#last = recorded.catch((error: unknown) => console.error(`not recorded: ${event.type}:`, error));
    return recorded;
  }

  /** Gives up what the store does not take now: a stop must not wait for it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #append(event: ExecutorEvent): Promise<void> {
    const actor = { id: 'system', role: 'system', via: 'executor' } as const;
    const encoded = { id: randomUUID(), ...encodeEvent(event, { actor }) };
    for (;;) {
      try {
        await this.#store.append(streamOf.executor(this.#name), [encoded], { expected: 'any' });
        return;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
