import { EDIT_KINDS, type EditKind, headOf, KINDS, sourceOfHead } from './replay-page.js';

/** Who wrote something, when and how: an edit without what it did. */
export interface EditSource {
  readonly ms: number;
  /** Index into the file's authors. */
  readonly author: number;
  readonly kind: EditKind;
}

/** Sources that there is room for at first, where nobody knows how many there will be. */
const ROOM = 256;

/** Who made which edits, by number, ascending. In columns: a long text is of tens of thousands, which as objects cost more than all else. */
export class EditSources {
  #numbers: Uint32Array;
  #heads: Uint32Array;
  #times: Float64Array;
  #length = 0;
  /** Where the last one was found: mostly the next one is asked for next. */
  #last = 0;

  /** `room`: for how many there is room before it has to be made. */
  constructor(room = ROOM) {
    this.#numbers = new Uint32Array(room);
    this.#heads = new Uint32Array(room);
    this.#times = new Float64Array(room);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a later edit than all that are there. Throws RangeError for another one, and for numbers that no edit has. */
  add(number: number, { ms, author, kind }: EditSource): void {
    this.addHead(number, headOf(author, kind), ms);
  }

  /** The same, with author and kind as `headOf` gives them. */
  addHead(number: number, head: number, ms: number): void {
    if (number <= this.numberAt(this.#length - 1) || number >= 2 ** 32)
      throw new RangeError(`edit ${number} cannot be the next`);
    if (head >= 2 ** 32 || head % KINDS >= EDIT_KINDS.length) throw new RangeError('an edit is of an unknown kind');
    if (this.#length >= this.#numbers.length) this.#grow();
    this.#numbers[this.#length] = number;
    this.#heads[this.#length] = head;
    this.#times[this.#length] = ms;
    this.#length += 1;
  }

  /** Number of the edit at this place; 0 for one before or behind all. */
  numberAt(place: number): number {
    return place >= 0 && place < this.#length ? (this.#numbers[place] ?? 0) : 0;
  }

  /** Writes the numbers of `count` edits from this place on into `into`. Throws RangeError for more than there are. */
  copyNumbers(place: number, count: number, into: Uint32Array, at: number): void {
    if (place < 0 || place + count > this.#length) throw new RangeError(`there are no ${place + count} edits`);
    into.set(this.#numbers.subarray(place, place + count), at);
  }

  /** Undefined for an edit that is not among them. */
  get(number: number): EditSource | undefined {
    const place = this.placeOf(number);
    return place < 0 ? undefined : { ...sourceOfHead(this.headAt(place)), ms: this.msAt(place) };
  }

  /** Where the edit of this number is; −1: it is not among them. Quick for the next one after the one that was asked for last. */
  placeOf(number: number): number {
    const place = this.#search(number);
    return place < this.#length && this.#numbers[place] === number ? place : -1;
  }

  /** Author and kind of the edit at this place, as `headOf` gives them. */
  headAt(place: number): number {
    return this.#heads[place] ?? 0;
  }

  /** Milliseconds since 1970 of the edit at this place. */
  msAt(place: number): number {
    return this.#times[place] ?? 0;
  }

  copy(): EditSources {
    const copy = new EditSources();
    copy.#numbers = this.#numbers.slice();
    copy.#heads = this.#heads.slice();
    copy.#times = this.#times.slice();
    copy.#length = this.#length;
    return copy;
  }

  #search(number: number): number {
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
    const size = Math.max(ROOM, 2 * this.#numbers.length);
    const [numbers, heads, times] = [new Uint32Array(size), new Uint32Array(size), new Float64Array(size)];
    numbers.set(this.#numbers);
    heads.set(this.#heads);
    times.set(this.#times);
    [this.#numbers, this.#heads, this.#times] = [numbers, heads, times];
  }
}
