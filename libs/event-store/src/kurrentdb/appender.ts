/**
 * Appends, and what becomes of them when the server does not answer.
 *
 * An attempt ends in one of four ways: written; refused by a rule; refused by its size; or not known, because the
 * connection or the server went away before the answer. The last is tried again with the same ids, for a bounded time, and
 * the server recognises a repetition: of an exact revision or `noStream` by its index, always; of `any` and `streamExists`
 * by its memory of recent ids only, which a restart empties. So before an append of the weak kind is tried again, this
 * looks for its ids at the end of the stream. And a WrongExpectedVersion that follows an unknown attempt may be due to that
 * very attempt: if exactly these ids lie where they would have been written, the answer is the success that was lost.
 *
 * The client writes all appends of a process to one call. Sixteen waiting messages fill its buffer, and if the call breaks
 * then, the client rejects promises that nobody holds, which ends the process. So fifteen are under way at most and the
 * others wait here, in order. Nor does the client settle an append whose call ends without an error: attempts are timed.
 */
import { randomUUID } from 'node:crypto';
import type { AppendStreamState, KurrentDBClient } from '@kurrent/kurrentdb-client';
import { AppendTooLarge, Unavailable, WrongExpectedVersion } from '../errors.js';
import type { AppendRequest, AppendResult, Expected, NewEvent, RecordedEvent } from '../event-store.js';
import { MAX_APPEND_BYTES } from '../validation.js';
import { AT_THE_LEADER, type Connection } from './connection.js';
import { encodeEvent, type WritableEvent } from './event-codec.js';
import { comparePositions, formatPosition, parsePosition, positionOf, type LogPosition } from './log-position.js';
import type { Reader } from './reader.js';
import { troubleOf } from './server-trouble.js';

const MAX_UNDER_WAY = 15;
/** Events at the end of a stream among which a lost append of the weak kind is looked for; as many as others may add meanwhile. */
const LOOK_BACK = 1000;

/** A revision that no stream has: an append that expects it is refused, and the refusal names the real one. */
const UNREACHABLE = 2n ** 62n;

type Attempt =
  | { readonly kind: 'written'; readonly revision: bigint; readonly position: LogPosition | undefined }
  | { readonly kind: 'wrongVersion'; readonly actual: bigint | 'noStream' }
  | { readonly kind: 'tooLarge' };

