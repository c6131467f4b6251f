import { ByteReader, ByteWriter, TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';

/**
 * A text document with its structs in the order of the text. An update of Yjs lists them by client id and clock, and whoever
 * reads it has to find each one's neighbours and place again, which is most of the time that a file of a long history takes
 * to open. In order, a struct's neighbour is the one before. What comes out is what applying the update would give, struct
 * for struct; it is built from Yjs' own classes, and of their private fields the root's `_start` and `_length` are set.
 *
 * The number of client ids and for each of them: the id, the number of its structs, and their lengths in the order of
 * clocks. Then, both by their length in bytes: the structs in the order of the text, and the visible text (UTF-8). A struct is
 *
 *   head             index of the client id × 8, + 1 deleted, + 2 its origin is the end of the one before (or none, where it
 *                    is the first), + 4 its right origin is the one that follows (or none, where it is the last)
 *   clock
 *   [origin]         where + 2 is missing: 0 for none, else index of the client id + 1, and the clock
 *   [right origin]   where + 4 is missing: likewise
 *
 * All numbers are LEB128.
 */
const DELETED = 1;
const AFTER_LEFT = 2;
const BEFORE_RIGHT = 4;
const FLAGS = 8;

/** Undefined for a document that holds something else than the text and its deletions, or that is not whole. */
export function encodeTextInOrder(doc: Y.Doc): Uint8Array | undefined {
  const { clients, pendingStructs, pendingDs } = doc.store;
  if (pendingStructs !== null || pendingDs !== null) return undefined;
  const indexes = new Map([...clients.keys()].map((client, index) => [client, index]));
  const structs = new ByteWriter();
  const text: string[] = [];
  let left = 0;
  for (const { length } of clients.values()) left += length;
  // Once through the list, which lies all over the memory: a second look at each would take as long again.
  for (let item = doc.getText(TEXT_ROOT)._start; item !== null; item = item.right) {
    const { content, deleted } = item;
    if (content instanceof Y.ContentString && !deleted) text.push(content.str);
    else if (!deleted || !(content instanceof Y.ContentDeleted)) return undefined;
    writeItem(structs, item, indexes);
    left -= 1;
  }
  // What is not in the list is in another root, or collected.
  if (left !== 0) return undefined;
  const writer = new ByteWriter().varuint(clients.size);
  for (const [client, ofClient] of clients) {
    writer.varuint(client).varuint(ofClient.length);
    for (const { length } of ofClient) writer.varuint(length);
  }
  return writer
    .bytes(structs.finish())
    .bytes(Buffer.from(text.join('')))
    .finish();
}

function writeItem(writer: ByteWriter, item: Y.Item, indexes: ReadonlyMap<number, number>): void {
  const { id, left, right, origin, rightOrigin } = item;
  const afterLeft = isAt(origin, left?.lastId ?? null);
  const beforeRight = isAt(rightOrigin, right?.id ?? null);
  const flags = (item.deleted ? DELETED : 0) + (afterLeft ? AFTER_LEFT : 0) + (beforeRight ? BEFORE_RIGHT : 0);
  writer.varuint((indexes.get(id.client) ?? 0) * FLAGS + flags).varuint(id.clock);
  if (!afterLeft) writeId(writer, origin, indexes);
  if (!beforeRight) writeId(writer, rightOrigin, indexes);
}

function writeId(writer: ByteWriter, id: Y.ID | null, indexes: ReadonlyMap<number, number>): void {
  if (id === null) writer.varuint(0);
  else writer.varuint((indexes.get(id.client) ?? 0) + 1).varuint(id.clock);
}

function isAt(id: Y.ID | null, place: Y.ID | null): boolean {
  return id === null || place === null ? id === place : id.client === place.client && id.clock === place.clock;
}

/** The structs of one client id, while they are being read. */
interface Column {
  readonly client: number;
  /** Where each struct begins, and then where the last one ends. */
  readonly clocks: readonly number[];
  readonly structs: (Y.Item | undefined)[];
}

/** A new document from what `encodeTextInOrder` made. Throws RangeError for bytes of another form. */
export function decodeTextInOrder(bytes: Uint8Array): Y.Doc {
  const reader = new ByteReader(bytes);
  const columns = Array.from({ length: reader.varuint() }, () => readColumn(reader));
  const structs = new ByteReader(reader.bytes());
  const text = Buffer.from(reader.bytes()).toString();
  const doc = new Y.Doc();
  const root = doc.getText(TEXT_ROOT);
  let at = 0;
  let previous: Y.Item | null = null;
  let beforeRight = false;
  while (structs.remaining > 0) {
    const head = structs.varuint();
    const { column, clock, place, length } = findPlace(columns[Math.floor(head / FLAGS)], structs.varuint());
    const isDeleted = (head & DELETED) > 0;
    const content = isDeleted ? new Y.ContentDeleted(length) : new Y.ContentString(text.slice(at, (at += length)));
    const origin: Y.ID | null = (head & AFTER_LEFT) > 0 ? (previous?.lastId ?? null) : readId(structs, columns);
    const id = new Y.ID(column.client, clock);
    if (previous !== null && beforeRight) previous.rightOrigin = id;
    beforeRight = (head & BEFORE_RIGHT) > 0;
    const rightOrigin = beforeRight ? null : readId(structs, columns);
    const item: Y.Item = new Y.Item(id, previous, origin, null, rightOrigin, root, null, content);
    if (isDeleted) item.markDeleted();
    if (previous === null) root._start = item;
    else previous.right = item;
    column.structs[place] = item;
    previous = item;
  }
  root._length = at;
  if (at !== text.length || reader.remaining > 0) throw new RangeError('its text has another length than its structs');
  for (const column of columns) doc.store.clients.set(column.client, wholeStructs(column));
  return doc;
}

function readColumn(reader: ByteReader): Column {
  const client = reader.varuint();
  const clocks = [0];
  let end = 0;
  for (let left = reader.varuint(); left > 0; left--) clocks.push((end += reader.varuint()));
  return { client, clocks, structs: new Array<Y.Item | undefined>(clocks.length - 1).fill(undefined) };
}

/** The struct's place among those of its client id. */
function findPlace(column: Column | undefined, clock: number) {
  const clocks = column?.clocks ?? [];
  let from = 0;
  let to = clocks.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((clocks[middle] ?? 0) < clock) from = middle + 1;
    else to = middle;
  }
  const end = clocks[from + 1];
  if (!column || clocks[from] !== clock || end === undefined || column.structs[from])
    throw new RangeError('a struct is not where it belongs');
  return { column, clock, place: from, length: end - clock };
}

function wholeStructs({ structs }: Column): Y.Item[] {
  if (structs.length === 0 || structs.includes(undefined)) throw new RangeError('it has gaps');
  return structs as Y.Item[];
}

function readId(reader: ByteReader, columns: readonly Column[]): Y.ID | null {
  const index = reader.varuint();
  if (index === 0) return null;
  const column = columns[index - 1];
  const clock = reader.varuint();
  if (!column || clock >= (column.clocks.at(-1) ?? 0)) throw new RangeError('a struct names one that is not there');
  return new Y.ID(column.client, clock);
}
