/**
 * Reads of streams and of the log.
 *
 * A read of the server goes on until it finds an end, wherever writers have moved that meanwhile. The port's reads end with
 * what was there when they began, so each first asks for the last event there is. When the connection is lost in the middle
 * a read goes on behind its last event.
 */
import { StreamDeleted, StreamNotFound } from '../errors.js';
import type { Filter, ReadAllOptions, ReadStreamOptions, RecordedEvent } from '../event-store.js';
import { matches } from '../filter.js';
import { checkFilter, checkLimit, checkRevision, checkStreamName } from '../validation.js';
import type { Connection } from './connection.js';
import { decodeEvent } from './event-codec.js';
import { comparePositions, parsePosition, positionOf, type LogPosition } from './log-position.js';
import type { ReadResp } from './protocol.js';
import { logRequest, streamRequest, type Build } from './read-request.js';
import { troubleOf } from './server-trouble.js';

/** As many as there are: the largest count of the protocol's JavaScript. */
const ALL = Number.MAX_SAFE_INTEGER;
/** Revisions from here on are asked for as this one: the server adds a page's size to them, in 64 bits. */
const HIGHEST_REVISION = 2n ** 62n;

/** How a stream looks to its readers. 'empty': it exists, and its metadata hides all of its events. */
export type Visible = 'missing' | 'tombstoned' | 'empty' | { readonly last: RecordedEvent };

export class Reader {
  constructor(
    private readonly connection: Connection,
    /** Told of every position that comes by. */
    private readonly seen: (position: LogPosition) => void,
  ) {}

  async *readStream(stream: string, options: ReadStreamOptions): AsyncGenerator<RecordedEvent> {
    const { direction = 'forwards', limit = ALL, signal } = options;
    checkStreamName(stream);
    checkLimit(options.limit);
    if (typeof options.from === 'bigint') checkRevision(options.from);
    const visible = await this.visible(stream, signal);
    if (visible === 'tombstoned') throw new StreamDeleted(stream);
    if (visible === 'missing') throw new StreamNotFound(stream);
    if (visible === 'empty') return;
    const forwards = direction === 'forwards';
    const from = firstRevision(options, visible.last.revision);
    if (forwards && from > visible.last.revision) return;
    const step = forwards ? 1n : -1n;
    yield* this.range(stream, from, step, limit, visible.last.revision, signal);
  }

  /** Visible events after a revision, up to the last one of now. Throws StreamDeleted. */
  async *streamHistory(stream: string, after: bigint, signal: AbortSignal): AsyncGenerator<RecordedEvent> {
    const visible = await this.visible(stream, signal);
    if (visible === 'tombstoned') throw new StreamDeleted(stream);
    if (typeof visible === 'string' || visible.last.revision <= after) return;
    yield* this.range(stream, after + 1n, 1n, ALL, visible.last.revision, signal);
  }

  async visible(stream: string, signal?: AbortSignal): Promise<Visible> {
    return this.connection.retrying(
      async () => {
        try {
          for await (const answer of this.connection.read(backwards(stream, 1), signal)) {
            if (answer.hasStreamNotFound()) return 'missing';
            const last = this.decode(answer);
            if (last) return { last };
          }
          return 'empty';
        } catch (error) {
          if (troubleOf(error) === 'notFound') return 'missing';
          if (troubleOf(error) === 'deleted') return 'tombstoned';
          throw error;
        }
      },
      stream,
      signal,
    );
  }

  /** The last event of a stream of the server's own, such as `$$` metadata, undecoded. */
  async lastRaw(stream: string): Promise<ReadResp.ReadEvent.RecordedEvent | 'missing' | 'tombstoned'> {
    return this.connection.retrying(async () => {
      try {
        for await (const answer of this.connection.read(backwards(stream, 1))) {
          const recorded = answer.getEvent()?.getEvent();
          if (recorded) return recorded;
        }
      } catch (error) {
        if (troubleOf(error) === 'deleted') return 'tombstoned';
        if (troubleOf(error) !== 'notFound') throw error;
      }
      return 'missing';
    }, stream);
  }

  /** The log as it is when the reading begins. */
  async *readAll(options: ReadAllOptions): AsyncGenerator<RecordedEvent> {
    const { direction = 'forwards', limit = ALL, filter, signal } = options;
    checkLimit(options.limit);
    checkFilter(filter);
    const after = options.after === undefined ? undefined : parsePosition(options.after);
    const before = options.before === undefined ? undefined : parsePosition(options.before);
    signal?.throwIfAborted();
    if (limit === 0) return;
    let left = limit;
    for await (const event of direction === 'forwards'
      ? this.logForwards(after, before, filter, signal)
      : this.logBackwards(after, before, filter, signal)) {
      signal?.throwIfAborted();
      yield event;
      if (--left === 0) return;
    }
  }

  /** Position of the newest event of a user. */
  async head(signal?: AbortSignal): Promise<LogPosition | undefined> {
    for await (const event of this.logBackwards(undefined, undefined, undefined, signal))
      return parsePosition(event.position);
    return undefined;
  }

