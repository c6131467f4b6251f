import type pg from 'pg';
import { InvalidArgument } from '../errors.js';
import type {
  AppendRequest,
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
  checkAppendBytes,
  checkFilter,
  checkRevision,
  checkStreamName,
  MAX_APPEND_BYTES,
  MAX_EVENT_BYTES,
  parsePosition,
  shareOf,
} from '../validation.js';
import { MAX_BATCH_REQUESTS } from './append-batch.js';
import { Committer } from './committer.js';
import { Importer } from './importer.js';
import { KeptMetadata } from './kept-metadata.js';
import { LogReader } from './log-reader.js';
import { ReadPool } from './read-pool.js';
import { StreamLifecycle } from './stream-lifecycle.js';
import { StreamReader } from './stream-reader.js';
import { follow, LogCursor, StreamCursor, type Cursor } from './subscription.js';
import { Tailer } from './tailer.js';

export interface PostgresEventStoreOptions {
  /** Database with the schema of `migratePostgresEventStore`. PostgreSQL 15 or newer. */
  readonly connectionString: string;
  /** Shown in pg_stat_activity, followed by what the connection is for. Default `palimpsest`. */
  readonly applicationName?: string;
  /** Milliseconds between two looks at the log without a notification. Default 1000. */
  readonly pollIntervalMs?: number;
  /** Connections for reading, beside one that appends and one that listens. Default 4. */
  readonly readConnections?: number;
  /** Milliseconds that an append or a read retries through lost connections before Unavailable. Default 10,000. */
  readonly unavailableAfterMs?: number;
  /** Events that may wait for one subscriber before it falls behind. Default 1000; never more than 4 MiB. */
  readonly maxWaitingEvents?: number;
}

/**
 * An event store in Postgres. Connects when it is first used and again whenever a connection is lost; `close` it to let
 * the process end. The events that subscriptions of one store yield share their bytes: do not change them.
 */
export function createPostgresEventStore(options: PostgresEventStoreOptions): PostgresEventStore {
  return new PostgresEventStore(options);
}

/** The port, with `appendMany`. Made by `createPostgresEventStore`. */
export class PostgresEventStore implements EventStore {
  readonly limits = {
    maxAppendBytes: MAX_APPEND_BYTES,
    maxEventBytes: MAX_EVENT_BYTES,
    atomicMultiStream: true,
  } as const;

  private readonly pool: ReadPool;
  private readonly log: LogReader;
  private readonly streams: StreamReader;
  private readonly lifecycle: StreamLifecycle;
  private readonly importer: Importer;
  private readonly committer: Committer;
  private readonly tailer: Tailer;
  private readonly closing = new AbortController();
  private readonly maxWaitingEvents: number | undefined;
  private closed: Promise<void> | undefined;

  constructor(options: PostgresEventStoreOptions) {
    const { unavailableAfterMs = 10_000, pollIntervalMs = 1000, readConnections = 4 } = options;
    this.pool = new ReadPool({ ...connectionConfig(options, 'read'), max: readConnections }, unavailableAfterMs);
    const kept = new KeptMetadata();
    this.log = new LogReader(this.pool, kept);
    this.streams = new StreamReader(this.pool, kept);
    this.lifecycle = new StreamLifecycle(this.pool);
    this.importer = new Importer(this.pool);
    this.tailer = new Tailer(connectionConfig(options, 'listen'), this.log, pollIntervalMs);
    this.committer = new Committer(connectionConfig(options, 'append'), unavailableAfterMs, this.tailer);
    this.maxWaitingEvents = options.maxWaitingEvents;
  }

  async append(
    stream: string,
    events: readonly NewEvent[],
    { expected, signal }: { readonly expected: Expected; readonly signal?: AbortSignal },
  ): Promise<AppendResult> {
    const request = { stream, expected, events: [...events] };
    const bytes = checkAppend(request);
    const [result] = await this.committer.submit([request], bytes, false, signal);
    return result as AppendResult;
  }

  async appendMany(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    if (requests.length === 0) return [];
    if (requests.length > MAX_BATCH_REQUESTS)
      throw new InvalidArgument(
        `${requests.length} streams in one atomic append: at most ${MAX_BATCH_REQUESTS} are possible.`,
      );
    if (new Set(requests.map(({ stream }) => stream)).size < requests.length)
      throw new InvalidArgument('A stream occurs twice in one atomic append: put its events into one request.');
    const bytes = requests.reduce((sum, request) => sum + checkAppend(request), 0);
    checkAppendBytes(bytes);
    return this.committer.submit(requests, bytes, true);
  }

  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<RecordedEvent> {
    return this.streams.read(stream, options);
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<RecordedEvent> {
    return this.log.read(options);
  }

  subscribe({ after, filter, gatherMs, signal }: SubscribeOptions): AsyncIterable<SubscriptionItem> {
    checkFilter(filter);
    const place = after === 'start' ? 0n : after === 'end' ? 'end' : parsePosition(after);
    const bounds = { maxWaitingEvents: this.maxWaitingEvents, gatherMs };
    return this.follow(new LogCursor(this.log, place, filter, bounds), signal);
  }

  subscribeStream(stream: string, { after, signal }: SubscribeStreamOptions): AsyncIterable<SubscriptionItem> {
    checkStreamName(stream);
    if (typeof after === 'bigint') checkRevision(after);
    const place = after === 'start' ? -1n : after;
    return this.follow(new StreamCursor(this.streams, stream, place, this.maxWaitingEvents), signal);
  }

  streamInfo(stream: string): Promise<StreamInfo> {
    return this.lifecycle.info(stream);
  }

  setStreamMetadata(stream: string, metadata: StreamMetadata, expectedMetadata: Expected): Promise<void> {
    return this.lifecycle.setMetadata(stream, metadata, expectedMetadata);
  }

  delete(stream: string, expected: Expected): Promise<void> {
    return this.lifecycle.delete(stream, expected, false);
  }

  tombstone(stream: string, expected: Expected): Promise<void> {
    return this.lifecycle.delete(stream, expected, true);
  }

  streamStates(): AsyncIterable<StreamState> {
    return this.importer.states();
  }

  importEvents(events: readonly ImportedEvent[]): Promise<void> {
    return this.importer.importEvents(events);
  }

  async head(): Promise<Position | undefined> {
    const head = await this.log.head();
    return head === 0n ? undefined : (head.toString() as Position);
  }

  comparePositions(a: Position, b: Position): number {
    const difference = parsePosition(a) - parsePosition(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  shareOfLog(part: Position, whole: Position): number {
    return shareOf(parsePosition(part), parsePosition(whole));
  }

  identity(): Promise<string> {
    return this.log.epoch();
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private follow(cursor: Cursor, signal: AbortSignal): AsyncIterable<SubscriptionItem> {
    return follow(cursor, this.tailer, AbortSignal.any([signal, this.closing.signal]));
  }

  private async shutDown(): Promise<void> {
    this.closing.abort();
    await this.committer.close();
    await this.tailer.close();
    await this.pool.close();
  }
}

function connectionConfig(options: PostgresEventStoreOptions, purpose: string): pg.ClientConfig {
  return {
    connectionString: options.connectionString,
    application_name: `${options.applicationName ?? 'palimpsest'} ${purpose}`,
    connectionTimeoutMillis: 5_000,
  };
}
