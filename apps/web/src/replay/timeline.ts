import { Text } from '@codemirror/state';
import type { ReplayEdit, TextSplice } from '@palimpsest/protocol/wire';

/** Edits between two texts that are kept for good. */
const CHECKPOINT = 1_000;

/** A place in the text after an edit, in UTF-16 units; empty where something was only taken out. */
export interface ChangedRange {
  readonly from: number;
  readonly to: number;
}

/** What one edit did: where it shows in the text after it, and what it put in and took out. */
export interface Change {
  readonly ranges: readonly ChangedRange[];
  readonly inserted: string;
  readonly removed: string;
}

const NOTHING: Change = { ranges: [], inserted: '', removed: '' };

/** Edits of a file, the number of those before them, and the text that those have left. */
export interface TimelinePart {
  readonly first: number;
  readonly edits: readonly Pick<ReplayEdit, 'splices'>[];
  readonly text: string;
}

/**
 * The texts of a file after each edit of a page. Edits are numbered as in the file.
 *
 * Texts are CodeMirror's immutable ropes: an edit makes a new one that shares all but a few nodes with the one before, so a
 * text costs microseconds and little memory however long the file is. Every thousandth is kept; of the thousand around the
 * moment that is looked at, all are, so that a step back costs no more than a step forth. Nothing is computed before it is
 * asked for.
 */
export class Timeline {
  readonly #first: number;
  readonly #edits: TimelinePart['edits'];
  /** Text after `CHECKPOINT * i` edits of the page. */
  readonly #checkpoints: Text[];
  /** Texts after `CHECKPOINT * segment` edits, after one more, and so on, as far as was asked. */
  #segment: { number: number; texts: Text[] };

  constructor({ first, edits, text }: TimelinePart) {
    this.#first = first;
    this.#edits = edits;
    const start = Text.of(text.split('\n'));
    this.#checkpoints = [start];
    this.#segment = { number: 0, texts: [start] };
  }

  /** After `index` edits of the file; the nearest that the page has. */
  textAt(index: number): Text {
    const wanted = Math.min(Math.max(Math.trunc(index) - this.#first, 0), this.#edits.length);
    const number = Math.floor(wanted / CHECKPOINT);
    const texts = this.#openSegment(number);
    const start = number * CHECKPOINT;
    let text = texts.at(-1) ?? Text.empty;
    for (let next = start + texts.length - 1; next < wanted; next++) texts.push((text = this.#after(text, next)));
    return texts[wanted - start] ?? text;
  }

  /** What edit number `index` (from 1) did; nothing for one that is not in the page. */
  changeAt(index: number): Change {
    const edit = this.#edits[index - this.#first - 1];
    return edit ? changeOf(this.textAt(index - 1), edit.splices) : NOTHING;
  }

  #openSegment(number: number): Text[] {
    if (this.#segment.number !== number) this.#segment = { number, texts: [this.#checkpoint(number)] };
    return this.#segment.texts;
  }

  #checkpoint(number: number): Text {
    for (let have = this.#checkpoints.length; have <= number; have++) {
      let text = this.#checkpoints[have - 1] ?? Text.empty;
      for (let next = (have - 1) * CHECKPOINT; next < have * CHECKPOINT; next++) text = this.#after(text, next);
      this.#checkpoints.push(text);
    }
    return this.#checkpoints[number] ?? Text.empty;
  }

  #after(text: Text, edit: number): Text {
    return (this.#edits[edit]?.splices ?? []).reduce(spliced, text);
  }
}

/** Positions beyond the end are taken for the end: a replay shows what it can rather than nothing. */
function within(text: Text, [at, remove]: TextSplice): { readonly from: number; readonly to: number } {
  const from = Math.min(at, text.length);
  return { from, to: Math.min(from + remove, text.length) };
}

/** Lines end at `\n` alone: a `\r` is a character like others, or positions would not agree with the document's. */
function spliced(text: Text, splice: TextSplice): Text {
  const { from, to } = within(text, splice);
  return text.replace(from, to, Text.of(splice[2].split('\n')));
}

function changeOf(before: Text, splices: readonly TextSplice[]): Change {
  let text = before;
  let ranges: readonly ChangedRange[] = [];
  let inserted = '';
  let removed = '';
  for (const splice of splices) {
    const { from, to } = within(text, splice);
    const insert = splice[2];
    removed += text.sliceString(from, to);
    inserted += insert;
    ranges = [...ranges.map((range) => moved(range, from, to, insert.length)), { from, to: from + insert.length }];
    text = spliced(text, splice);
  }
  return { ranges, inserted, removed };
}

/** Where a range is after `from … to` was replaced by `length` units. */
function moved(range: ChangedRange, from: number, to: number, length: number): ChangedRange {
  const move = (position: number) =>
    position <= from ? position : position >= to ? position + length - (to - from) : from + length;
  return { from: move(range.from), to: move(range.to) };
}
