import type { TextSplice } from '@palimpsest/protocol';
import * as Y from 'yjs';
import { eachVisible, TextAtoms } from './text-atoms.js';

/**
 * What each edit did to the text, as splices. Theory of operation.
 *
 * Yjs can tell that itself (`YTextEvent.delta`), by walking through the whole document for every edit: 100,000 edits of a
 * long text are minutes. But the order in which a CRDT has two characters never changes. So all edits are applied first, in
 * large transactions; the document then has the final order of everything that was ever in it; and a character's place in the
 * text at any moment is the number of characters before it in that order that were visible then. A Fenwick tree counts those
 * in logarithmic time. Characters that were deleted before the first of the edits do not matter and take no room.
 *
 * One thing is not in the order: where an edit parts the two halves of a character beyond U+FFFF, Yjs makes U+FFFD of both.
 * That is done here by the same rule: at the neighbours that a struct names and at the ends of what is deleted.
 */
export interface FoldedEdit {
  readonly splices: readonly TextSplice[];
  readonly inserted: string;
  readonly removed: string;
}

/** The text after some edits, and for each unit the number of the edit that wrote it. */
export interface FoldedText {
  readonly text: string;
  readonly edits: Uint32Array;
}

interface DecodedEdit {
  readonly structs: readonly { readonly client: number; readonly item: Y.Item }[];
  readonly deletions: readonly { readonly client: number; readonly clock: number; readonly len: number }[];
  /** Atoms of what it writes: from this up to the next edit's. */
  readonly firstAtom: number;
}

const WAITING = 0;
const VISIBLE = 1;
const GONE = 2;
const REPLACEMENT = 0xfffd;

export class TextFold {
  readonly #atoms = new TextAtoms();
  readonly #edits: DecodedEdit[] = [];
  readonly #clocks: Map<number, number>;
  readonly #base: FoldedText;
  /** Of all atoms, one after the other: text that is there at first, then what is written. */
  readonly #texts: string[];
  /** By rank. */
  #units = new Uint16Array();
  #states = new Uint8Array();
  #writtenBy = new Uint32Array();
  #ranks: Int32Array = new Int32Array();
  #counts = new VisibleCounts(0);

