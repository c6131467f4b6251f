/**
 * Deletion and metadata of streams. Both are events of the stream `$$name`: the server keeps its rules there (`$maxCount`,
 * `$maxAge`, `$tb` for the first revision to be read), and a soft delete is the largest possible `$tb`.
 */
import { randomUUID } from 'node:crypto';
import type { JSONType } from '@kurrent/kurrentdb-client';
import { InvalidArgument, StreamDeleted, Unavailable, WrongExpectedVersion } from '../errors.js';
import type { Expected, StreamInfo, StreamMetadata } from '../event-store.js';
import { checkExpected, checkMetadata, checkStreamName } from '../validation.js';
import type { Appender } from './appender.js';
import { AT_THE_LEADER, type Connection } from './connection.js';
import type { Reader } from './reader.js';
import { troubleOf } from './server-trouble.js';

/** `$tb` of a deleted stream. */
const DELETED = 2n ** 63n - 1n;
/** Attempts of a delete whose stream grows under it. */
const MAX_TRIES = 10;

interface Kept {
  readonly revision: bigint;
  readonly deleted: boolean;
  readonly metadata: StreamMetadata;
}

interface State {
  readonly last: bigint | undefined;
  readonly live: boolean;
}

export class StreamLifecycle {
  constructor(
    private readonly connection: Connection,
    private readonly reader: Reader,
    private readonly appender: Appender,
  ) {}

  async info(stream: string): Promise<StreamInfo> {
    checkStreamName(stream);
    const kept = await this.kept(stream);
    const none = { deleted: false, tombstoned: false, metadata: {}, metadataRevision: undefined };
    const state = kept === 'tombstoned' ? 'tombstoned' : await this.state(stream);
    if (state === 'tombstoned')
      return { ...none, exists: false, tombstoned: true, revision: await this.reader.lastBeforeTombstone(stream) };
    const { last, live } = state;
    if (kept === 'tombstoned' || kept === undefined) return { ...none, exists: live, revision: last };
    return {
      exists: live,
      revision: last,
      deleted: kept.deleted && last !== undefined && !live,
      tombstoned: false,
      metadata: kept.metadata,
      metadataRevision: kept.revision,
    };
  }

  async setMetadata(stream: string, metadata: StreamMetadata, expected: Expected): Promise<void> {
    checkStreamName(stream);
    checkExpected(expected);
    checkMetadata(metadata);
    const event = {
      id: randomUUID(),
      type: '$metadata',
      contentType: 'application/json',
      metadata: undefined,
    } as const;
    const data = encodeMetadata(metadata);
    const actual = await this.appender.appendSystem(`$$${stream}`, { ...event, data }, expected);
    if (actual !== undefined) throw new WrongExpectedVersion(stream, expected, actual, 'metadata');
  }

  /**
   * The server knows no "must exist" for a delete, and deletes what is missing by writing metadata for it. So this looks
   * first, decides as the port says, and deletes at exactly the revision that it saw.
   */
  async delete(stream: string, expected: Expected, forEver: boolean): Promise<void> {
    checkStreamName(stream);
    checkExpected(expected);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const state = await this.state(stream);
      if (state === 'tombstoned') throw new StreamDeleted(stream);
      if (!fits(expected, state)) throw new WrongExpectedVersion(stream, expected, actualOf(expected, state));
      if (!state.live && !forEver) return;
      if (await this.deleteAt(stream, state.last, forEver)) return;
    }
    throw new Unavailable(`"${stream}" is written to so fast that it could not be deleted.`);
  }

  private async deleteAt(stream: string, last: bigint | undefined, forEver: boolean): Promise<boolean> {
    const options = { ...AT_THE_LEADER, expectedRevision: last ?? ('no_stream' as const) };
    return this.connection.retrying(async (attempt) => {
      const client = await this.connection.client();
      try {
        await (forEver ? client.tombstoneStream(stream, options) : client.deleteStream(stream, options));
        return true;
      } catch (error) {
        if (troubleOf(error) === 'wrongVersion') return false;
        // A tombstone after an attempt whose answer was lost is our own.
        if (troubleOf(error) === 'deleted' && attempt > 0 && forEver) return true;
        throw error;
      }
    }, stream);
  }

  private async state(stream: string): Promise<State | 'tombstoned'> {
    const visible = await this.reader.visible(stream);
    if (visible === 'tombstoned') return 'tombstoned';
    if (typeof visible === 'object') return { last: visible.last.revision, live: true };
    const last = await this.appender.probe(stream);
    if (last === 'tombstoned') return last;
    return last === 'noStream' ? { last: undefined, live: false } : { last, live: visible === 'empty' };
  }

  private async kept(stream: string): Promise<Kept | 'tombstoned' | undefined> {
    const event = await this.reader.lastRaw(`$$${stream}`);
    if (event === 'missing') return undefined;
    if (event === 'tombstoned') return event;
    const text = Buffer.from(event.getData_asU8()).toString();
    return { revision: BigInt(event.getStreamRevision()), ...decodeMetadata(text) };
  }
}

function fits(expected: Expected, { last, live }: State): boolean {
  if (expected === 'any') return true;
  if (expected === 'streamExists') return live;
  return expected === 'noStream' ? !live : last === expected;
}

function actualOf(expected: Expected, { last, live }: State): bigint | 'noStream' {
  return (live || typeof expected === 'bigint') && last !== undefined ? last : 'noStream';
}

/** Custom metadata has a key of its own, so that no key of it can mean something to the server. */
function encodeMetadata({ maxCount, maxAgeSeconds, truncateBefore, custom }: StreamMetadata): JSONType {
  if (truncateBefore !== undefined && truncateBefore > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgument(`truncateBefore must be at most ${Number.MAX_SAFE_INTEGER}, not ${truncateBefore}.`);
  return {
    ...(maxCount !== undefined && { $maxCount: maxCount }),
    ...(maxAgeSeconds !== undefined && { $maxAge: maxAgeSeconds }),
    ...(truncateBefore !== undefined && { $tb: Number(truncateBefore) }),
    ...(custom !== undefined && { custom: custom as JSONType }),
  } as JSONType;
}

function decodeMetadata(text: string): { readonly deleted: boolean; readonly metadata: StreamMetadata } {
  const kept = JSON.parse(text) as Record<string, unknown>;
  const { $maxCount: maxCount, $maxAge: maxAgeSeconds, $tb, custom } = kept;
  // A number for JSON.parse, which rounds it: to 2^63.
  const deleted = typeof $tb === 'number' && $tb >= Number(DELETED);
  return {
    deleted,
    metadata: {
      ...(typeof maxCount === 'number' && { maxCount }),
      ...(typeof maxAgeSeconds === 'number' && { maxAgeSeconds }),
      ...(typeof $tb === 'number' && !deleted && $tb > 0 && { truncateBefore: BigInt($tb) }),
      ...(typeof custom === 'object' && custom !== null && { custom: custom as Readonly<Record<string, unknown>> }),
    },
  };
}
