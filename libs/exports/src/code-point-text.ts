import type { Splice } from './splices.js';

/** UTF-16 units of a piece at most. An edit copies one piece and counts over the others. */
const PIECE = 2_048;

interface Piece {
  readonly text: string;
  /** What a reader of the export counts: code points without carriage returns. */
  readonly points: number;
}

/** A splice as readers in other languages see it. */
export interface PointSplice {
  /** Code points before it, from 0. */
  readonly offset: number;
  readonly removed: string;
  readonly inserted: string;
}

/**
 * A text in which edits come with UTF-16 positions, as Yjs has them, and leave with code points, as Python counts them.
 *
 * Carriage returns are left out of everything that leaves: a reader that translates line ends would count otherwise. NUL
 * leaves as U+FFFD, since CSV readers end a field at it.
 */
export class CodePointText {
  #pieces: Piece[] = [];
  #length = 0;

  constructor(text = '') {
    this.#pieces = piecesOf(text);
    this.#length = text.length;
  }

  get length(): number {
    return this.#length;
  }

  /** As it is in the document. */
  toString(): string {
    return this.#pieces.map(({ text }) => text).join('');
  }

  /** Changes the text and tells the change as readers see it. Throws RangeError outside of the text. */
  splice({ at, remove, insert }: Splice): PointSplice {
    if (at < 0 || remove < 0 || at + remove > this.#length) throw new RangeError('a splice outside of the text');
    const start = this.#find(at);
    const end = this.#find(at + remove);
    const head = this.#text(start.index);
    const tail = this.#text(end.index);
    let [kept, left] = [head.slice(0, start.within), tail.slice(end.within)];
    let removed = this.#between(start, end);
    let inserted = insert;
    // Yjs puts U+FFFD for each half of a pair that a position divides: for a reader the whole character is replaced.
    if (isHigh(kept, kept.length - 1) && isLow(removed + left, 0)) {
      removed = kept.slice(-1) + removed;
      kept = kept.slice(0, -1);
      inserted = `\ufffd${inserted}`;
    }
    if (isLow(left, 0) && isHigh(removed, removed.length - 1)) {
      removed += left.slice(0, 1);
      left = left.slice(1);
      inserted += '\ufffd';
    }
    const fresh = piecesOf(kept + inserted + left);
    this.#pieces.splice(start.index, end.index - start.index + 1, ...fresh);
    this.#length += inserted.length - removed.length;
    return { offset: start.points + pointsOf(kept), removed: readable(removed), inserted: readable(inserted) };
  }

  /** The piece in which a position is, or at whose end; `points` are those before the piece. */
  #find(position: number): { index: number; within: number; points: number } {
    let points = 0;
    let before = 0;
    for (const [index, piece] of this.#pieces.entries()) {
      if (position <= before + piece.text.length) return { index, within: position - before, points };
      before += piece.text.length;
      points += piece.points;
    }
    return { index: this.#pieces.length, within: 0, points };
  }

  #text(index: number): string {
    return this.#pieces[index]?.text ?? '';
  }

  #between(start: { index: number; within: number }, end: { index: number; within: number }): string {
    if (start.index === end.index) return this.#text(start.index).slice(start.within, end.within);
    const middle = this.#pieces.slice(start.index + 1, end.index).map(({ text }) => text);
    return this.#text(start.index).slice(start.within) + middle.join('') + this.#text(end.index).slice(0, end.within);
  }
}

/** A text as it is exported, whole or in part. */
export function readable(text: string): string {
  return text.replaceAll('\r', '').replaceAll('\0', '\ufffd');
}

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}

/** In UTF-16 a second half of a pair counts nothing. */
function pointsOf(text: string): number {
  let points = 0;
  for (let at = 0; at < text.length; at++) if (text[at] !== '\r' && !isLow(text, at)) points += 1;
  return points;
}

/** No piece ends within a pair. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + PIECE);
    if (end < text.length && isHigh(text, end - 1)) end += 1;
    const part = text.slice(at, end);
    pieces.push({ text: part, points: pointsOf(part) });
    at = end;
  }
  return pieces;
}
