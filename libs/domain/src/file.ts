import { ByteReader, ByteWriter } from './bytes.js';

/** Name of the one shared text (Y.Text) in the Yjs document of a file. Part of the storage format. */
export const TEXT_ROOT = 'text';

/** Most characters (UTF-16 units) of a co-edited text: 1 MB of ASCII. */
export const MAX_TEXT_LENGTH = 1_000_000;

/** A file is the one or the other from its creation on. */
export type FileKind = 'text' | 'binary';

/**
 * A binary file has this content from here on. Its stream holds nothing else; a text file's holds FileEdited. The bytes are
 * a blob, of which there is one for each hash.
 */
export interface ContentStored {
  readonly type: 'ContentStored';
  readonly data: {
    /** SHA-256 of the bytes, 64 hexadecimal digits in lower case. */
    readonly sha256: string;
    /** Bytes. */
    readonly size: number;
    /** As far as the first bytes tell, else `application/octet-stream`. A claim: never served without a check. */
    readonly mediaType: string;
  };
}
export type FileEvent = ContentStored;
export const CONTENT_STORED = 'ContentStored';

/** How an update came to be. `sync`: it was made offline, so the times of its keystrokes are not known. */
export type EditOrigin = 'live' | 'sync' | 'server';

/** One Yjs update (encoding v1) of one author. */
export interface Edit {
  /** Milliseconds since the event's `startedAt`. */
  readonly ms: number;
  readonly origin: EditOrigin;
  readonly update: Uint8Array;
}

/** Consecutive edits of one author, who is the event's actor. */
export interface FileEdited {
  /** Server's clock at the first edit, milliseconds since 1970. */
  readonly startedAt: number;
  readonly edits: readonly Edit[];
}

export const FILE_EDITED = 'FileEdited';

const FORMAT = 1;
const ORIGINS: readonly EditOrigin[] = ['live', 'sync', 'server'];

/**
 * The stored form of FileEdited, version 1: format, startedAt, count, then for each edit ms, origin, length and update;
 * all numbers LEB128. Binary since JSON would need base64, a third more for updates of some 30 bytes.
 */
export function encodeFileEdited(event: FileEdited): Uint8Array {
  const writer = new ByteWriter().varuint(FORMAT).varuint(event.startedAt).varuint(event.edits.length);
  for (const edit of event.edits) writer.varuint(edit.ms).varuint(ORIGINS.indexOf(edit.origin)).bytes(edit.update);
  return writer.finish();
}

/** Reads the stored form. Throws RangeError for bytes that are not one. The updates are views, not copies. */
export function decodeFileEdited(bytes: Uint8Array): FileEdited {
  const reader = new ByteReader(bytes);
  const format = reader.varuint();
  if (format !== FORMAT)
    throw new RangeError(`FileEdited has format ${format}; this program reads ${FORMAT}: upgrade it`);
  const startedAt = reader.varuint();
  const count = reader.varuint();
  const edits: Edit[] = [];
  // `count` is a claim: each edit is read, and so each is there, before room is made for the next.
  for (let i = 0; i < count; i++) {
    const ms = reader.varuint();
    const origin = ORIGINS[reader.varuint()];
    if (origin === undefined) throw new RangeError('FileEdited has an unknown origin');
    edits.push({ ms, origin, update: reader.bytes() });
  }
  if (reader.remaining > 0) throw new RangeError(`FileEdited has ${reader.remaining} bytes too many`);
  return { startedAt, edits };
}
