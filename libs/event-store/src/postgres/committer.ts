/**
 * Theory of operation
 *
 * All appends of a process go through one committer with one connection. It is idle or it has exactly one call of es.append
 * under way. While a call runs, callers queue; when it returns, everything that waits (up to 100 requests or 1 MiB, one
 * request a stream) is the next call. Nothing waits on a timer: with one caller each append is its own transaction, with a
 * hundred they share a transaction and its flush to disk.
 *
 * es.append takes the log's lock, assigns positions and commits when the call ends, so positions follow commits without
 * gaps, across all processes. Each request has its own outcome; one that loses does not disturb the others.
 *
 *   idle --append--> committing --answer--> settle the batch, then idle or committing
 *                        |  trouble with the connection
 *                        v
 *                    pausing (25 ms … 1 s) --> committing the same batch, with the same event ids
 *
 * After a lost connection nobody knows whether the batch was committed; the old call may even still run on the server.
 * Sending the same ids again is safe either way: the lock puts one call after the other, and whichever comes second finds
 * the ids in their places and answers with their positions. A request that has waited longer than `unavailableAfterMs`
 * gets Unavailable; its caller may repeat it with the same ids for the same reason.
 *
 * Whoever follows the log in this process is told of each batch, with the events as a reader would find them: the call
 * answers with their revisions, positions and time, so nothing has to be read back.
 */
import type pg from 'pg';
import { StreamDeleted, Unavailable, WrongExpectedVersion } from '../errors.js';
import type { AppendRequest, AppendResult, Position, RecordedEvent } from '../event-store.js';
import { pause } from '../abort.js';
import { APPEND, encodeBatch, eventsOf, takeBatch, type Entry } from './append-batch.js';
import { backoff, explained, isConnectionTrouble } from './connection-trouble.js';
import { DedicatedConnection } from './dedicated-connection.js';
import { keepMetadata, MetadataShelf } from './metadata-shelf.js';
import { answeredWithin } from './query-timeout.js';
import { closedStore } from './read-pool.js';

interface Pending extends Entry {
  /** performance.now() after which a failed attempt is the last one. */
  readonly deadline: number;
  resolve(results: readonly AppendResult[]): void;
  reject(reason: unknown): void;
}

interface Outcome {
  readonly outcome: string;
  readonly revision: bigint;
  readonly position: string | null;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
}

/** Follows what the committer does. */
export interface CommitWatcher {
  /** A call begins. */
  committing(): void;
  /** It has ended. `recorded` gives what it stored, in the order of the log; undefined: nobody knows. */
  committed(recorded: (() => readonly RecordedEvent[]) | undefined): void;
}

/**
 * Milliseconds. Above any flush to a working disk; the server's own limit is lower, so that an abandoned call does not
 * queue for the log's lock behind its own repetition.
 */
const CALL_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 4_000;

export class Committer {
  private readonly queue: Pending[] = [];
  private readonly connection: DedicatedConnection;
  private running: Promise<void> | undefined;
  private closed = false;
  /** Of the connection that is open. */
  private shelf = new MetadataShelf();

  constructor(
    config: pg.ClientConfig,
    private readonly unavailableAfterMs: number,
    private readonly watcher: CommitWatcher,
  ) {
    this.connection = new DedicatedConnection(config, async (client) => {
      this.shelf = new MetadataShelf();
      const settings =
        `set statement_timeout = ${STATEMENT_TIMEOUT}; ` +
        'set session characteristics as transaction isolation level read committed, read write';
      await answeredWithin(CALL_TIMEOUT, client.query(settings));
    });
  }

