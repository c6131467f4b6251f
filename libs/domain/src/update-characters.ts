import { ByteReader } from './bytes.js';

/** How many characters (UTF-16 units) a Yjs update inserts and deletes. */
export interface UpdateCharacters {
  readonly inserted: number;
  /** Of `inserted`, those in the longest piece that was inserted in one go. */
  readonly longest: number;
  /** As its delete set names them: an update that synchronises may name some that were deleted before. */
  readonly deleted: number;
}

const NOTHING: UpdateCharacters = { inserted: 0, longest: 0, deleted: 0 };

/** Bits of a struct's first byte, and the kinds of content that a text has (Yjs, update encoding v1). */
const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_PARENT_SUB = 0x20;
const CONTENT = 0x1f;
const COLLECTED = 0;
const DELETED = 1;
const STRING = 4;
const SKIPPED = 10;

/**
 * Counts the characters of a Yjs update (encoding v1) without making a document of it: a read model looks at every edit of
 * a log. What is not text, or cannot be read, counts as nothing.
 */
export function charactersOf(update: Uint8Array): UpdateCharacters {
  try {
    const reader = new ByteReader(update);
    return { ...insertedBy(reader), deleted: deletedBy(reader) };
  } catch (error) {
    if (error instanceof RangeError) return NOTHING;
    throw error;
  }
}

function insertedBy(reader: ByteReader): Pick<UpdateCharacters, 'inserted' | 'longest'> {
  let inserted = 0;
  let longest = 0;
  for (let clients = reader.varuint(); clients > 0; clients--) {
    let structs = reader.varuint();
    skip(reader, 2); // client id and clock of the first
    for (; structs > 0; structs--) {
      const length = stringLength(reader);
      inserted += length;
      longest = Math.max(longest, length);
    }
  }
  return { inserted, longest };
}

/** Reads one struct. */
function stringLength(reader: ByteReader): number {
  const info = reader.byte();
  const content = info & CONTENT;
  if (content === COLLECTED || content === SKIPPED) return skip(reader, 1);
  const neighbours = info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN);
  if (info & HAS_ORIGIN) skip(reader, 2);
  if (info & HAS_RIGHT_ORIGIN) skip(reader, 2);
  if (neighbours === 0) skipParent(reader, (info & HAS_PARENT_SUB) !== 0);
  if (content === DELETED) return skip(reader, 1);
  if (content === STRING) return unitsOf(reader.bytes());
  throw new RangeError('the update has something else than text');
}

function skipParent(reader: ByteReader, hasSub: boolean): void {
  if (reader.varuint() === 1) reader.bytes();
  else skip(reader, 2);
  if (hasSub) reader.bytes();
}

/** Passes over so many numbers. */
function skip(reader: ByteReader, numbers: number): 0 {
  for (let n = 0; n < numbers; n++) reader.varuint();
  return 0;
}

/** UTF-16 units of a text in UTF-8: one for each first byte, and one more where that begins four. */
function unitsOf(text: Uint8Array): number {
  let units = 0;
  for (const byte of text) if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  return units;
}

function deletedBy(reader: ByteReader): number {
  let deleted = 0;
  for (let clients = reader.varuint(); clients > 0; clients--) {
    reader.varuint();
    for (let ranges = reader.varuint(); ranges > 0; ranges--) {
      reader.varuint();
      deleted += reader.varuint();
    }
  }
  return deleted;
}
