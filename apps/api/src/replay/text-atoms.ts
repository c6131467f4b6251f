import { TEXT_ROOT } from '@palimpsest/domain';
import * as Y from 'yjs';

/** Consecutive clocks of a client id of Yjs, numbered from `atom` on. */
interface Stretch {
  readonly clock: number;
  readonly atom: number;
  length: number;
}

/**
 * Numbers for UTF-16 units of a Yjs text, its *atoms*: those that somebody asks about, out of all that were ever written.
 * A unit keeps its id (client id and clock) for ever, and so its atom, whatever Yjs divides and joins.
 */
export class TextAtoms {
  readonly #byClient = new Map<number, Stretch[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Numbers these units, and returns the first number. `sort` before asking, unless a client's clocks only grew. */
  add(client: number, clock: number, length: number): number {
    const atom = this.#size;
    this.#size += length;
    const stretches = this.#byClient.get(client) ?? [];
    if (stretches.length === 0) this.#byClient.set(client, stretches);
    const last = stretches.at(-1);
    if (last && last.clock + last.length === clock && last.atom + last.length === atom) last.length += length;
    else stretches.push({ clock, atom, length });
    return atom;
  }

  sort(): void {
    for (const stretches of this.#byClient.values()) stretches.sort((a, b) => a.clock - b.clock);
  }

  /** Undefined for a unit that has no number. */
  atomOf(client: number, clock: number): number | undefined {
    let found: number | undefined;
    this.each(client, clock, 1, (atom) => (found = atom));
    return found;
  }

  /** Calls `visit` for what is numbered of these units, by ascending clocks. */
  each(client: number, clock: number, length: number, visit: (atom: number, length: number) => void): void {
    const stretches = this.#byClient.get(client) ?? [];
    for (let place = firstEndingAfter(stretches, clock); place < stretches.length; place++) {
      const stretch = stretches[place];
      if (!stretch || stretch.clock >= clock + length) return;
      const from = Math.max(clock, stretch.clock);
      const to = Math.min(clock + length, stretch.clock + stretch.length);
      visit(stretch.atom + from - stretch.clock, to - from);
    }
  }

  /** For each atom its place among all atoms in the order of the text; −1 for one that the document does not have. */
  ranksIn(doc: Y.Doc): Int32Array {
    const ranks = new Int32Array(this.#size).fill(-1);
    let rank = 0;
    for (let item = doc.getText(TEXT_ROOT)._start; item !== null; item = item.right)
      this.each(item.id.client, item.id.clock, item.length, (atom, length) => {
        for (let n = 0; n < length; n++) ranks[atom + n] = rank++;
      });
    return ranks;
  }
}

/** Calls `visit` for the pieces of the text that are to be seen, in order. */
export function eachVisible(doc: Y.Doc, visit: (client: number, clock: number, text: string) => void): void {
  for (let item = doc.getText(TEXT_ROOT)._start; item !== null; item = item.right)
    if (!item.deleted && item.content instanceof Y.ContentString)
      visit(item.id.client, item.id.clock, item.content.str);
}

function firstEndingAfter(stretches: readonly Stretch[], clock: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const stretch = stretches[middle];
    if (stretch && stretch.clock + stretch.length > clock) high = middle;
    else low = middle + 1;
  }
  return low;
}
