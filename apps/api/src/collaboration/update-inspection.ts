import { type LimitKind, MAX_TEXT_LENGTH, TEXT_ROOT } from '@palimpsest/domain';
import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { ClientOwners } from './client-owners.js';

/**
 * Looks into a Yjs update (encoding v1) before any document sees it. A Y.Doc applies what it can of a broken update, parks
 * what has gaps for ever, and believes every client id: so what is accepted here must be whole, in sequence, of the
 * expected kind, and by its own author. The rules follow docs/THREAT_MODEL.md; nothing here judges what a person writes.
 *
 * `Y.decodeUpdate` reads lazily, so a claimed count costs nothing until its bytes are there.
 */
export type Inspection =
  /** Nothing in it that the document does not have. */
  | { readonly kind: 'known' }
  | {
      readonly kind: 'news';
      /** Next clock of each client id after this update. */
      readonly clocks: ReadonlyMap<number, number>;
      /** Characters that it adds. */
      readonly added: number;
    }
  | Refusal;

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
  /** The update is good, but the document would become larger than it may be: this limit is reached. */
  readonly limit?: Extract<LimitKind, 'document-size' | 'client-ids'>;
}

export interface DocumentFacts {
  readonly doc: Y.Doc;
  /** Next clock of each client id, with what has been accepted but is not applied yet; undefined or 0 for an unknown one. */
  readonly clocks: { get(client: number): number | undefined };
  /** With what has been accepted but is not applied yet. */
  readonly owners: Pick<ClientOwners, 'ownerOf' | 'countOf'>;
  readonly textLength: number;
}

/** Most bytes of one update; a sync step 2 after time offline is the largest. */
export const MAX_UPDATE_BYTES = 900_000;
/**
 * Most client ids that one update may write under. Each is kept for as long as the file is, and an honest client brings one
 * for each time that the page was opened offline.
 */
const MAX_CLIENTS = 1_000;
/**
 * Most client ids that one person may have in one file. A page takes one each time that it is loaded and then written in, so
 * this is 40 times a day in a term of 125 days. Ids stay for ever: this many take 2.5 MB of memory while the file is open and
 * 80 kB of its snapshot, and 30 kB go to everybody who opens it; and characters of different ids at one place are
 * sorted by Yjs in quadratic time, some seconds for twice as many.
 */
export const MAX_CLIENTS_OF_PERSON = 5_000;
/** Clocks and client ids are 32-bit in every honest client; larger ones squat on another's future clocks. */
const MAX_NUMBER = 2 ** 32;

type Decoded = ReturnType<typeof Y.decodeUpdate>;
type Struct = Decoded['structs'][number];

const refused = (reason: string, limit?: Refusal['limit']): Refusal => ({
  kind: 'refused',
  reason,
  ...(limit && { limit }),
});

const tooManyIds = refused(
  `you have edited this file from ${MAX_CLIENTS_OF_PERSON} page loads, the most: copy it to a new one`,
  'client-ids',
);

/** Reads encoding v1, and tells where it stopped. */
class Reader extends Y.UpdateDecoderV1 {
  static last: decoding.Decoder | undefined;

  constructor(decoder: decoding.Decoder) {
    super(decoder);
    Reader.last = decoder;
  }
}

/** The whole update, or undefined: for one that is cut off, and for one with bytes behind its end, which would be stored. */
function decode(update: Uint8Array): Decoded | undefined {
  try {
    // Reads what the class given reads. One class for all: with one a call this took a third of the inspection.
    const decoded = Y.decodeUpdateV2(update, Reader);
    return Reader.last && decoding.hasContent(Reader.last) ? undefined : decoded;
  } catch {
    return undefined;
  } finally {
    Reader.last = undefined;
  }
}

