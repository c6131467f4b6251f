import { ByteReader, ByteWriter } from '@palimpsest/domain';
import type { TextSplice } from '../history.js';

/** Version of the forms of pages and keyframes. Another form is another number, and what is kept in the old one is made anew. */
export const REPLAY_FORMAT = 1;

/**
 * How an edit came about, as far as it can be told from the log. Their places in this list are part of the format.
 * `put-back` is text that had been taken out shortly before: undone, or cut and moved. `server`: an upload or a template.
 */
export const EDIT_KINDS = [
  'typed',
  'pasted',
  'deleted',
  'offline',
  'program',
  'server',
  'restored',
  'put-back',
] as const;
export type EditKind = (typeof EDIT_KINDS)[number];

/** One edit of a file's text. */
export interface ReplayEdit {
  /** Milliseconds since 1970, by the server's clock. */
  readonly ms: number;
  /** Index into the file's authors. */
  readonly author: number;
  readonly kind: EditKind;
  /** Of the event that holds it. */
  readonly revision: number;
  /** Each on the text that the ones before it have left; positions in UTF-16 units. */
  readonly splices: readonly TextSplice[];
}

/** Consecutive edits of a file. */
export interface ReplayPage {
  /** Edits of the file before it. */
  readonly first: number;
  readonly edits: readonly ReplayEdit[];
}

/** Kinds that fit beside the author in one number. */
export const KINDS = 16;

/** Author and kind as one number: author × KINDS + place of the kind in EDIT_KINDS. */
export function headOf(author: number, kind: EditKind): number {
  return author * KINDS + EDIT_KINDS.indexOf(kind);
}

/** The reverse. Throws RangeError for a number that is none of them. */
export function sourceOfHead(head: number): { readonly author: number; readonly kind: EditKind } {
  const kind = EDIT_KINDS[head % KINDS];
  if (kind === undefined) throw new RangeError('an edit is of an unknown kind');
  return { author: Math.floor(head / KINDS), kind };
}

/**
 * A page as bytes: format, number of edits before it, count, milliseconds and revision of its start; for each edit the time
 * since the one before (signed: clocks are set back), author × 16 + kind, revisions since the one before, number of splices,
 * and for each of them where it begins (signed, from the end of the one before), units removed and units inserted; at the end
 * all inserted text as one piece of UTF-8 by its length. Numbers are LEB128, signed ones zigzag.
 */
export function encodeReplayPage({ first, edits }: ReplayPage): Uint8Array {
  const start = edits[0];
  const writer = new ByteWriter().varuint(REPLAY_FORMAT).varuint(first).varuint(edits.length);
  let ms = start?.ms ?? 0;
  let revision = start?.revision ?? 0;
  writer.varuint(ms).varuint(revision);
  const texts: string[] = [];
  let end = 0;
  for (const edit of edits) {
    writer.varuint(zigzag(edit.ms - ms)).varuint(headOf(edit.author, edit.kind));
    writer.varuint(edit.revision - revision).varuint(edit.splices.length);
    for (const [at, remove, insert] of edit.splices) {
      writer
        .varuint(zigzag(at - end))
        .varuint(remove)
        .varuint(insert.length);
      texts.push(insert);
      end = at + insert.length;
    }
    ({ ms, revision } = edit);
  }
  return writer.text(texts.join('')).finish();
}

/** Reads what `encodeReplayPage` made. Throws RangeError for anything else, TypeError for text that is not UTF-8. */
export function decodeReplayPage(bytes: Uint8Array): ReplayPage {
  const reader = new ByteReader(bytes);
  requireFormat(reader.varuint());
  const first = reader.varuint();
  const count = reader.varuint();
  const drafts: Draft[] = [];
  let ms = reader.varuint();
  let revision = reader.varuint();
  let end = 0;
  // `count` is a claim: each edit is read before room is made for the next.
  for (let n = 0; n < count; n++) {
    ms += unzigzag(reader.varuint());
    const source = sourceOfHead(reader.varuint());
    revision += reader.varuint();
    const places: Place[] = [];
    for (let left = reader.varuint(); left > 0; left--) {
      const place: Place = [end + unzigzag(reader.varuint()), reader.varuint(), reader.varuint()];
      if (place[0] < 0) throw new RangeError('a splice begins before the text');
      places.push(place);
      end = place[0] + place[2];
    }
    drafts.push({ ms, ...source, revision, places });
  }
  const text = reader.text();
  if (reader.remaining > 0) throw new RangeError(`a page has ${reader.remaining} bytes too many`);
  return { first, edits: withText(drafts, text) };
}

type Place = readonly [at: number, remove: number, length: number];
type Draft = Omit<ReplayEdit, 'splices'> & { readonly places: readonly Place[] };

function withText(drafts: readonly Draft[], text: string): ReplayEdit[] {
  let at = 0;
  const edits = drafts.map(({ places, ...edit }) => ({
    ...edit,
    splices: places.map(([from, remove, length]): TextSplice => [from, remove, text.slice(at, (at += length))]),
  }));
  if (at !== text.length) throw new RangeError('a page has another text than its edits');
  return edits;
}

export function requireFormat(format: number): void {
  if (format !== REPLAY_FORMAT)
    throw new RangeError(`the replay has format ${format}; this program reads ${REPLAY_FORMAT}: load it again`);
}

/** A signed number as one that is not: small ones stay small. */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
