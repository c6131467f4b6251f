import { randomUUID } from 'node:crypto';
import { InvalidArgument, Unavailable } from '../errors.js';
import type {
  AppendResult,
  EventStore,
  Expected,
  ImportedEvent,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StreamInfo,
  StreamMetadata,
  StreamState,
  SubscribeOptions,
  SubscribeStreamOptions,
  SubscriptionItem,
} from '../event-store.js';
import {
  checkAppend,
  checkFilter,
  checkRevision,
  checkStreamName,
  MAX_APPEND_BYTES,
  MAX_EVENT_BYTES,
  shareOf,
} from '../validation.js';
import { Appender } from './appender.js';
import { Connection } from './connection.js';
import { parseConnectionString } from './connection-string.js';
import { Importer } from './importer.js';
import { comparePositions, formatPosition, parsePosition } from './log-position.js';
import { Reader } from './reader.js';
import { StreamLifecycle } from './stream-lifecycle.js';
import { follow, LogCursor, StreamCursor, type Cursor } from './subscription.js';

/** Never has an event: the metadata of this stream, which no reader of the log sees, names the log. */
const IDENTITY_STREAM = 'palimpsest-identity';

export interface KurrentDbEventStoreOptions {
  /** kurrentdb://, kurrentdb+discover://, esdb:// or esdb+discover://, as the server's documentation has it. */
  readonly connectionString: string;
  /** Milliseconds that an append or a read is retried through trouble before Unavailable. Default 10,000. */
  readonly unavailableAfterMs?: number;
  /** Events that may wait for one subscriber before it falls behind. Default 1000; never more than 4 MiB. */
  readonly maxWaitingEvents?: number;
}

/**
 * An event store in KurrentDB (EventStoreDB, from 20.6). Loads the client and connects when it is first used; `close` it to
 * let the process end. Throws InvalidArgument for a connection string that cannot be read.
 */
export function createKurrentDbEventStore(options: KurrentDbEventStoreOptions): EventStore {
  return new KurrentDbEventStore(options);
}

class KurrentDbEventStore implements EventStore {
  readonly limits = {
    maxAppendBytes: MAX_APPEND_BYTES,
    maxEventBytes: MAX_EVENT_BYTES,
    atomicMultiStream: false, // servers from 25.1 could, older ones cannot
  } as const;

  private readonly connection: Connection;
  private readonly reader: Reader;
  private readonly appender: Appender;
  private readonly lifecycle: StreamLifecycle;
  private readonly importer: Importer;
  private readonly maxWaitingEvents: number | undefined;
  private closed: Promise<void> | undefined;

  constructor({ connectionString, unavailableAfterMs = 10_000, maxWaitingEvents }: KurrentDbEventStoreOptions) {
    this.connection = new Connection(parseConnectionString(connectionString), unavailableAfterMs);
    this.appender = new Appender(this.connection, () => this.reader);
    this.reader = new Reader(this.connection, (position) => this.appender.saw(position));
    this.lifecycle = new StreamLifecycle(this.connection, this.reader, this.appender);
    this.importer = new Importer(this.appender);
    this.maxWaitingEvents = maxWaitingEvents;
  }