/** Text and its deletion are all that a text document holds. A garbage-collected struct is welcome only where it is known. */
function contentProblem(struct: Struct): string | undefined {
  if (!(struct instanceof Y.Item)) return 'it has a garbage-collected or skipped range that the document does not know';
  const isText = struct.content instanceof Y.ContentString || struct.content instanceof Y.ContentDeleted;
  if (!isText || struct.parentSub !== null) return 'it has something else than text';
  // A struct that names neighbours takes its parent from them; the others name the root.
  if (struct.parent === null) return undefined;
  return (struct.parent as unknown) === TEXT_ROOT ? undefined : 'it has something else than text';
}

/** The neighbours that a struct names: Yjs would park it for ever if they never came. */
function neighbours(struct: Struct): Y.ID[] {
  return struct instanceof Y.Item ? [struct.origin, struct.rightOrigin].filter((id) => id !== null) : [];
}

/** Decides on `update` from `user`. Never throws and changes nothing. */
export function inspectUpdate(update: Uint8Array, user: string, facts: DocumentFacts): Inspection {
  if (update.length > MAX_UPDATE_BYTES) return refused(`it has more than ${MAX_UPDATE_BYTES} bytes`);
  const decoded = decode(update);
  if (!decoded) return refused('it is not a whole Yjs update');
  const next = new Map<number, number>();
  const named: Y.ID[] = [];
  let added = 0;
  let broughtIds = 0;
  for (const struct of decoded.structs) {
    const { client, clock } = struct.id;
    const end = clock + struct.length;
    if (client >= MAX_NUMBER || end >= MAX_NUMBER || struct.length <= 0)
      return refused('a number in it is out of range');
    const expected = next.get(client) ?? facts.clocks.get(client) ?? 0;
    if (end <= expected) continue;
    if (clock > expected) return refused('edits before these are missing: synchronise again');
    const owner = facts.owners.ownerOf(client);
    if (owner !== undefined && owner !== user) return refused('it would write in the name of another person');
    const problem = contentProblem(struct);
    if (problem !== undefined) return refused(problem);
    if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) added += struct.length;
    named.push(...neighbours(struct));
    if (owner === undefined && !next.has(client)) broughtIds += 1;
    next.set(client, end);
    if (next.size > MAX_CLIENTS) return refused(`it writes under more than ${MAX_CLIENTS} client ids`);
  }
  const known = (client: number) => next.get(client) ?? facts.clocks.get(client) ?? 0;
  if (named.some(({ client, clock }) => clock >= known(client)))
    return refused('it builds on text that the document does not know: synchronise again');
  if (facts.textLength + added > MAX_TEXT_LENGTH)
    return refused(`a file has at most ${MAX_TEXT_LENGTH} characters`, 'document-size');
  const deletion = inspectDeletions(decoded, facts, next);
  if (deletion === 'out-of-range') return refused('it deletes text that the document does not know: synchronise again');
  if (broughtIds > 0 && facts.owners.countOf(user) + broughtIds > MAX_CLIENTS_OF_PERSON) return tooManyIds;
  return next.size > 0 || deletion === 'news' ? { kind: 'news', clocks: next, added } : { kind: 'known' };
}

/** An up-to-date client still sends its whole delete set: that is no news. */
function inspectDeletions(
  decoded: Decoded,
  facts: DocumentFacts,
  next: ReadonlyMap<number, number>,
): 'known' | 'news' | 'out-of-range' {
  let news = false;
  for (const [client, ranges] of decoded.ds.clients) {
    const end = next.get(client) ?? facts.clocks.get(client) ?? 0;
    for (const range of ranges) {
      if (range.clock + range.len > end || range.len <= 0) return 'out-of-range';
      news ||= !isDeleted(facts.doc, client, range.clock, range.len);
    }
  }
  return news ? 'news' : 'known';
}

/** Whether every clock of the range is in the document and deleted. Walks the structs, which cover the range seamlessly. */
function isDeleted(doc: Y.Doc, client: number, clock: number, length: number): boolean {
  const structs = doc.store.clients.get(client);
  if (!structs || Y.getState(doc.store, client) < clock + length) return false;
  for (let at = clock; at < clock + length;) {
    const struct = structs[Y.findIndexSS(structs, at)];
    if (!struct?.deleted) return false;
    at = struct.id.clock + struct.length;
  }
  return true;
}
