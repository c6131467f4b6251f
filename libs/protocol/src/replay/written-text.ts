import type { TextSplice } from '../history.js';

/** A stretch of text: `length` UTF-16 units that edit number `edit` (from 1) wrote; with `step` 1 each next unit by the next edit. */
export interface EditSpan {
  readonly length: number;
  readonly edit: number;
  readonly step: 0 | 1;
}

/** Units of room that are made at once. */
const ROOM = 1_024;

/**
 * A text of which every UTF-16 unit knows the edit that wrote it. Both lie in arrays with one gap where the last change was,
 * so that an edit near the one before it moves next to nothing, and one anywhere moves some memory but makes no garbage.
 */
export class WrittenText {
  #units: Uint16Array;
  #edits: Uint32Array;
  #gapAt: number;
  #gapEnd: number;

  /** `edits` holds for each unit of `text` the number of its edit, from 1. */
  constructor(text = '', edits: Uint32Array = new Uint32Array(0)) {
    if (edits.length !== text.length) throw new RangeError('a text and its edits are not of one length');
    const size = text.length + ROOM;
    this.#units = new Uint16Array(size);
    this.#edits = new Uint32Array(size);
    for (let at = 0; at < text.length; at++) this.#units[at] = text.charCodeAt(at);
    this.#edits.set(edits);
    this.#gapAt = text.length;
    this.#gapEnd = size;
  }

  get length(): number {
    return this.#units.length - (this.#gapEnd - this.#gapAt);
  }

  /**
   * Does what edit number `edit` did. `onRemoved` gets the edits of the units that it takes out, before they are gone: a view
   * that is good until it returns. Throws RangeError for a place that is not in the text.
   */
  apply(edit: number, splices: readonly TextSplice[], onRemoved?: (edits: Uint32Array) => void): void {
    for (const [at, remove, insert] of splices) {
      if (at + remove > this.length) throw new RangeError(`an edit changes ${at} to ${at + remove} of ${this.length}`);
      this.#moveGap(at);
      if (remove > 0) onRemoved?.(this.#edits.subarray(this.#gapEnd, this.#gapEnd + remove));
      this.#gapEnd += remove;
      this.#makeRoom(insert.length);
      for (let n = 0; n < insert.length; n++) this.#units[this.#gapAt + n] = insert.charCodeAt(n);
      this.#edits.fill(edit, this.#gapAt, this.#gapAt + insert.length);
      this.#gapAt += insert.length;
    }
  }

  copy(): WrittenText {
    return new WrittenText(this.toString(), this.edits());
  }

  toString(): string {
    return unitsToString(this.#units, 0, this.#gapAt) + unitsToString(this.#units, this.#gapEnd, this.#units.length);
  }

  /** For each unit the number of the edit that wrote it. */
  edits(): Uint32Array {
    const edits = new Uint32Array(this.length);
    edits.set(this.#edits.subarray(0, this.#gapAt));
    edits.set(this.#edits.subarray(this.#gapEnd), this.#gapAt);
    return edits;
  }

  #moveGap(to: number): void {
    const by = to - this.#gapAt;
    for (const part of [this.#units, this.#edits])
      if (by < 0) part.copyWithin(this.#gapEnd + by, to, this.#gapAt);
      else part.copyWithin(this.#gapAt, this.#gapEnd, this.#gapEnd + by);
    this.#gapAt += by;
    this.#gapEnd += by;
  }

  #makeRoom(units: number): void {
    if (this.#gapEnd - this.#gapAt >= units) return;
    const more = units + ROOM + (this.#units.length >> 1);
    const after = this.#units.length - this.#gapEnd;
    const size = this.#units.length + more;
    const grown = { units: new Uint16Array(size), edits: new Uint32Array(size) };
    for (const [from, to] of [
      [this.#units, grown.units],
      [this.#edits, grown.edits],
    ] as const) {
      to.set(from.subarray(0, this.#gapAt));
      to.set(from.subarray(this.#gapEnd), size - after);
    }
    this.#units = grown.units;
    this.#edits = grown.edits;
    this.#gapEnd = size - after;
  }
}

/** The edits of all units, as few spans as say the same. */
export function spansOf(edits: Uint32Array): EditSpan[] {
  const spans: EditSpan[] = [];
  for (let at = 0; at < edits.length;) {
    const edit = edits[at] ?? 0;
    const step = edits[at + 1] === edit + 1 ? 1 : 0;
    let end = at + 1;
    while (end < edits.length && edits[end] === edit + step * (end - at)) end++;
    spans.push({ length: end - at, edit, step });
    at = end;
  }
  return spans;
}

/** Units that one call of `String.fromCharCode` takes: more arguments are more than the stack of some engines holds. */
const UNITS_A_CALL = 8_192;

function unitsToString(units: Uint16Array, from: number, to: number): string {
  const parts: string[] = [];
  for (let at = from; at < to; at += UNITS_A_CALL)
    // Not spread, which goes through an iterator: it takes three times as long.
    parts.push(Reflect.apply(String.fromCharCode, null, units.subarray(at, Math.min(at + UNITS_A_CALL, to))));
  return parts.join('');
}
