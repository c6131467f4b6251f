/**
 * What a server that was set back to an earlier moment can take. It misses edits of several people, and this tab may have
 * them all. Sent as they are, the others' edits would be refused as written in their name, and one's own edits where they
 * build on them. So everybody sends their own, and only what the server can place; the rest goes when the others' came back.
 *
 * For a server that misses nothing but one's own edits, which is the usual case, the part is the whole.
 */
import { ByteWriter } from '@palimpsest/domain';
import * as Y from 'yjs';

export interface ServerFacts {
  /** Client ids under which this person has written. */
  readonly own: ReadonlySet<number>;
  /** Next clock of each client id at the server. */
  readonly clocks: ReadonlyMap<number, number>;
}

export interface SendablePart {
  readonly update: Uint8Array;
  /** Next clocks at the server once it has this part. */
  readonly clocks: ReadonlyMap<number, number>;
  /** Own text waits for text that the server does not have. */
  readonly isHeld: boolean;
  /** Something was left out, be it a deletion of text that the server does not have. */
  readonly isCut: boolean;
}

type Decoded = ReturnType<typeof Y.decodeUpdate>;
type Struct = Decoded['structs'][number];
interface Range {
  readonly clock: number;
  readonly len: number;
}

/** The part of `update` that the server can take from this person now. */
export function sendablePart(update: Uint8Array, { own, clocks }: ServerFacts): SendablePart {
  const { structs, ds } = Y.decodeUpdate(update);
  const known = new Map(clocks);
  const queues = queuesOf(structs, own, known);
  const foreign = structs.some((struct) => !own.has(struct.id.client) && endOf(struct) > clockOf(known, struct));
  while (queues.some((queue) => advance(queue, known)));
  const isHeld = queues.some((queue) => queue.next < queue.structs.length);
  const deletions = clip(ds.clients, known);
  return {
    update: encode(queues, clocks, deletions.ranges),
    clocks: known,
    isHeld,
    isCut: isHeld || foreign || deletions.isCut,
  };
}

/** News of one client id in the order of their clocks; those before `next` can be sent. */
interface Queue {
  readonly client: number;
  readonly structs: readonly Struct[];
  next: number;
}

const endOf = (struct: Struct) => struct.id.clock + struct.length;
const clockOf = (known: ReadonlyMap<number, number>, { id }: { readonly id: Y.ID }) => known.get(id.client) ?? 0;

function queuesOf(structs: readonly Struct[], own: ReadonlySet<number>, known: ReadonlyMap<number, number>): Queue[] {
  const byClient = new Map<number, Struct[]>();
  for (const struct of structs) {
    const { client } = struct.id;
    if (!own.has(client) || endOf(struct) <= clockOf(known, struct)) continue;
    const news = byClient.get(client);
    if (news) news.push(struct);
    else byClient.set(client, [struct]);
  }
  return [...byClient].map(([client, news]) => ({ client, structs: news, next: 0 }));
}

/** Takes what the server can place of one client id. Returns whether there was any: others may build on it. */
function advance(queue: Queue, known: Map<number, number>): boolean {
  const before = queue.next;
  for (let struct = queue.structs[queue.next]; struct; struct = queue.structs[queue.next]) {
    if (!isPlaceable(struct, known)) break;
    known.set(queue.client, endOf(struct));
    queue.next += 1;
  }
  return queue.next > before;
}

/** An item with no gap before it, whose neighbours the server has. */
function isPlaceable(struct: Struct, known: ReadonlyMap<number, number>): boolean {
  if (!(struct instanceof Y.Item) || struct.id.clock > clockOf(known, struct)) return false;
  // Of an item that goes from its middle on, the left neighbour is its own beginning.
  return [struct.origin, struct.rightOrigin].every((id) => id === null || id.clock < clockOf(known, { id }));
}

function clip(clients: ReadonlyMap<number, readonly Range[]>, known: ReadonlyMap<number, number>) {
  const ranges = new Map<number, Range[]>();
  let isCut = false;
  for (const [client, all] of clients) {
    const end = known.get(client) ?? 0;
    isCut ||= all.some(({ clock, len }) => clock + len > end);
    const kept = all
      .filter(({ clock }) => clock < end)
      .map(({ clock, len }) => ({ clock, len: Math.min(len, end - clock) }));
    if (kept.length > 0) ranges.set(client, kept);
  }
  return { ranges, isCut };
}

/** Encoding v1 as Yjs writes it: clients from the highest id down, then the deletions. */
function encode(
  queues: readonly Queue[],
  clocks: ReadonlyMap<number, number>,
  deletions: ReadonlyMap<number, readonly Range[]>,
): Uint8Array {
  const sending = queues.filter(({ next }) => next > 0).sort((a, b) => b.client - a.client);
  const parts = [new ByteWriter().varuint(sending.length).finish()];
  for (const queue of sending) parts.push(...encodeStructs(queue, clocks.get(queue.client) ?? 0));
  parts.push(encodeDeletions(deletions));
  return concat(parts);
}

/** `from`: what the server has of this client id. The first struct may begin before it. */
function encodeStructs({ client, structs, next }: Queue, from: number): readonly Uint8Array[] {
  const news = structs.slice(0, next);
  const start = Math.max(from, news[0]?.id.clock ?? 0);
  const encoder = new Y.UpdateEncoderV1();
  for (const struct of news) struct.write(encoder, Math.max(0, start - struct.id.clock));
  return [new ByteWriter().varuint(news.length).varuint(client).varuint(start).finish(), encoder.toUint8Array()];
}

function encodeDeletions(deletions: ReadonlyMap<number, readonly Range[]>): Uint8Array {
  const writer = new ByteWriter().varuint(deletions.size);
  for (const [client, ranges] of [...deletions].sort(([a], [b]) => b - a)) {
    writer.varuint(client).varuint(ranges.length);
    for (const { clock, len } of ranges) writer.varuint(clock).varuint(len);
  }
  return writer.finish();
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
