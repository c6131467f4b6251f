/** Callers of the event store itself, each with a way of its own to say what it expects of its stream. */
import { randomUUID } from 'node:crypto';
import { createPostgresEventStore } from '../../../libs/event-store/dist/index.js';

/** Milliseconds that one attempt may take: less than a recovery, so that callers have to repeat appends themselves. */
const UNAVAILABLE_AFTER = 100;
/** Milliseconds between two appends of a caller: the log must stay small enough to be read in the end. */
const PAUSE = 5;

/** `begin` gives the expectation of an append, from the result of the one before in its stream. */
const WAYS = [
  { name: 'revision', size: 1, expected: (before) => before?.revision ?? 'noStream' },
  { name: 'batches', size: 20, expected: (before) => before?.revision ?? 'noStream' },
  { name: 'any', size: 1, expected: () => 'any' },
  { name: 'any-batches', size: 7, expected: () => 'any' },
  { name: 'exists', size: 2, expected: (before) => (before ? 'streamExists' : 'noStream') },
  { name: 'new', size: 3, expected: () => 'noStream', newStreams: true },
];

/** Callers a way. */
const CALLERS = 2;

export class StoreWriters {
  static kind = 'store';
  #store;
  #ledger;
  #writing = true;
  #done;

  constructor(connectionString, ledger) {
    this.#ledger = ledger;
    this.#store = createPostgresEventStore({
      connectionString,
      applicationName: 'faults',
      unavailableAfterMs: UNAVAILABLE_AFTER,
    });
    this.#done = Promise.all(WAYS.flatMap((way) => Array.from({ length: CALLERS }, () => this.#write(way))));
  }

  async stop() {
    this.#writing = false;
    await this.#done;
    await this.#store.close();
  }

  async #write(way) {
    let stream;
    let before;
    while (this.#writing) {
      if (stream === undefined || way.newStreams) stream = `bench-${way.name}-${randomUUID()}`;
      const events = Array.from({ length: way.size }, newEvent);
      before = await this.#append(stream, events, way.expected(before));
      if (before === undefined) stream = undefined;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Until it is acknowledged, always with the same ids. Undefined for a refusal, which nobody has earned: each stream has one writer. */
  async #append(stream, events, expected) {
    const sentAt = performance.now();
    for (;;) {
      try {
        const result = await this.#store.append(stream, events, { expected });
        const { revision, position } = result;
        this.#ledger.appended.push({ stream, ids: events.map(({ id }) => id), revision, position });
        this.#ledger.answered(StoreWriters.kind, sentAt);
        return result;
      } catch (error) {
        if (error.code !== 'Unavailable') return this.#ledger.refused(`append to ${stream}: ${error.message}`);
        this.#ledger.unanswered++;
      }
    }
  }
}

function newEvent() {
  return { id: randomUUID(), type: 'Tried', contentType: 'binary', data: new Uint8Array(40) };
}
