/**
 * The limits of the port and the checks of its arguments. Pure, and shared by all adapters, so that what one adapter takes
 * the other takes as well.
 */
import { AppendTooLarge, InvalidArgument } from './errors.js';
import type { AppendRequest, Expected, Filter, NewEvent, Position, StreamMetadata } from './event-store.js';

/**
 * Bytes of data and metadata in one append. EventStoreDB up to 24.10 takes 1 MiB an append, all events together with their
 * names and framing; the 48,576 bytes below that are for those. A stream written here can so be copied there.
 */
export const MAX_APPEND_BYTES = 1_000_000;

/** Bytes of data and metadata of one event. The same number: an append of one event has no other bound. */
export const MAX_EVENT_BYTES = 1_000_000;

/** Events in one append. Bounds what empty events cost: each is a row and an index probe under the log's lock. */
export const MAX_APPEND_EVENTS = 10_000;

/** Bytes of UTF-8 of a stream's or a type's name. */
export const MAX_NAME_BYTES = 1024;

/** Seconds; a hundred years. Beyond some 10^13 the database's time arithmetic would overflow. */
export const MAX_AGE_SECONDS = 3_155_760_000;

/** Largest revision and position: the database's bigint. */
export const MAX_BIGINT = 2n ** 63n - 1n;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DECIMAL = /^(0|[1-9][0-9]{0,18})$/;

/** Throws InvalidArgument unless the name can be a user's stream in every adapter. */
export function checkStreamName(name: string): void {
  checkName(name, 'stream');
}

/** Throws InvalidArgument or AppendTooLarge unless this can be one append. Returns its size in bytes. */
export function checkAppend({ stream, expected, events }: AppendRequest): number {
  checkStreamName(stream);
  checkExpected(expected);
  if (events.length === 0)
    throw new InvalidArgument(
      `An append to "${stream}" has no events: there is nothing to store. Append at least one.`,
    );
  if (events.length > MAX_APPEND_EVENTS) throw new AppendTooLarge('append', events.length, MAX_APPEND_EVENTS, 'events');
  const ids = new Set<string>();
  let bytes = 0;
  for (const event of events) {
    bytes += checkEvent(event);
    const id = event.id.toLowerCase();
    if (ids.has(id))
      throw new InvalidArgument(`The event id ${id} occurs twice in one append: give each event its own.`);
    ids.add(id);
  }
  checkAppendBytes(bytes);
  return bytes;
}

/** Throws AppendTooLarge if the bytes of one append, or of all parts of an atomic one, exceed the limit. */
export function checkAppendBytes(bytes: number): void {
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLarge('append', bytes, MAX_APPEND_BYTES);
}

export function checkExpected(expected: Expected): void {
  if (typeof expected === 'bigint') checkRevision(expected);
  else if (expected !== 'any' && expected !== 'noStream' && expected !== 'streamExists')
    throw new InvalidArgument(
      `${String(expected)} is no expectation: give a revision (bigint), 'any', 'noStream' or 'streamExists'.`,
    );
}

export function checkRevision(revision: bigint): void {
  if (revision < 0n || revision > MAX_BIGINT)
    throw new InvalidArgument(`${revision} is no revision: revisions count from 0.`);
}

export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0))
    throw new InvalidArgument(`${limit} is no limit: give a whole number from 0, or none.`);
}

export function checkFilter(filter: Filter | undefined): void {
  for (const prefix of [...(filter?.streamPrefixes ?? []), ...(filter?.typePrefixes ?? [])]) {
    if (typeof prefix !== 'string' || prefix === '' || !isStorableText(prefix))
      throw new InvalidArgument('A prefix of a filter must be text with at least one character and no NUL.');
  }
}

export function checkMetadata({ maxCount, maxAgeSeconds, truncateBefore, custom }: StreamMetadata): void {
  if (maxCount !== undefined && (!Number.isSafeInteger(maxCount) || maxCount < 1))
    throw new InvalidArgument(`maxCount must be a whole number from 1, not ${maxCount}.`);
  if (
    maxAgeSeconds !== undefined &&
    (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 1 || maxAgeSeconds > MAX_AGE_SECONDS)
  )
    throw new InvalidArgument(
      `maxAgeSeconds must be a whole number from 1 to ${MAX_AGE_SECONDS}, not ${maxAgeSeconds}.`,
    );
  if (truncateBefore !== undefined) checkRevision(truncateBefore);
  if (custom !== undefined) checkCustom(custom);
}

/** The decimal text of a position as a number of the log. Throws InvalidArgument for anything else. */
export function parsePosition(position: Position): bigint {
  const value = DECIMAL.test(position) ? BigInt(position) : -1n;
  if (value < 0n || value > MAX_BIGINT)
    throw new InvalidArgument(`"${String(position)}" is no position of this log: use one that it gave.`);
  return value;
}

/** Throws InvalidArgument or AppendTooLarge unless this can be an event of a log. Returns its size in bytes. */
export function checkEvent({ id, type, contentType, data, metadata }: NewEvent): number {
  if (!UUID.test(id)) throw new InvalidArgument(`"${id}" is no event id: give a UUID (crypto.randomUUID()).`);
  checkName(type, 'event type');
  if (contentType !== 'json' && contentType !== 'binary')
    throw new InvalidArgument(`"${String(contentType)}" is no content type of an event: give 'json' or 'binary'.`);
  if (!(data instanceof Uint8Array) || !(metadata === undefined || metadata instanceof Uint8Array))
    throw new InvalidArgument(`The data and metadata of event ${id} must be bytes (Uint8Array).`);
  const bytes = data.byteLength + (metadata?.byteLength ?? 0);
  if (bytes > MAX_EVENT_BYTES) throw new AppendTooLarge('event', bytes, MAX_EVENT_BYTES);
  return bytes;
}

function checkName(name: string, what: string): void {
  if (typeof name !== 'string' || name === '') throw new InvalidArgument(`The name of a ${what} must not be empty.`);
  if (name.startsWith('$'))
    throw new InvalidArgument(
      `"${name}" begins with $: names like that belong to the server. Choose another ${what} name.`,
    );
  if (!isStorableText(name))
    throw new InvalidArgument(`The name of a ${what} holds a NUL or half a character: use valid Unicode without NUL.`);
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES)
    throw new InvalidArgument(
      `The name of a ${what} has ${bytes} bytes; at most ${MAX_NAME_BYTES} are possible: shorten it.`,
    );
}

/** Postgres stores no NUL; a lone surrogate would silently become U+FFFD, and two names one. */
function isStorableText(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

function checkCustom(custom: Readonly<Record<string, unknown>>): void {
  let text: string | undefined;
  try {
    text = JSON.stringify(custom);
  } catch (cause) {
    throw new InvalidArgument('The custom metadata of a stream must be plain JSON.', { cause });
  }
  if (text === undefined || !text.startsWith('{'))
    throw new InvalidArgument('The custom metadata of a stream must be a JSON object.');
  // An escape that JSON.stringify made itself: with an odd number of backslashes in front of the u.
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(text))
    throw new InvalidArgument('The custom metadata of a stream holds a NUL or half a character: use valid Unicode.');
  if (Buffer.byteLength(text) > MAX_EVENT_BYTES)
    throw new InvalidArgument(`The custom metadata of a stream must be smaller than ${MAX_EVENT_BYTES} bytes.`);
}

/** A part of a whole of any size as a number from 0 to 1. */
export function shareOf(part: bigint, whole: bigint): number {
  if (part >= whole) return 1;
  return Number((part * 1_000_000n) / whole) / 1_000_000;
}
