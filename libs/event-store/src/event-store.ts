/**
 * The port to the event log.
 *
 * Words: a *stream* is an ordered list of events under one name; a *revision* counts an event's place in its stream from 0;
 * a *position* is its place in the whole log, opaque, to be compared only by `comparePositions` of the same store.
 */
declare const opaque: unique symbol;

/** A place in the whole log. Opaque: its text differs between adapters. Safe to store and to send. */
export type Position = string & { readonly [opaque]: 'position' };

/** What the writer believes of the stream: its last revision, or one of three weaker statements. */
export type Expected = bigint | 'any' | 'noStream' | 'streamExists';

export interface NewEvent {
  /** UUID. The same id appended again to the same stream at the same place is a retry, not a second event. */
  readonly id: string;
  readonly type: string;
  readonly contentType: 'json' | 'binary';
  readonly data: Uint8Array;
  readonly metadata?: Uint8Array;
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: Position;
  readonly recordedAt: Date;
}

export interface AppendResult {
  /** Revision of the last event appended. */
  readonly revision: bigint;
  /** Position of the last event appended. */
  readonly position: Position;
  /** True when exactly these events were there already (a retry): nothing was written. */
  readonly replayed: boolean;
}

export interface AppendRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly NewEvent[];
}

/** Which events of the whole log to give; the parts are combined with "and", the entries of a part with "or". */
export interface Filter {
  readonly streamPrefixes?: readonly string[];
  readonly typePrefixes?: readonly string[];
}

export interface ReadStreamOptions {
  /** First revision to give (inclusive). Default `'start'` forwards, `'end'` backwards. */
  readonly from?: bigint | 'start' | 'end';
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface ReadAllOptions {
  /** Exclusive lower bound. */
  readonly after?: Position;
  /** Exclusive upper bound. */
  readonly before?: Position;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
  readonly filter?: Filter;
  readonly signal?: AbortSignal;
}

/**
 * What a subscription yields. `caughtUp` follows the last event of history; `fellBehind` says that the consumer was too
 * slow for its buffer and is fed from history again (nothing is lost); `checkpoint` is a position up to which everything
 * that the filter lets through has been yielded.
 */
export type SubscriptionItem =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'fellBehind' }
  | { readonly kind: 'checkpoint'; readonly position: Position };

export interface SubscribeOptions {
  /** Exclusive. `'end'` gives only what is appended from now on. */
  readonly after: Position | 'start' | 'end';
  readonly filter?: Filter;
  /**
   * Milliseconds for which live events may be held back, so that more of them come together: each time that a consumer is
   * woken costs more than an event. Default 0.
   */
  readonly gatherMs?: number;
  readonly signal: AbortSignal;
}

export interface SubscribeStreamOptions {
  /** Exclusive revision. A stream that does not exist yet may be subscribed to. */
  readonly after: bigint | 'start' | 'end';
  readonly signal: AbortSignal;
}

export interface StreamMetadata {
  readonly maxCount?: number;
  readonly maxAgeSeconds?: number;
  readonly truncateBefore?: bigint;
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface StreamInfo {
  readonly exists: boolean;
  /** Last revision, also of a soft-deleted stream; undefined if nothing was ever appended. */
  readonly revision: bigint | undefined;
  readonly deleted: boolean;
  readonly tombstoned: boolean;
  readonly metadata: StreamMetadata;
  readonly metadataRevision: bigint | undefined;
}

/** An event as another log recorded it. */
export type ImportedEvent = Omit<RecordedEvent, 'position'>;

/** What a log keeps of a stream beside its events, where that is not nothing. */
export interface StreamState {
  readonly stream: string;
  /** Softly, and not revived since. */
  readonly deleted: boolean;
  readonly tombstoned: boolean;
  /** Of a stream that was deleted and revived, `truncateBefore` says with which revision its present life begins. */
  readonly metadata: StreamMetadata;
}

export interface EventStore {
  readonly limits: {
    /** Most bytes of data and metadata in one append. */
    readonly maxAppendBytes: number;
    /** Most bytes of data and metadata of one event. */
    readonly maxEventBytes: number;
    readonly atomicMultiStream: boolean;
  };

  /**
   * Appends all of the events or none. Resolves when they are durable.
   * Throws WrongExpectedVersion, StreamDeleted, AppendTooLarge, InvalidArgument, Unavailable (retry with the same ids).
   * An abort before the request was sent rejects; afterwards the append may still happen.
   */
  append(
    stream: string,
    events: readonly NewEvent[],
    options: { readonly expected: Expected; readonly signal?: AbortSignal },
  ): Promise<AppendResult>;

  /** Several streams, all or nothing; only where `limits.atomicMultiStream`. */
  appendMany?(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]>;

  /** Throws StreamNotFound (also for a soft-deleted stream) and StreamDeleted (tombstoned). */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>;

  /** Events of users only: nothing that an adapter keeps for itself. */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /** Never ends by itself; ends within a second of the abort, without an error. Survives restarts of the server. */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionItem>;
  subscribeStream(stream: string, options: SubscribeStreamOptions): AsyncIterable<SubscriptionItem>;

  streamInfo(stream: string): Promise<StreamInfo>;
  setStreamMetadata(stream: string, metadata: StreamMetadata, expectedMetadata: Expected): Promise<void>;
  /** Soft delete: reads say StreamNotFound, an append continues the numbering. */
  delete(stream: string, expected: Expected): Promise<void>;
  /** For ever: reads and appends throw StreamDeleted. */
  tombstone(stream: string, expected: Expected): Promise<void>;

  /** Every stream that has metadata, or was deleted, revived or tombstoned, once; in no order. */
  streamStates(): AsyncIterable<StreamState>;
  /**
   * Writes what another log recorded, in the order given, with its ids, revisions and times: to restore an archive, not for
   * applications (in Postgres only the owner of the schema may). What is stored of a call is a beginning of it; repeating
   * the call stores the rest. Throws WrongExpectedVersion for an event that does not continue its stream, StreamDeleted,
   * AppendTooLarge, InvalidArgument, Unavailable (repeat).
   */
  importEvents(events: readonly ImportedEvent[]): Promise<void>;

  /** Position of the newest event, undefined for an empty log. */
  head(): Promise<Position | undefined>;
  /** Negative, zero or positive, as for Array.prototype.sort. */
  comparePositions(a: Position, b: Position): number;
  /** Roughly which part of the log up to `whole` lies at or before `part`: from 0 to 1, for progress figures only. */
  shareOfLog(part: Position, whole: Position): number;
  /** Identity of this log; another value than before means a restored or exchanged log, so checkpoints are void. */
  identity(): Promise<string>;
  /** Ends subscriptions, finishes appends under way, closes connections. */
  close(): Promise<void>;
}
