import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type EventStore, StreamDeleted, StreamNotFound } from '@palimpsest/event-store';
import {
  decodeDocState,
  DOC_SNAPSHOT_FORMAT,
  DOC_SNAPSHOT_KIND,
  type DocState,
  encodeDocState,
  packDocState,
  unpackDocState,
} from './doc-snapshot.js';
import type { SnapshotKey, SnapshotStore, StoredSnapshot } from './snapshot-store.js';

/** Snapshots that are made and written at the same time. When a class ends, hundreds of rooms close at once. */
const WRITERS = 2;
/** After this time a file opens from its events instead, milliseconds: snapshots must not make opening slower. */
const RESTORE_MS = 3_000;
/** A write that takes longer counts as failed, milliseconds. */
const WRITE_MS = 10_000;
/** Time before the second and the third try of a write, milliseconds. */
const PAUSES_MS = [1_000, 4_000] as const;

/** Called with a sentence for the operator's log. */
export type Report = (sentence: string) => void;

/**
 * Snapshots of the documents of files. The log stays the truth: a snapshot is believed only if it is whole and if the
 * stream holds, at the snapshot's revision, the very event that was the last one in it. Nothing here throws: without
 * snapshots files open slower, and that is all.
 */
export class DocSnapshots {
  readonly #events: EventStore;
  readonly #store: SnapshotStore;
  readonly #report: Report;
  readonly #turns = new Turns(WRITERS);

  constructor(events: EventStore, store: SnapshotStore, report: Report) {
    this.#events = events;
    this.#store = store;
    this.#report = report;
  }

  /**
   * The newest state of the stream's document that can be believed, in a new document; undefined: fold the events. With
   * `upTo` none that holds an event after this revision.
   */
  async restore(stream: string, upTo?: bigint): Promise<DocState | undefined> {
    try {
      return await within(RESTORE_MS, this.#restore(keyOf(stream), upTo === undefined ? undefined : upTo + 1n));
    } catch (error) {
      this.#report(`The snapshots of ${stream} cannot be read (${text(error)}): it is opened from its events.`);
      return undefined;
    }
  }

  /**
   * Writes what `capture` returns when it is this snapshot's turn; undefined: not wanted any more. At most `tries` times
   * (1 to 3), with some seconds between, unless `signal` aborts. Returns whether a snapshot was written.
   */
  async save(
    stream: string,
    capture: () => DocState | undefined,
    { tries = PAUSES_MS.length + 1, signal }: { tries?: number; signal?: AbortSignal } = {},
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#turns.take(() => this.#write(keyOf(stream), capture));
      } catch (error) {
        const wait = PAUSES_MS[attempt - 1];
        const last = attempt >= tries || wait === undefined;
        this.#report(
          `The snapshot of ${stream} cannot be written (${text(error)}): ${last ? 'left out, nothing is lost' : 'it is tried again'}.`,
        );
        if (last || !(await elapses(wait, signal))) return false;
      }
    }
  }

  async #restore(key: SnapshotKey, before: bigint | undefined): Promise<DocState | undefined> {
    const epoch = await this.#events.identity();
    for (let below = before; ;) {
      const stored = await this.#store.newest(key, epoch, below);
      if (!stored) return undefined;
      const state = await this.#believed(key, stored);
      if (typeof state !== 'string') return state;
      below = stored.revision;
      this.#report(`The snapshot of ${key.stream} at revision ${below} is not used (${state}) and removed.`);
      // A process that may only read them leaves that to one that may write.
      await this.#store.remove(key, below).catch(() => undefined);
    }
  }

  /** The state in the snapshot, or why it cannot be used. Throws only where the event store fails. */
  async #believed({ stream }: SnapshotKey, stored: StoredSnapshot): Promise<DocState | string> {
    const { revision, eventId, sha256, bytes } = stored;
    if (!hash(bytes).equals(sha256)) return 'its hash does not fit';
    if ((await this.#eventIdAt(stream, revision)) !== eventId) return 'the stream holds another event there, or none';
    try {
      return { revision, eventId, ...decodeDocState(await unpackDocState(bytes)) };
    } catch (error) {
      return `it cannot be read: ${text(error)}`;
    }
  }

  async #eventIdAt(stream: string, revision: bigint): Promise<string | undefined> {
    try {
      for await (const event of this.#events.readStream(stream, { from: revision, limit: 1 }))
        return event.revision === revision ? event.id : undefined;
    } catch (error) {
      if (!(error instanceof StreamNotFound || error instanceof StreamDeleted)) throw error;
    }
    return undefined;
  }

  async #write(key: SnapshotKey, capture: () => DocState | undefined): Promise<boolean> {
    const epoch = await within(WRITE_MS, this.#events.identity());
    const state = capture();
    if (!state) return false;
    // Before the first await: from here on the document goes on.
    const unpacked = encodeDocState(state);
    const { revision, eventId } = state;
    const bytes = await packDocState(unpacked);
    await within(WRITE_MS, this.#store.write(key, { revision, eventId, epoch, sha256: hash(bytes), bytes }));
    return true;
  }
}

function keyOf(stream: string): SnapshotKey {
  return { stream, kind: DOC_SNAPSHOT_KIND, format: DOC_SNAPSHOT_FORMAT };
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What `promise` gives; rejects if that takes longer. What it does is not ended by that. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = pause(ms, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${ms / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}

/** True after the time; false at once when the signal aborts. */
function elapses(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return pause(ms, true, { ref: false, ...(signal && { signal }) }).catch(() => false);
}

/** Lets a few tasks run at the same time, the others in the order in which they came. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
