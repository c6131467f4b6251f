/** What goes to the server in one call of es.append. Pure. */
import type { AppendRequest, Expected } from '../event-store.js';

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

/** The parameters of es.append, in its order. */
export function encodeBatch(entries: readonly Entry[]): unknown[] {
  const requests = entries.flatMap((entry) => entry.requests);
  const events = requests.flatMap((request, index) => request.events.map((event) => ({ event, request: index + 1 })));
  const chunks: Uint8Array[] = [];
  const offsets: number[] = [];
  let offset = 1; // substr counts from 1
  for (const { event } of events) {
    offsets.push(offset);
    offset += event.data.byteLength + (event.metadata?.byteLength ?? 0);
    chunks.push(event.data);
    if (event.metadata) chunks.push(event.metadata);
  }
  return [
    requests.map(({ stream }) => stream),
    requests.map(({ expected }) => encodeExpected(expected)),
    requests.map((request) => request.events.length),
    events.map(({ request }) => request),
    events.map(({ event }) => event.id),
    events.map(({ event }) => event.type),
    events.map(({ event }) => event.contentType === 'json'),
    offsets,
    events.map(({ event }) => event.data.byteLength),
    events.map(({ event }) => event.metadata?.byteLength ?? null),
    Buffer.concat(chunks),
    entries.some((entry) => entry.atomic),
  ];
}

/** As in the migration: EventStoreDB's numbers, as decimal text. */
export function encodeExpected(expected: Expected): string {
  if (expected === 'noStream') return '-1';
  if (expected === 'any') return '-2';
  if (expected === 'streamExists') return '-4';
  return expected.toString();
}
