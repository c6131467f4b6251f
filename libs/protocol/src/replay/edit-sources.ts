import { EDIT_KINDS, type EditKind } from './replay-page.js';

/** Who wrote something, when and how: an edit without what it did. */
export interface EditSource {
  readonly ms: number;
  /** Index into the file's authors. */
  readonly author: number;
  readonly kind: EditKind;
}

/** Kinds that fit beside the author in one number. */
export const KINDS = 16;
/** Sources that there is room for at first. */
const ROOM = 256;

/** Who made which edits, by number, ascending. In columns: a long text is of tens of thousands, which as objects cost more than all else. */
export class EditSources {
  #numbers = new Uint32Array(ROOM);
  #heads = new Uint32Array(ROOM);
  #times = new Float64Array(ROOM);
  #length = 0;
  /** Where the last one was found: mostly the next one is asked for next. */
  #last = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a later edit than all that are there. Throws RangeError for another one, and for numbers that no edit has. */
  add(number: number, { ms, author, kind }: EditSource): void {
    this.addHead(number, author * KINDS + EDIT_KINDS.indexOf(kind), ms);
  }

  /** The same, with author × KINDS + place of the kind in EDIT_KINDS as one number. */
  addHead(number: number, head: number, ms: number): void {
    if (number <= this.numberAt(this.#length - 1) || number >= 2 ** 32)
      throw new RangeError(`edit ${number} cannot be the next`);
    if (head >= 2 ** 32 || head % KINDS >= EDIT_KINDS.length) throw new RangeError('an edit is of an unknown kind');
    if (this.#length === this.#numbers.length) this.#grow();
    this.#numbers[this.#length] = number;
    this.#heads[this.#length] = head;
    this.#times[this.#length] = ms;
    this.#length += 1;
  }

  /** Number of the edit at this place; 0 for one before or behind all. */
  numberAt(place: number): number {
    return place >= 0 && place < this.#length ? (this.#numbers[place] ?? 0) : 0;
  }

  /** Undefined for an edit that is not among them. */
  get(number: number): EditSource | undefined {
    const place = this.#placeOf(number);
    const head = this.#heads[place] ?? 0;
    const kind = EDIT_KINDS[head % KINDS];
    if (this.#numbers[place] !== number || place >= this.#length || kind === undefined) return undefined;
    return { ms: this.#times[place] ?? 0, author: Math.floor(head / KINDS), kind };
  }

  copy(): EditSources {
    const copy = new EditSources();
    copy.#numbers = this.#numbers.slice();
    copy.#heads = this.#heads.slice();
    copy.#times = this.#times.slice();
    copy.#length = this.#length;
    return copy;
  }

  #placeOf(number: number): number {
    if (this.#numbers[this.#last] === number) return this.#last;
    if (this.#numbers[this.#last + 1] === number) return (this.#last += 1);
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return (this.#last = low);
  }

  #grow(): void {
    const size = 2 * this.#numbers.length;
    const [numbers, heads, times] = [new Uint32Array(size), new Uint32Array(size), new Float64Array(size)];
    numbers.set(this.#numbers);
    heads.set(this.#heads);
    times.set(this.#times);
    [this.#numbers, this.#heads, this.#times] = [numbers, heads, times];
  }
}
