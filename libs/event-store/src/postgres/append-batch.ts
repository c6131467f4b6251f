/** What goes to the server in one call of es.append. Pure. */
import type { AppendRequest, Expected, NewEvent } from '../event-store.js';

/** What stands in the committer's queue: one append, or the parts of an atomic one. */
export interface Entry {
  readonly requests: readonly AppendRequest[];
  readonly atomic: boolean;
  readonly bytes: number;
}

/** Requests in one call. More would make the first caller wait for work that is not its own. */
export const MAX_BATCH_REQUESTS = 100;

/** Bytes in one call, 1 MiB; the first entry is taken whatever its size, which the limit of an append keeps below that. */
export const MAX_BATCH_BYTES = 1_048_576;

/** Entries looked at for one call: bounds the work when thousands wait for the same few streams. */
const MAX_SCAN = 1000;

/**
 * Takes the next call's entries out of the queue: at most one request a stream, because es.append decides all of them on
 * the stream's state before the call. Per stream the order of the queue is kept.
 */
export function takeBatch<E extends Entry>(queue: E[]): E[] {
  const first = queue[0];
  if (first === undefined) return [];
  if (first.atomic) return queue.splice(0, 1);
  const streams = new Set<string>();
  const taken: E[] = [];
  const left: E[] = [];
  let bytes = 0;
  let scanned = 0;
  for (const entry of queue) {
    // An atomic entry is a wall: a later append must not overtake it on one of its streams.
    const full = bytes + entry.bytes > MAX_BATCH_BYTES && taken.length > 0;
    if (entry.atomic || full || taken.length === MAX_BATCH_REQUESTS || scanned === MAX_SCAN) break;
    scanned++;
    const stream = entry.requests[0]?.stream ?? '';
    if (streams.has(stream)) {
      left.push(entry);
      continue;
    }
    streams.add(stream);
    taken.push(entry);
    bytes += entry.bytes;
  }
  queue.splice(0, scanned, ...left);
  return taken;
}

/** One call, with the parameters in the order of `encodeBatch`. */
export const APPEND = `
  select outcome, last_revision, last_position, recorded_ms
  from es.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`;

/** What a batch stores, if none of its requests is refused, in the order of its positions. */
export function eventsOf(entries: readonly Entry[]): readonly NewEvent[] {
  return entries.flatMap(({ requests }) => requests.flatMap(({ events }) => events));
}

/** The parameters of es.append. `keys` has, for each of `eventsOf`, the key of its metadata where that is kept. */
export function encodeBatch(entries: readonly Entry[], keys: readonly (bigint | null)[]): unknown[] {
  const requests = entries.flatMap((entry) => entry.requests);
  const events = eventsOf(entries);
  const { offsets, metadataSizes, payload } = layOut(events, keys);
  return [
    requests.map(({ stream }) => stream),
    arrayText(requests.map(({ expected }) => expectedNumber(expected))),
    int4Array(requests.map((request) => request.events.length)),
    int4Array(requests.flatMap((request, index) => request.events.map(() => index + 1))),
    arrayText(events.map(({ id }) => id)),
    events.map(({ type }) => type),
    arrayText(events.map(({ contentType }) => contentType === 'json')),
    int4Array(offsets),
    int4Array(events.map(({ data }) => data.byteLength)),
    int4Array(metadataSizes),
    arrayText(keys),
    payload,
    entries.some((entry) => entry.atomic),
  ];
}

/** Data and metadata one after the other, without what is kept elsewhere. */
export function layOut(events: readonly NewEvent[], keys: readonly (bigint | null)[]) {
  const chunks: Uint8Array[] = [];
  const offsets: number[] = [];
  const metadataSizes: (number | null)[] = [];
  let offset = 1; // substr counts from 1
  for (const [n, { data, metadata }] of events.entries()) {
    const own = keys[n] === null ? metadata : undefined;
    offsets.push(offset);
    metadataSizes.push(own?.byteLength ?? null);
    offset += data.byteLength + (own?.byteLength ?? 0);
    chunks.push(data);
    if (own) chunks.push(own);
  }
  return { offsets, metadataSizes, payload: Buffer.concat(chunks, offset - 1) };
}

/** An array as text, for elements that need no quotes: the driver's own way looks at every character. */
export function arrayText(values: readonly (bigint | boolean | string | null)[]): string {
  return `{${values.map((value) => value ?? 'null').join(',')}}`;
}

/**
 * An array of int4 in PostgreSQL's binary form, which the driver sends as it is: four of them with 100 numbers each took the
 * server 30 µs to read as text. All is 32-bit words: one dimension, whether there are nulls, the type's OID, the length, the
 * number of the first element; then each element behind its size, which is -1 for null.
 */
function int4Array(values: readonly (number | null)[]): Buffer {
  const words = Int32Array.of(1, values.includes(null) ? 1 : 0, 23, values.length, 1);
  const array = new Int32Array(words.length + 2 * values.length);
  array.set(words);
  let end = words.length;
  for (const value of values) {
    array[end++] = value === null ? -1 : 4;
    if (value !== null) array[end++] = value;
  }
  return Buffer.from(array.buffer, 0, 4 * end).swap32();
}

/** As in the migration: EventStoreDB's numbers. */
export function expectedNumber(expected: Expected): bigint {
  if (expected === 'noStream') return -1n;
  if (expected === 'any') return -2n;
  if (expected === 'streamExists') return -4n;
  return expected;
}