  async append(
    stream: string,
    events: readonly NewEvent[],
    { expected, signal }: { readonly expected: Expected; readonly signal?: AbortSignal },
  ): Promise<AppendResult> {
    const request = { stream, expected, events: [...events] };
    checkAppend(request);
    return this.appender.append(request, signal);
  }

  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<RecordedEvent> {
    return this.whileOpen(this.reader.readStream(stream, options));
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<RecordedEvent> {
    return this.whileOpen(this.reader.readAll(options));
  }

  subscribe({ after, filter, gatherMs, signal }: SubscribeOptions): AsyncIterable<SubscriptionItem> {
    checkFilter(filter);
    const place = after === 'start' ? 'start' : after === 'end' ? 'end' : parsePosition(after as Position);
    return this.follow(new LogCursor(this.reader, place, filter), signal, gatherMs);
  }

  subscribeStream(stream: string, { after, signal }: SubscribeStreamOptions): AsyncIterable<SubscriptionItem> {
    checkStreamName(stream);
    if (typeof after === 'bigint') checkRevision(after);
    return this.follow(new StreamCursor(this.reader, stream, after), signal);
  }

  async streamInfo(stream: string): Promise<StreamInfo> {
    this.connection.checkOpen();
    return this.lifecycle.info(stream);
  }

  async setStreamMetadata(stream: string, metadata: StreamMetadata, expectedMetadata: Expected): Promise<void> {
    this.connection.checkOpen();
    if (stream === IDENTITY_STREAM)
      throw new InvalidArgument(`The metadata of "${stream}" names this log: choose another stream name.`);
    return this.lifecycle.setMetadata(stream, metadata, expectedMetadata);
  }

  async delete(stream: string, expected: Expected): Promise<void> {
    return this.remove(stream, expected, false);
  }

  async tombstone(stream: string, expected: Expected): Promise<void> {
    return this.remove(stream, expected, true);
  }

  streamStates(): AsyncIterable<StreamState> {
    return this.whileOpen(this.states());
  }

  importEvents(events: readonly ImportedEvent[]): Promise<void> {
    return this.importer.importEvents(events);
  }

  async head(): Promise<Position | undefined> {
    this.connection.checkOpen();
    const head = await this.reader.head();
    return head && formatPosition(head);
  }

  comparePositions(a: Position, b: Position): number {
    return comparePositions(parsePosition(a), parsePosition(b));
  }

  shareOfLog(part: Position, whole: Position): number {
    return shareOf(parsePosition(part).commit, parsePosition(whole).commit);
  }

  /**
   * The server has no name for its log, so the first store that asks writes one. A restored backup brings the old name
   * along; replace the metadata of `palimpsest-identity` after a restore, so that checkpoints are void.
   */
  async identity(): Promise<string> {
    this.connection.checkOpen();
    const known = await this.knownIdentity();
    if (known !== undefined) return known;
    // Two stores may be the first: the server lets one win, and both read what is there.
    await this.lifecycle
      .setMetadata(IDENTITY_STREAM, { custom: { identity: randomUUID() } }, 'noStream')
      .catch((error) => {
        if ((error as { readonly code?: unknown }).code !== 'WrongExpectedVersion') throw error;
      });
    const written = await this.knownIdentity();
    if (written === undefined)
      throw new Unavailable(`The metadata of "${IDENTITY_STREAM}", which names this log, holds no name.`);
    return written;
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async *states(): AsyncGenerator<StreamState> {
    for await (const stream of this.reader.altered()) {
      if (stream === IDENTITY_STREAM) continue;
      const { deleted, tombstoned, metadata } = await this.lifecycle.info(stream);
      yield { stream, deleted, tombstoned, metadata };
    }
  }

  private async knownIdentity(): Promise<string | undefined> {
    const { metadata } = await this.lifecycle.info(IDENTITY_STREAM);
    const identity = metadata.custom?.['identity'];
    return typeof identity === 'string' ? identity : undefined;
  }

  private async remove(stream: string, expected: Expected, forEver: boolean): Promise<void> {
    this.connection.checkOpen();
    if (stream === IDENTITY_STREAM)
      throw new InvalidArgument(`The metadata of "${stream}" names this log: it cannot be deleted.`);
    return this.lifecycle.delete(stream, expected, forEver);
  }

  private async *whileOpen<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    this.connection.checkOpen();
    yield* items;
  }

  private follow(cursor: Cursor, signal: AbortSignal, gatherMs = 0): AsyncIterable<SubscriptionItem> {
    const ended = AbortSignal.any([signal, this.connection.closing.signal]);
    return follow(cursor, this.connection, ended, { maxWaitingEvents: this.maxWaitingEvents, gatherMs });
  }

  private async shutDown(): Promise<void> {
    this.connection.closing.abort();
    await this.appender.settled();
    await this.connection.close();
  }
}