  /** `doc` as it is before the edits; `base` is its text. The document is read, and may change afterwards. */
  constructor(doc: Y.Doc, base: FoldedText) {
    this.#base = base;
    this.#texts = [base.text];
    this.#clocks = new Map([...doc.store.clients.keys()].map((client) => [client, Y.getState(doc.store, client)]));
    eachVisible(doc, (client, clock, text) => void this.#atoms.add(client, clock, text.length));
    this.#atoms.sort();
    if (this.#atoms.size !== base.text.length) throw new RangeError('the text is not the one of the document');
  }

  /** Takes the next edit, which will be the next that `next` tells about. Before `begin`. */
  add(update: Uint8Array): void {
    const { structs, ds } = Y.decodeUpdate(update);
    const firstAtom = this.#atoms.size;
    const items: { client: number; item: Y.Item }[] = [];
    for (const struct of structs) {
      const { client, clock } = struct.id;
      const known = this.#clocks.get(client) ?? 0;
      if (clock + struct.length <= known) continue;
      this.#clocks.set(client, clock + struct.length);
      if (!(struct instanceof Y.Item)) continue;
      items.push({ client, item: struct });
      if (!(struct.content instanceof Y.ContentString)) continue;
      const text = struct.content.str.slice(Math.max(0, known - clock));
      this.#atoms.add(client, clock + struct.length - text.length, text.length);
      this.#texts.push(text);
    }
    const deletions = [...ds.clients].flatMap(([client, ranges]) =>
      ranges.map(({ clock, len }) => ({ client, clock, len })),
    );
    this.#edits.push({ structs: items, deletions, firstAtom });
  }

  /** `doc` with all edits that were added. */
  begin(doc: Y.Doc): void {
    this.#ranks = this.#atoms.ranksIn(doc);
    const size = this.#atoms.size;
    this.#units = new Uint16Array(size);
    this.#states = new Uint8Array(size);
    this.#writtenBy = new Uint32Array(size);
    let atom = 0;
    for (const text of this.#texts)
      for (let at = 0; at < text.length; at++, atom++) {
        const rank = this.#ranks[atom] ?? -1;
        if (rank < 0) continue;
        this.#units[rank] = text.charCodeAt(at);
      }
    for (const [unit, edit] of this.#base.edits.entries()) {
      const rank = this.#ranks[unit] ?? -1;
      if (rank < 0) continue;
      this.#states[rank] = VISIBLE;
      this.#writtenBy[rank] = edit;
    }
    this.#counts = new VisibleCounts(size, this.#states);
  }

  /** What edit `index` of those added (from 0) did, as number `edit` of the file. To be asked for once each, in order. */
  next(index: number, edit: number): FoldedEdit {
    const decoded = this.#edits[index];
    if (!decoded) throw new RangeError(`there is no edit ${index}`);
    const divided = this.#divide(decoded, edit);
    const gone = this.#remove(decoded);
    const come = this.#insert(decoded.firstAtom, this.#edits[index + 1]?.firstAtom ?? this.#atoms.size, edit);
    return {
      splices: [...divided, ...merged(gone.places, come.places)],
      inserted: come.text,
      removed: gone.text,
    };
  }

  /** The text as it is after the edits so far. */
  now(): FoldedText {
    const length = this.#counts.total;
    const units = new Uint16Array(length);
    const edits = new Uint32Array(length);
    let at = 0;
    for (let rank = 0; rank < this.#states.length; rank++) {
      if (this.#states[rank] !== VISIBLE) continue;
      units[at] = this.#units[rank] ?? 0;
      edits[at] = this.#writtenBy[rank] ?? 0;
      at += 1;
    }
    return { text: Buffer.from(units.buffer).toString('utf16le'), edits };
  }

  #divide({ structs, deletions }: DecodedEdit, edit: number): TextSplice[] {
    const splices: TextSplice[] = [];
    const before = (client: number, clock: number) => splices.push(...this.#divideBefore(client, clock, edit));
    for (const { item } of structs) {
      if (item.origin) before(item.origin.client, item.origin.clock + 1);
      if (item.rightOrigin) before(item.rightOrigin.client, item.rightOrigin.clock);
    }
    for (const { client, clock, len } of deletions) {
      before(client, clock);
      before(client, clock + len);
    }
    return splices;
  }

  /** Makes U+FFFD of both halves where this unit is the second half of a character: that much of the text is this edit's. */
  #divideBefore(client: number, clock: number, edit: number): TextSplice[] {
    const right = this.#rankOf(client, clock);
    if (right === undefined || !isLow(this.#units[right] ?? 0)) return [];
    const left = this.#rankOf(client, clock - 1);
    if (left === undefined || !isHigh(this.#units[left] ?? 0)) return [];
    return [left, right].flatMap((rank): TextSplice[] => {
      this.#units[rank] = REPLACEMENT;
      if (this.#states[rank] !== VISIBLE) return [];
      this.#writtenBy[rank] = edit;
      return [[this.#counts.before(rank), 1, '\uFFFD']];
    });
  }

  #rankOf(client: number, clock: number): number | undefined {
    const atom = this.#atoms.atomOf(client, clock);
    const rank = atom === undefined ? -1 : (this.#ranks[atom] ?? -1);
    return rank < 0 ? undefined : rank;
  }

  #remove({ deletions }: DecodedEdit): { places: Removal[]; text: string } {
    const ranks: number[] = [];
    for (const { client, clock, len } of deletions)
      this.#atoms.each(client, clock, len, (atom, length) => {
        for (let n = 0; n < length; n++) {
          const rank = this.#ranks[atom + n] ?? -1;
          if (rank < 0) continue;
          if (this.#states[rank] === VISIBLE) ranks.push(rank);
          this.#states[rank] = GONE;
        }
      });
    ranks.sort((a, b) => a - b);
    const places: Removal[] = [];
    for (const rank of ranks) {
      this.#counts.add(rank, -1);
      const at = this.#counts.before(rank);
      const last = places.at(-1);
      if (last?.at === at) last.remove += 1;
      else places.push({ at, remove: 1 });
    }
    return { places, text: this.#textOf(ranks) };
  }

  #insert(from: number, to: number, edit: number): { places: Insertion[]; text: string } {
    const ranks: number[] = [];
    for (let atom = from; atom < to; atom++) {
      const rank = this.#ranks[atom] ?? -1;
      if (rank >= 0 && this.#states[rank] === WAITING) ranks.push(rank);
    }
    ranks.sort((a, b) => a - b);
    const places: (Insertion & { ranks: number[] })[] = [];
    for (const rank of ranks) {
      const at = this.#counts.before(rank);
      const last = places.at(-1);
      if (last?.at === at) last.ranks.push(rank);
      else places.push({ at, insert: '', ranks: [rank] });
    }
    for (const rank of ranks) {
      this.#states[rank] = VISIBLE;
      this.#writtenBy[rank] = edit;
      this.#counts.add(rank, 1);
    }
    for (const place of places) place.insert = this.#textOf(place.ranks);
    return { places, text: places.map(({ insert }) => insert).join('') };
  }

  #textOf(ranks: readonly number[]): string {
    if (ranks.length === 1) return String.fromCharCode(this.#units[ranks[0] ?? 0] ?? 0);
    return Buffer.from(Uint16Array.from(ranks, (rank) => this.#units[rank] ?? 0).buffer).toString('utf16le');
  }
}

/** Places in the text as it is after all removals and before any insertion. */
interface Removal {
  readonly at: number;
  remove: number;
}
interface Insertion {
  readonly at: number;
  insert: string;
}

/** Both, from the beginning of the text to its end, so that each place moves by what was inserted before it. */
function merged(removals: readonly Removal[], insertions: readonly Insertion[]): TextSplice[] {
  const splices: TextSplice[] = [];
  let moved = 0;
  for (let r = 0, i = 0; r < removals.length || i < insertions.length;) {
    const removal = removals[r];
    const insertion = insertions[i];
    const at = Math.min(removal?.at ?? Infinity, insertion?.at ?? Infinity);
    const remove = removal?.at === at ? removal.remove : 0;
    const insert = insertion?.at === at ? insertion.insert : '';
    splices.push([at + moved, remove, insert]);
    moved += insert.length;
    if (removal?.at === at) r += 1;
    if (insertion?.at === at) i += 1;
  }
  return splices;
}

/** How many of the first ranks are visible: a Fenwick tree. */
class VisibleCounts {
  readonly #sums: Int32Array;
  total = 0;

  constructor(size: number, states: Uint8Array = new Uint8Array(size)) {
    this.#sums = new Int32Array(size + 1);
    for (let at = 1; at <= size; at++) {
      const own = states[at - 1] === VISIBLE ? 1 : 0;
      this.total += own;
      const sum = (this.#sums[at] ?? 0) + own;
      this.#sums[at] = sum;
      const parent = at + (at & -at);
      if (parent <= size) this.#sums[parent] = (this.#sums[parent] ?? 0) + sum;
    }
  }

  add(rank: number, by: 1 | -1): void {
    this.total += by;
    for (let at = rank + 1; at < this.#sums.length; at += at & -at) this.#sums[at] = (this.#sums[at] ?? 0) + by;
  }

  before(rank: number): number {
    let sum = 0;
    for (let at = rank; at > 0; at -= at & -at) sum += this.#sums[at] ?? 0;
    return sum;
  }
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