  /** Requests must be valid and, if there are several, to different streams. Results are in their order. */
  async submit(
    requests: readonly AppendRequest[],
    bytes: number,
    atomic: boolean,
    signal?: AbortSignal,
  ): Promise<readonly AppendResult[]> {
    signal?.throwIfAborted();
    if (this.closed) throw closedStore();
    let stop: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const deadline = performance.now() + this.unavailableAfterMs;
        const pending: Pending = { requests, atomic, bytes, deadline, resolve, reject };
        stop = () => this.giveUp(pending, signal?.reason);
        signal?.addEventListener('abort', stop, { once: true });
        this.queue.push(pending);
        this.running ??= this.run();
      });
    } finally {
      if (stop) signal?.removeEventListener('abort', stop);
    }
  }

  /** Refuses new appends and waits for those under way, which end by success, by refusal or by their deadline. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    await this.connection.close();
  }

  /** Still queued: never sent. Already sent: the caller stops waiting, the append goes on. */
  private giveUp(pending: Pending, reason: unknown): void {
    const place = this.queue.indexOf(pending);
    if (place >= 0) this.queue.splice(place, 1);
    pending.reject(reason);
  }

  private async run(): Promise<void> {
    await Promise.resolve(); // what is appended in the same turn of the event loop shares the first batch
    while (this.queue.length > 0) await this.commit(takeBatch(this.queue));
    this.running = undefined;
  }

  private async commit(batch: Pending[]): Promise<void> {
    for (let attempt = 0; batch.length > 0; attempt++) {
      try {
        const outcomes = await this.call(batch);
        settle(batch, outcomes);
        this.watcher.committed(() => recordedOf(batch, outcomes));
        return;
      } catch (error) {
        this.watcher.committed(undefined);
        if (!isConnectionTrouble(error)) return rejectAll(batch, explained(error));
        this.connection.discard();
        batch = this.withoutExpired(batch, error, backoff(attempt));
      }
      if (batch.length > 0) await pause(backoff(attempt));
    }
  }

  private async call(batch: readonly Pending[]): Promise<Outcome[]> {
    const client = await this.connection.open();
    const ask = async <R extends unknown[]>(text: string, values: unknown[], name?: string): Promise<R[]> =>
      (await answeredWithin(CALL_TIMEOUT, client.query<R>({ text, values, rowMode: 'array', ...(name && { name }) })))
        .rows;
    const keys = await this.shelf.keysFor(eventsOf(batch), (contents) => keepMetadata(ask, contents));
    this.watcher.committing();
    // Prepared once. The connection is this committer's own: it could not LISTEN through a pooler of transactions either.
    const rows = await ask<[string, string, string | null, string]>(APPEND, encodeBatch(batch, keys), 'append');
    return rows.map(([outcome, revision, position, recordedAt]) => ({
      ...{ outcome, revision: BigInt(revision), position, recordedAt: Number(recordedAt) },
    }));
  }

  /** Rejects what has waited too long, in the batch and behind it, and returns the rest of the batch. */
  private withoutExpired(batch: Pending[], cause: unknown, pauseMs: number): Pending[] {
    const expired = (pending: Pending) => performance.now() + pauseMs > pending.deadline;
    const unavailable = new Unavailable(
      'The event log did not confirm the append; it may have happened, so repeat it with the same event ids.',
      { cause },
    );
    rejectAll([...batch, ...this.queue].filter(expired), unavailable);
    this.queue.splice(0, this.queue.length, ...this.queue.filter((pending) => !expired(pending)));
    return batch.filter((pending) => !expired(pending));
  }
}

function rejectAll(batch: readonly Pending[], reason: unknown): void {
  for (const pending of batch) pending.reject(reason);
}

function settle(batch: readonly Pending[], outcomes: readonly Outcome[]): void {
  let next = 0;
  for (const { requests, resolve, reject } of batch) {
    const own = outcomes.slice(next, (next += requests.length));
    const refusal = requests
      .map((request, index) => refusalOf(request, own[index]))
      .find((fault) => fault !== undefined);
    if (refusal) reject(refusal);
    else
      resolve(
        own.map(({ outcome, revision, position }) => ({
          revision,
          position: position as Position,
          replayed: outcome === 'replay',
        })),
      );
  }
}

/** What a call has stored, as a reader would find it. */
function recordedOf(batch: readonly Pending[], outcomes: readonly Outcome[]): readonly RecordedEvent[] {
  const requests = batch.flatMap((pending) => pending.requests);
  return requests.flatMap((request, index) => {
    const answer = outcomes[index];
    return answer?.outcome === 'ok' ? recordedOfRequest(request, answer) : [];
  });
}

function recordedOfRequest(
  { stream, events }: AppendRequest,
  { revision, position, recordedAt }: Outcome,
): RecordedEvent[] {
  const before = BigInt(events.length - 1);
  const firstRevision = revision - before;
  const firstPosition = BigInt(position ?? 0) - before;
  return events.map(({ id, type, contentType, data, metadata }, n) => ({
    ...{ stream, revision: firstRevision + BigInt(n), position: String(firstPosition + BigInt(n)) as Position },
    ...{ id: id.toLowerCase(), type, contentType, data: bufferOf(data), recordedAt: new Date(recordedAt) },
    ...(metadata && { metadata: bufferOf(metadata) }),
  }));
}

/** The same bytes as a Buffer, which is what readers give. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** undefined for what was stored, and for a request whose atomic neighbour is the one to blame. */
function refusalOf({ stream, expected }: AppendRequest, answer: Outcome | undefined): Error | undefined {
  if (!answer) return new Error(`es.append gave no answer for "${stream}": this is a defect of the event store.`);
  switch (answer.outcome) {
    case 'ok':
    case 'replay':
    case 'aborted':
      return undefined;
    case 'tombstoned':
      return new StreamDeleted(stream);
    case 'wrong':
      return new WrongExpectedVersion(stream, expected, answer.revision < 0n ? 'noStream' : answer.revision);
    default:
      return new Error(`es.append answered ${answer.outcome} for "${stream}": this is a defect of the event store.`);
  }
}
