import type { EditKind, ReplayPage } from '@palimpsest/protocol';

/** Milliseconds without an edit that count as a pause. */
export const PAUSE_MS = 120_000;
/** Edits of one slot of the summary: a page has twenty. */
const SLOT_EDITS = 100;

/** A stretch of edits, for the bar. */
export interface Slot {
  /** Time of its first edit. */
  readonly ms: number;
  readonly edits: number;
  /** Author's index and number of edits. */
  readonly by: readonly (readonly [author: number, edits: number])[];
}

/** What was pasted. */
export interface PasteMark {
  /** Number of the edit, from 1. */
  readonly edit: number;
  readonly ms: number;
  readonly author: number;
  readonly kind: EditKind;
  /** UTF-16 units. */
  readonly units: number;
  readonly lines: number;
}

/** Nobody changed the file for a while before this edit. */
export interface PauseMark {
  readonly edit: number;
  readonly ms: number;
  readonly author: number;
  /** Milliseconds that it lasted. */
  readonly lasted: number;
}

/** What the overview says of a page, so that it need not be read. */
export interface PageSummary {
  /** Time of its first edit. */
  readonly startMs: number;
  /** Time of its last edit. */
  readonly endMs: number;
  /** The latest time in it: a clock may have been set back. */
  readonly latestMs: number;
  readonly slots: readonly Slot[];
  readonly pastes: readonly PasteMark[];
  readonly pauses: readonly PauseMark[];
}

/** `before`: time of the last edit before the page; undefined: there was none. */
export function summaryOf(page: ReplayPage, before: number | undefined): PageSummary {
  return {
    startMs: page.edits[0]?.ms ?? 0,
    endMs: page.edits.at(-1)?.ms ?? 0,
    latestMs: page.edits.reduce((latest, { ms }) => Math.max(latest, ms), 0),
    slots: slotsOf(page),
    pastes: pastesOf(page),
    pauses: pausesOf(page, before),
  };
}

function slotsOf({ edits }: ReplayPage): Slot[] {
  const slots: Slot[] = [];
  for (let at = 0; at < edits.length; at += SLOT_EDITS) {
    const some = edits.slice(at, at + SLOT_EDITS);
    const by = new Map<number, number>();
    for (const { author } of some) by.set(author, (by.get(author) ?? 0) + 1);
    slots.push({ ms: some[0]?.ms ?? 0, edits: some.length, by: [...by] });
  }
  return slots;
}

function pastesOf({ first, edits }: ReplayPage): PasteMark[] {
  return edits.flatMap(({ ms, author, kind, splices }, n) => {
    if (kind !== 'pasted' && kind !== 'put-back') return [];
    const text = splices.map(([, , insert]) => insert).join('');
    return [{ edit: first + n + 1, ms, author, kind, units: text.length, lines: text.split('\n').length }];
  });
}

function pausesOf({ first, edits }: ReplayPage, before: number | undefined): PauseMark[] {
  let last = before;
  return edits.flatMap(({ ms, author }, n) => {
    const lasted = last === undefined ? 0 : ms - last;
    last = ms;
    return lasted > PAUSE_MS ? [{ edit: first + n + 1, ms, author, lasted }] : [];
  });
}
