/**
 * The log of the in-process server: the rules of KurrentDB's writer and index reader, as its published source has them,
 * without its files. Where it differs from the Postgres adapter it differs on purpose, so that the adapter has to cope.
 */
import { randomUUID } from 'node:crypto';

export type ExpectedState = bigint | 'any' | 'noStream' | 'streamExists';

export interface ProposedRecord {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface LogRecord extends ProposedRecord {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly created: Date;
}

export type WriteOutcome =
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrongVersion'; readonly actual: bigint | undefined }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'tooLarge' };

/** The revision that a tombstone has, and `$tb` of a stream that is deleted softly: the largest of its 64 bits. */
export const DELETED = 2n ** 63n - 1n;

/** Bytes of one append that servers up to 24.10 take: data, metadata, and two bytes for each character of a type. */
export const SERVER_APPEND_LIMIT = 1_048_576;

/** What a server has in its log before any user came. */
const OWN_RECORDS: readonly [string, string][] = [
  ['$$$settings', '$metadata'],
  ['$users', '$UserCreated'],
  ['$ce-case', '$>'],
];

interface Rules {
  readonly $maxCount?: number;
  readonly $maxAge?: number;
  /** As text: JSON.parse would round the largest. */
  readonly truncateBefore: bigint;
}

export class MemoryLog {
  readonly records: LogRecord[] = [];
  private readonly streams = new Map<string, LogRecord[]>();
  private readonly tombstones = new Set<string>();
  /** Ids written since the server started. Lost by a restart: then `any` no longer recognises a repetition. */
  private recentIds = new Map<string, LogRecord>();
  private readonly watchers = new Set<() => void>();
  private end = 0n;

  constructor() {
    for (const [stream, type] of OWN_RECORDS) this.write(stream, [record(type, '{}')]);
  }

  forgetRecentIds(): void {
    this.recentIds = new Map();
  }

  /** Calls `watcher` after every write until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  append(stream: string, expected: ExpectedState, proposed: readonly ProposedRecord[]): WriteOutcome {
    const size = proposed.reduce((sum, one) => sum + one.data.length + one.metadata.length + 2 * one.type.length, 0);
    if (size > SERVER_APPEND_LIMIT) return { kind: 'tooLarge' };
    const last = this.last(stream);
    if (this.isTombstoned(stream)) return { kind: 'deleted' };
    const repeated = this.repetition(stream, expected, proposed);
    if (repeated) return repeated;
    const deleted = this.isSoftDeleted(stream);
    if (expected === 'streamExists' && deleted) return { kind: 'deleted' };
    const fits = {
      any: true,
      noStream: last === undefined || deleted,
      streamExists: last !== undefined || this.last(`$$${stream}`) !== undefined,
    };
    if (typeof expected === 'bigint' ? expected !== last : !fits[expected])
      return { kind: 'wrongVersion', actual: last };
    if (deleted) this.setTruncateBefore(stream, (last ?? -1n) + 1n);
    return this.write(stream, proposed);
  }

  /** A soft delete replaces the stream's metadata by `$tb`; a hard one writes a last record. */
  delete(stream: string, expected: ExpectedState, forEver: boolean): WriteOutcome {
    const last = this.last(stream);
    if (this.isTombstoned(stream)) return { kind: 'deleted' };
    const deleted = this.isSoftDeleted(stream);
    const absent = last === undefined || (expected === 'noStream' && deleted);
    const fits = expected === 'any' || (expected === 'noStream' ? absent : expected === last);
    if (!fits) return { kind: 'wrongVersion', actual: last };
    if (forEver) {
      const written = this.write(stream, [record('$streamDeleted', '')], DELETED);
      this.tombstones.add(stream);
      return written;
    }
    return this.write(`$$${stream}`, [record('$metadata', `{"$tb":${DELETED}}`)]);
  }

  isTombstoned(stream: string): boolean {
    return this.tombstones.has(stream.startsWith('$$') ? stream.slice(2) : stream);
  }

  /** What a read of the stream may give, oldest first; undefined where the server says that there is no stream. */
  visible(stream: string): readonly LogRecord[] | undefined {
    const events = this.streams.get(stream);
    if (!events || this.isSoftDeleted(stream)) return undefined;
    const { $maxAge, $maxCount, truncateBefore } = this.rules(stream);
    const counted = $maxCount === undefined ? 0n : BigInt(events.length - $maxCount);
    const oldest = $maxAge === undefined ? -Infinity : Date.now() - $maxAge * 1000;
    return events.filter((e) => e.revision >= truncateBefore && e.revision >= counted && +e.created > oldest);
  }

  private last(stream: string): bigint | undefined {
    return this.streams.get(stream)?.at(-1)?.revision;
  }

  private isSoftDeleted(stream: string): boolean {
    return this.rules(stream).truncateBefore === DELETED;
  }

  private rules(stream: string): Rules {
    if (stream.startsWith('$$')) return { $maxCount: 1, truncateBefore: 0n };
    const text = Buffer.from(this.streams.get(`$$${stream}`)?.at(-1)?.data ?? '{}').toString();
    const limits = JSON.parse(text) as { $maxCount?: number; $maxAge?: number };
    return { ...limits, truncateBefore: BigInt(/"\$tb":(\d+)/.exec(text)?.[1] ?? 0) };
  }

  /** Keeps what else the metadata says, as the server does when it revives a stream. */
  private setTruncateBefore(stream: string, revision: bigint): void {
    const text = Buffer.from(this.streams.get(`$$${stream}`)?.at(-1)?.data ?? '{}').toString();
    const kept = { ...(JSON.parse(text) as object), $tb: Number(revision) };
    this.write(`$$${stream}`, [record('$metadata', JSON.stringify(kept))]);
  }

  /** The server's own idempotency: exact for a revision and `noStream`, by its memory of recent ids for the others. */
  private repetition(
    stream: string,
    expected: ExpectedState,
    proposed: readonly ProposedRecord[],
  ): WriteOutcome | undefined {
    const weak = expected === 'any' || expected === 'streamExists';
    const events = this.streams.get(stream) ?? [];
    const first = expected === 'noStream' ? 0 : weak ? 0 : Number(expected) + 1;
    const found = proposed.map((one, n) => {
      const at = weak ? this.recentIds.get(`${stream} ${one.id}`) : events[first + n];
      return at?.id === one.id ? at : undefined;
    });
    if (found[0] === undefined) return undefined;
    const last = found.at(-1);
    if (last === undefined || found.includes(undefined))
      return { kind: 'wrongVersion', actual: events.at(-1)?.revision };
    return { kind: 'written', revision: last.revision, position: last.position };
  }

  private write(stream: string, proposed: readonly ProposedRecord[], at?: bigint): WriteOutcome & { kind: 'written' } {
    let events = this.streams.get(stream);
    if (!events) this.streams.set(stream, (events = []));
    let revision = -1n;
    for (const one of proposed) {
      // Positions are offsets in a file: far apart, and never by the same distance.
      this.end += BigInt(128 + one.data.length + stream.length);
      revision = at ?? BigInt(events.length);
      const written = { ...one, stream, revision, position: this.end, created: new Date() };
      if (at === undefined) events.push(written);
      this.records.push(written);
      this.recentIds.set(`${stream} ${one.id}`, written);
    }
    for (const watcher of this.watchers) watcher();
    return { kind: 'written', revision, position: this.end };
  }
}

function record(type: string, json: string): ProposedRecord {
  const data = Buffer.from(json);
  return { id: randomUUID(), type, contentType: 'application/json', data, metadata: new Uint8Array() };
}
