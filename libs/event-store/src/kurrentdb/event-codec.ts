/**
 * How an event's bytes and content type are kept on the server, so that every one of them comes back.
 *
 * The client has two kinds of events. A binary event carries bytes as they are. A JSON event carries a value, which the
 * client writes with JSON.stringify: other spacing, the order of some keys and large numbers do not survive. So JSON is sent
 * as JSON, which the server's own projections and pages can read, if and only if stringifying the parsed value gives the
 * very same bytes; compact JSON without oversized numbers, as ours, does. Any other JSON is sent as a binary event with a
 * mark. Reading is no problem: this adapter takes the bytes from the protocol's messages, before the client parses them.
 *
 * The mark is put in front of the metadata. It is also what tells empty metadata from none, which on the wire are the same.
 * It begins with a NUL, so it is neither JSON nor text; metadata that happens to begin like it gets a mark as well.
 */
import type { EventData, JSONType } from '@kurrent/kurrentdb-client';
import type { NewEvent, RecordedEvent } from '../event-store.js';
import { formatPosition, positionOf } from './log-position.js';
import type { ReadResp } from './protocol.js';

const MARK = Buffer.from([0, 0x70, 0x6c, 0x73]); // NUL, "pls"
const HAS_METADATA = 1;
const IS_JSON = 2;
/** Eight bytes follow the flags: when another log recorded the event, milliseconds since 1970, big-endian, signed. */
const HAS_TIME = 4;
const TIME_BYTES = 8;
const JSON_TYPE = 'application/json';
const TICKS_PER_MILLISECOND = 10_000n; // the server counts 100 ns

/**
 * Says of an event that is written that another log recorded it before, and when. A symbol, so that no application can say
 * so by passing on an event that it has read.
 */
export const recordedBefore = Symbol('recorded before');

export type WritableEvent = NewEvent & { readonly [recordedBefore]?: Date };

export function encodeEvent(event: WritableEvent): EventData {
  const { type, contentType, data, metadata, [recordedBefore]: time } = event;
  const id = event.id.toLowerCase();
  const json = contentType === 'json' ? asJson(data) : undefined;
  const flags = (metadata ? HAS_METADATA : 0) | (contentType === 'json' && !json ? IS_JSON : 0) | (time ? HAS_TIME : 0);
  const plain = metadata === undefined || (metadata.length > 0 && !isMarked(metadata));
  const kept =
    plain && (flags & ~HAS_METADATA) === 0
      ? metadata
      : Buffer.concat([MARK, [flags], time ? encodeTime(time) : [], metadata ?? []].map((part) => Buffer.from(part)));
  // The client tells bytes from JSON by this very constructor, which a Buffer does not have.
  const bytes = kept && Uint8Array.from(kept);
  if (json) return { id, type, contentType: JSON_TYPE, data: json.value, metadata: bytes };
  return { id, type, contentType: 'application/octet-stream', data: Uint8Array.from(data), metadata: bytes };
}

/** Undefined for events of the server itself, for links, and for a link whose event is gone. */
export function decodeEvent(message: ReadResp.ReadEvent): RecordedEvent | undefined {
  const recorded = message.getEvent();
  if (!recorded || message.hasLink()) return undefined;
  const fields = recorded.getMetadataMap();
  const stream = Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
  const type = fields.get('type') ?? '';
  if (stream.startsWith('$') || type.startsWith('$')) return undefined;
  const position = positionOf(recorded.getCommitPosition(), recorded.getPreparePosition());
  const { metadata, json, time } = decodeMetadata(recorded.getCustomMetadata_asU8());
  return {
    id: recorded.getId()?.getString() ?? '',
    stream,
    type,
    revision: BigInt(recorded.getStreamRevision()),
    position: formatPosition(position ?? { commit: 0n, prepare: 0n }),
    recordedAt: time ?? new Date(Number(BigInt(fields.get('created') ?? 0) / TICKS_PER_MILLISECOND)),
    contentType: json || fields.get('content-type') === JSON_TYPE ? 'json' : 'binary',
    data: recorded.getData_asU8(),
    ...(metadata && { metadata }),
  };
}

interface Kept {
  readonly metadata?: Uint8Array;
  readonly json: boolean;
  readonly time?: Date;
}

function decodeMetadata(kept: Uint8Array): Kept {
  if (kept.length === 0) return { json: false };
  if (!isMarked(kept)) return { metadata: kept, json: false };
  const flags = kept[MARK.length] ?? 0;
  const rest = kept.subarray(MARK.length + 1);
  const hasTime = (flags & HAS_TIME) !== 0 && rest.length >= TIME_BYTES;
  return {
    json: (flags & IS_JSON) !== 0,
    ...(hasTime && { time: decodeTime(rest) }),
    ...((flags & HAS_METADATA) !== 0 && { metadata: hasTime ? rest.subarray(TIME_BYTES) : rest }),
  };
}

function encodeTime(time: Date): Uint8Array {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeBigInt64BE(BigInt(time.getTime()));
  return bytes;
}

function decodeTime(bytes: Uint8Array): Date {
  return new Date(Number(Buffer.from(bytes.buffer, bytes.byteOffset, TIME_BYTES).readBigInt64BE()));
}

function isMarked(metadata: Uint8Array): boolean {
  return MARK.equals(metadata.subarray(0, MARK.length));
}

/** The value that the client will write as exactly these bytes, if there is one. */
function asJson(data: Uint8Array): { readonly value: JSONType } | undefined {
  try {
    const value = JSON.parse(Buffer.from(data).toString()) as JSONType;
    return Buffer.from(JSON.stringify(value)).equals(data) ? { value } : undefined;
  } catch {
    return undefined; // no JSON at all: the port does not look into data, so neither do we
  }
}