export class Appender {
  /** Newest position that this store has heard of. What is written later lies behind it, what is repeated does not. */
  private newest: LogPosition | undefined;
  private begun: Promise<void> | undefined;
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];
  private idle: (() => void) | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly reader: () => Reader,
  ) {}

  saw(position: LogPosition): void {
    if (!this.newest || comparePositions(position, this.newest) > 0) this.newest = position;
  }

  append(request: AppendRequest, signal?: AbortSignal): Promise<AppendResult> {
    return this.inTurn(async () => {
      signal?.throwIfAborted();
      this.begun ??= this.learnHead();
      await this.begun;
      signal?.throwIfAborted();
      return this.appendNow(request);
    });
  }

  /** Resolves when no append is under way or waiting. */
  async settled(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.idle = resolve));
  }

  /** What a stream's last revision is, also where reads say nothing of it. Never writes: no stream is that long. */
  probe(stream: string): Promise<bigint | 'noStream' | 'tombstoned'> {
    return this.inTurn(() => this.probeNow(stream));
  }

  /** An append to a stream of the server's own; without the checks and without `replayed`. */
  appendSystem(stream: string, event: SystemEvent, expected: Expected): Promise<bigint | 'noStream' | undefined> {
    const options = { ...AT_THE_LEADER, streamState: streamState(expected) };
    return this.inTurn(async () => {
      const answer = await this.connection.retrying(async () => {
        const client = await this.connection.client();
        return this.timed(client.appendToStream(stream, event, options));
      }, stream.slice(2));
      return answer.kind === 'wrongVersion' ? answer.actual : undefined;
    });
  }

  private async probeNow(stream: string): Promise<bigint | 'noStream' | 'tombstoned'> {
    const event: NewEvent = { id: randomUUID(), type: 'probe', contentType: 'binary', data: new Uint8Array() };
    try {
      const answer = await this.connection.retrying(() => this.attempt(stream, [event], UNREACHABLE));
      return answer.kind === 'wrongVersion' ? answer.actual : 'noStream';
    } catch (error) {
      if (codeOf(error) === 'StreamDeleted') return 'tombstoned';
      throw error;
    }
  }

  private async appendNow({ stream, expected, events }: AppendRequest): Promise<AppendResult> {
    const before = this.newest;
    const answer = await this.connection
      .retrying(async (attempt) => {
        const lost = attempt > 0 && isWeak(expected) ? await this.lookBack(stream, events) : undefined;
        const outcome = lost ?? (await this.attempt(stream, events, expected));
        // The revival of a deleted stream is known to the server only at the moment of its first repetition.
        if (outcome.kind === 'wrongVersion' && !isWeak(expected) && (attempt > 0 || expected === 'noStream'))
          return (await this.holds(stream, expected === 'noStream' ? 0n : BigInt(expected) + 1n, events)) ?? outcome;
        return outcome;
      }, stream)
      .catch((error: unknown) => this.afterRefusal(error, stream, expected));
    if (answer.kind === 'tooLarge') throw new AppendTooLarge('append', sizeOf(events), MAX_APPEND_BYTES);
    if (answer.kind === 'wrongVersion') throw new WrongExpectedVersion(stream, expected, answer.actual);
    return this.result(stream, expected, events, answer, before);
  }

  private async result(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
    { revision, position }: Attempt & { kind: 'written' },
    before: LogPosition | undefined,
  ): Promise<AppendResult> {
    const at = position ?? (await this.positionAt(stream, revision));
    const replayed = before !== undefined && comparePositions(at, before) <= 0;
    this.saw(at);
    // By its memory the server takes any order of known ids for a repetition; only the order in which they lie is one.
    if (replayed && isWeak(expected) && events.length > 1) {
      const first = revision - BigInt(events.length) + 1n;
      if (first < 0n || !(await this.holds(stream, first, events)))
        throw new WrongExpectedVersion(stream, expected, await this.lastRevision(stream));
    }
    return { revision, position: formatPosition(at), replayed };
  }

  /** `streamExists` on a deleted stream is refused as if it were a tombstone, which it is not. */
  private async afterRefusal(error: unknown, stream: string, expected: Expected): Promise<Attempt> {
    if (codeOf(error) !== 'StreamDeleted' || expected !== 'streamExists') throw error;
    if ((await this.reader().visible(stream)) === 'tombstoned') throw error;
    return { kind: 'wrongVersion', actual: 'noStream' };
  }

  private async attempt(stream: string, events: readonly WritableEvent[], expected: Expected): Promise<Attempt> {
    const client = await this.connection.client();
    return this.timed(
      client.appendToStream(stream, events.map(encodeEvent), { ...AT_THE_LEADER, streamState: streamState(expected) }),
    );
  }

  private async timed(appending: ReturnType<KurrentDBClient['appendToStream']>): Promise<Attempt> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      const say = () => reject(new Error('The server did not answer an append.'));
      timer = setTimeout(say, Math.max(200, this.connection.unavailableAfterMs / 3));
    });
    try {
      const { nextExpectedRevision: revision, position } = await Promise.race([appending, tooLong]);
      return { kind: 'written', revision, position: position && positionOf(position.commit, position.prepare) };
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === 'wrongVersion') return { kind: 'wrongVersion', actual: actualOf(error) };
      if (trouble === 'tooLarge') return { kind: 'tooLarge' };
      throw error;
    } finally {
      clearTimeout(timer);
      appending.catch(() => undefined); // if it is rejected after its time
    }
  }

  /** The success that an append had, if exactly its events lie from this revision on, or begin what can be read. */
  private async holds(stream: string, from: bigint, events: readonly NewEvent[]): Promise<Attempt | undefined> {
    const lying: RecordedEvent[] = [];
    try {
      for await (const one of this.reader().readStream(stream, { from, limit: events.length })) lying.push(one);
    } catch (error) {
      if (codeOf(error) !== 'StreamNotFound') throw error;
    }
    return success(lying, events);
  }

  private async lookBack(stream: string, events: readonly NewEvent[]): Promise<Attempt | undefined> {
    const lying: RecordedEvent[] = [];
    const options = { direction: 'backwards', limit: LOOK_BACK + events.length } as const;
    try {
      for await (const one of this.reader().readStream(stream, options)) lying.unshift(one);
    } catch (error) {
      if (codeOf(error) !== 'StreamNotFound') throw error;
    }
    const first = lying.findIndex(({ id }) => id === events[0]?.id.toLowerCase());
    return first < 0 ? undefined : success(lying.slice(first, first + events.length), events);
  }

  private async positionAt(stream: string, revision: bigint): Promise<LogPosition> {
    for await (const event of this.reader().readStream(stream, { from: revision, limit: 1 }))
      if (event.revision === revision) return parsePosition(event.position);
    throw new Unavailable(`The server did not tell the position of an append to "${stream}".`);
  }

  private async lastRevision(stream: string): Promise<bigint | 'noStream'> {
    const last = await this.probeNow(stream); // in this append's own turn: another might never come
    return last === 'tombstoned' ? 'noStream' : last;
  }

  private async learnHead(): Promise<void> {
    try {
      const head = await this.reader().head();
      if (head) this.saw(head);
      this.newest ??= { commit: 0n, prepare: 0n };
    } catch (error) {
      this.begun = undefined;
      throw error;
    }
  }

  /** Runs when fewer than fifteen others do, in the order of the calls. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.connection.checkOpen();
    this.underWay++;
    if (this.underWay > MAX_UNDER_WAY) await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.underWay--;
      this.waiting.shift()?.();
      if (this.underWay === 0) this.idle?.();
    }
  }
}

/** For the caller: an event that the port's checks would refuse. */
export type SystemEvent = Parameters<KurrentDBClient['appendToStream']>[1] & object;

function success(lying: readonly RecordedEvent[], events: readonly NewEvent[]): Attempt | undefined {
  const last = lying.at(-1);
  const same = lying.length === events.length && events.every((one, n) => one.id.toLowerCase() === lying[n]?.id);
  return same && last
    ? { kind: 'written', revision: last.revision, position: parsePosition(last.position) }
    : undefined;
}

function streamState(expected: Expected): AppendStreamState {
  if (expected === 'noStream') return 'no_stream';
  return expected === 'streamExists' ? 'stream_exists' : expected;
}

function isWeak(expected: Expected): expected is 'any' | 'streamExists' {
  return expected === 'any' || expected === 'streamExists';
}

function sizeOf(events: readonly NewEvent[]): number {
  return events.reduce((sum, { data, metadata }) => sum + data.byteLength + (metadata?.byteLength ?? 0), 0);
}

function actualOf(error: unknown): bigint | 'noStream' {
  const { actualState } = error as { readonly actualState?: unknown };
  return typeof actualState === 'bigint' && actualState >= 0n ? actualState : 'noStream';
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}
