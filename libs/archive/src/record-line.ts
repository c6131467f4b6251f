/** One record of a segment as one line of JSON. docs/ARCHIVE.md describes the format for readers of other programs. */
import { isUtf8 } from 'node:buffer';
import type { ImportedEvent, Position, RecordedEvent, StreamState } from '@palimpsest/event-store';

/** Bytes are text where they are valid UTF-8, so that a person can read them, else base64; both give every byte back. */
function encodeBytes(name: string, bytes: Uint8Array): Record<string, string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? { [name]: buffer.toString('utf8') } : { [`${name}Base64`]: buffer.toString('base64') };
}

function decodeBytes(record: Fields, name: string): Buffer | undefined {
  if (typeof record[name] === 'string') return Buffer.from(record[name], 'utf8');
  const encoded = record[`${name}Base64`];
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export interface ArchivedEvent {
  readonly event: ImportedEvent;
  /** In the log that it comes from. */
  readonly position: Position;
}

export interface ArchivedBlob {
  readonly sha256: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export function encodeEvent(event: RecordedEvent): string {
  const { stream, revision, position } = event;
  return JSON.stringify({ stream, revision: revision.toString(), position, ...factsOf(event) });
}

/**
 * The line of an event without its position, which is another in every store: what the event is, wherever its log lies. These
 * bytes are a leaf of the Merkle tree of libs/evidence, so they never change.
 */
export function encodeLeaf(event: RecordedEvent): string {
  const { stream, revision } = event;
  return JSON.stringify({ stream, revision: revision.toString(), ...factsOf(event) });
}

function factsOf({ id, type, contentType, recordedAt, data, metadata }: RecordedEvent): Record<string, string> {
  return {
    ...{ id, type, contentType, recordedAt: recordedAt.toISOString() },
    ...encodeBytes('data', data),
    ...(metadata && encodeBytes('metadata', metadata)),
  };
}

/** Throws for text that encodeEvent did not write. */
export function decodeEvent(line: string): ArchivedEvent {
  const record = fields(line);
  const contentType = text(record, 'contentType');
  const data = decodeBytes(record, 'data');
  const metadata = decodeBytes(record, 'metadata');
  if (contentType !== 'json' && contentType !== 'binary') throw new Error(`no content type: ${contentType}`);
  if (!data) throw new Error('no data');
  return {
    position: text(record, 'position') as Position,
    event: {
      stream: text(record, 'stream'),
      revision: BigInt(text(record, 'revision')),
      id: text(record, 'id'),
      type: text(record, 'type'),
      contentType,
      recordedAt: new Date(text(record, 'recordedAt')),
      data,
      ...(metadata && { metadata }),
    },
  };
}

export function encodeState({ stream, deleted, tombstoned, metadata }: StreamState): string {
  const { truncateBefore, ...rest } = metadata;
  const kept = { ...rest, ...(truncateBefore !== undefined && { truncateBefore: truncateBefore.toString() }) };
  return JSON.stringify({ stream, deleted, tombstoned, metadata: kept });
}

/** Throws for text that encodeState did not write. */
export function decodeState(line: string): StreamState {
  const record = fields(line);
  const { truncateBefore, ...rest } = record['metadata'] as Record<string, unknown>;
  return {
    stream: text(record, 'stream'),
    deleted: record['deleted'] === true,
    tombstoned: record['tombstoned'] === true,
    metadata: { ...rest, ...(truncateBefore !== undefined && { truncateBefore: BigInt(String(truncateBefore)) }) },
  };
}

export function encodeBlob({ sha256, mediaType, bytes }: ArchivedBlob): string {
  return JSON.stringify({ sha256, mediaType, bytesBase64: Buffer.from(bytes).toString('base64') });
}

/** Throws for text that encodeBlob did not write. */
export function decodeBlob(line: string): ArchivedBlob {
  const record = fields(line);
  const bytes = decodeBytes(record, 'bytes');
  if (!bytes) throw new Error('no bytes');
  return { sha256: text(record, 'sha256'), mediaType: text(record, 'mediaType'), bytes };
}

function fields(line: string): Fields {
  const record: unknown = JSON.parse(line);
  if (typeof record !== 'object' || record === null) throw new Error('no object');
  return record as Fields;
}

function text(record: Fields, name: string): string {
  const value = record[name];
  if (typeof value !== 'string') throw new Error(`no ${name}`);
  return value;
}