  /** Events after a position and before another, up to the newest one of now. */
  async *logForwards(
    after: LogPosition | undefined,
    before: LogPosition | undefined,
    filter: Filter | undefined,
    signal?: AbortSignal,
  ): AsyncGenerator<RecordedEvent> {
    const head = await this.head(signal);
    if (!head || (after && comparePositions(after, head) >= 0)) return;
    const behind = (at: LogPosition) => comparePositions(at, head) > 0 || (before && comparePositions(at, before) >= 0);
    let place = after;
    // A forwards read of the server includes the position that it is given.
    for await (const event of this.persistent(() => logRequest(place ?? 'start', filter, { count: ALL }), signal)) {
      const at = parsePosition(event.position);
      if (place && comparePositions(at, place) <= 0) continue;
      if (behind(at)) return;
      place = at;
      if (matches(filter, event)) yield event;
      if (comparePositions(at, head) === 0) return;
    }
  }

  private async *logBackwards(
    after: LogPosition | undefined,
    before: LogPosition | undefined,
    filter: Filter | undefined,
    signal?: AbortSignal,
  ): AsyncGenerator<RecordedEvent> {
    let place = before;
    const request = () => logRequest(place ?? 'end', filter, { count: ALL, direction: 'backwards' });
    for await (const event of this.persistent(request, signal)) {
      const at = parsePosition(event.position);
      if (place && comparePositions(at, place) >= 0) continue;
      if (after && comparePositions(at, after) <= 0) return;
      place = at;
      if (matches(filter, event)) yield event;
    }
  }

  /** Streams that have metadata, and those that were tombstoned: the server has no list of either, the log has. */
  async *altered(): AsyncGenerator<string> {
    const named = new Set<string>();
    for (const filter of [{ streamPrefixes: ['$$'] }, { typePrefixes: ['$streamDeleted'] }]) {
      for await (const name of this.streamsOf(filter)) {
        const stream = name.startsWith('$$') ? name.slice(2) : name;
        if (stream.startsWith('$') || named.has(stream)) continue;
        named.add(stream);
        yield stream;
      }
    }
  }

  /** Names of streams of the records that pass, also the server's own; repeated as often as they occur. */
  private async *streamsOf(filter: Filter): AsyncGenerator<string> {
    let place: LogPosition | undefined;
    const request = () => logRequest(place ?? 'start', filter, { count: ALL });
    for await (const answer of this.answers(request)) {
      const recorded = answer.getEvent()?.getEvent();
      if (!recorded) continue;
      place = positionOf(recorded.getCommitPosition(), recorded.getPreparePosition()) ?? place;
      yield Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
    }
  }

  /** The last revision before a stream's tombstone. The server keeps no index of it: this looks through the log. */
  async lastBeforeTombstone(stream: string): Promise<bigint | undefined> {
    const request = () => logRequest('end', undefined, { count: ALL, direction: 'backwards' }, stream);
    for await (const event of this.persistent(request)) return event.revision;
    return undefined;
  }

  private async *range(
    stream: string,
    from: bigint,
    step: 1n | -1n,
    limit: number,
    last: bigint,
    signal?: AbortSignal,
  ): AsyncGenerator<RecordedEvent> {
    let [next, left] = [from, limit];
    const direction = step > 0n ? 'forwards' : 'backwards';
    const request = () => streamRequest(stream, next, { count: left, direction });
    if (left === 0) return;
    for await (const event of this.persistent(request, signal, stream)) {
      signal?.throwIfAborted();
      if (step > 0n && event.revision > last) return;
      next = event.revision + step;
      left--;
      yield event;
      if (left === 0 || next < 0n || (step > 0n && next > last)) return;
    }
  }

  private async *persistent(
    request: () => Build,
    signal?: AbortSignal,
    stream?: string,
  ): AsyncGenerator<RecordedEvent> {
    for await (const answer of this.answers(request, signal, stream)) {
      const event = this.decode(answer);
      if (event) yield event;
    }
  }

  /** Opens the request again after a loss. The time allowed begins anew with each answer: a long read may lose many. */
  private async *answers(request: () => Build, signal?: AbortSignal, stream?: string): AsyncGenerator<ReadResp> {
    const allowed = this.connection.unavailableAfterMs;
    let deadline = performance.now() + allowed;
    for (let attempt = 0; ; attempt++) {
      try {
        for await (const answer of this.connection.read(request(), signal)) {
          yield answer;
          [attempt, deadline] = [0, performance.now() + allowed];
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        await this.connection.pauseOrThrow(error, attempt, deadline, stream);
      }
    }
  }

  private decode(answer: ReadResp): RecordedEvent | undefined {
    const message = answer.getEvent();
    const event = message && decodeEvent(message);
    if (event) this.seen(parsePosition(event.position));
    return event;
  }
}

function backwards(stream: string, count: number): Build {
  return streamRequest(stream, 'end', { count, direction: 'backwards' });
}

function firstRevision({ from, direction }: ReadStreamOptions, last: bigint): bigint {
  if (direction === 'backwards') {
    if (from === 'start') return 0n;
    return typeof from === 'bigint' && from < last ? from : last;
  }
  if (from === 'end') return last + 1n;
  return typeof from !== 'bigint' ? 0n : from < HIGHEST_REVISION ? from : HIGHEST_REVISION;
}
