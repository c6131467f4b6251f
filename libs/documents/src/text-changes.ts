import { diffArrays } from 'diff';

/** At `at` (UTF-16 units of the text before any change) remove `remove` units and insert `insert`. */
export interface TextChange {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/**
 * Lines that are taken away or added before the search is given up: its time grows with the square of their number, and
 * this many take some 50 ms. By count and not by a clock, so that the same texts always give the same changes.
 */
const MAX_LINE_EDITS = 1_000;
/** The same for the characters of lines that were replaced by others. */
const MAX_CHARACTER_EDITS = 200;
/** Characters of replaced lines that are compared one by one. */
const MAX_COMPARED = 4_000;

/**
 * What makes `after` of `before`, in order and without overlap. First by lines; lines that were replaced by others are then
 * compared by characters, so that what a person changes elsewhere in the line stays. Where two pieces have less in common
 * than not, or more than is worth searching for, one replaces the other as a whole. No change divides a surrogate pair.
 */
export function changesBetween(before: string, after: string): TextChange[] {
  return betweenEnds(before, after, 0, (old, fresh, at) => {
    const pieces = piecesOf(linesOf(old), linesOf(fresh), MAX_LINE_EDITS);
    if (!pieces) return [{ at, remove: old.length, insert: fresh }];
    return changesOf(pieces, at).flatMap((change) => refined(before, change));
  });
}

/** A replaced piece, compared by characters. */
function refined(before: string, change: TextChange): TextChange[] {
  const old = before.slice(change.at, change.at + change.remove);
  if (old === '' || change.insert === '') return [change];
  return betweenEnds(old, change.insert, change.at, (rest, fresh, at) => {
    const whole = [{ at, remove: rest.length, insert: fresh }];
    if (rest === '' || fresh === '' || rest.length + fresh.length > MAX_COMPARED) return whole;
    const pieces = piecesOf([...rest], [...fresh], MAX_CHARACTER_EDITS);
    return pieces && keepsMost(pieces) ? changesOf(pieces, at) : whole;
  });
}

/** Leaves out what both begin and end with, and asks `compare` about the rest. */
function betweenEnds(
  before: string,
  after: string,
  offset: number,
  compare: (before: string, after: string, at: number) => TextChange[],
): TextChange[] {
  if (before === after) return [];
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  if (isHigh(before.charCodeAt(start - 1))) start -= 1;
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end))
    end += 1;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end -= 1;
  return compare(before.slice(start, before.length - end), after.slice(start, after.length - end), offset + start);
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

/** With their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

interface Piece {
  readonly kind: 'kept' | 'removed' | 'added';
  readonly text: string;
}

/** Undefined if they differ in more than `most` places. */
function piecesOf(before: string[], after: string[], most: number): Piece[] | undefined {
  const parts = diffArrays(before, after, { maxEditLength: most });
  return parts?.map(({ value, added, removed }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'kept',
    text: value.join(''),
  }));
}

function keepsMost(pieces: readonly Piece[]): boolean {
  const length = (kind: Piece['kind']) =>
    pieces.reduce((sum, piece) => sum + (piece.kind === kind ? piece.text.length : 0), 0);
  return length('kept') * 2 >= Math.max(length('removed'), length('added'));
}

function changesOf(pieces: readonly Piece[], offset: number): TextChange[] {
  const changes: { at: number; remove: number; insert: string }[] = [];
  let at = offset;
  let open: { at: number; remove: number; insert: string } | undefined;
  for (const { kind, text } of pieces) {
    if (kind === 'kept') {
      open = undefined;
      at += text.length;
      continue;
    }
    if (!open) changes.push((open = { at, remove: 0, insert: '' }));
    if (kind === 'added') open.insert += text;
    else {
      open.remove += text.length;
      at += text.length;
    }
  }
  return changes;
}
