import { setImmediate as turn } from 'node:timers/promises';
import { isPasted } from '@palimpsest/domain';
import type { EditSources, ReplayEdit, ReplayKeyframe, ReplayPage } from '@palimpsest/protocol';
import * as Y from 'yjs';
import { type EditWay, kindOf } from './edit-kind.js';
import { type PageSummary, summaryOf } from './page-summary.js';
import { TextFold } from './text-fold.js';

/** Edits of a full page. Rooms write a snapshot as often (collaboration/snapshots), which is when pages are made ahead. */
export const PAGE_EDITS = 2_000;
/** Bytes of updates after which a page is full as well: large pastes must not make a page that nobody wants to load. */
export const PAGE_BYTES = 1_000_000;
/** Updates that are applied in one turn of the process, some 10 ms of it. */
const UPDATES_IN_TURN = 500;

/** An edit as the log has it. */
export interface LoggedEdit {
  readonly ms: number;
  readonly author: number;
  readonly way: EditWay;
  readonly update: Uint8Array;
  readonly revision: bigint;
  readonly eventId: string;
  /** Edits of its event up to and with this one. */
  readonly within: number;
}

/** Where building goes on: the document and the text after a number of edits. */
export interface BuildingBase {
  readonly doc: Y.Doc;
  readonly keyframe: ReplayKeyframe;
  /** Time of the last edit in it; undefined: there is none. */
  readonly lastMs: number | undefined;
}

export interface BuiltPage {
  readonly page: ReplayPage;
  /** The text after the page. */
  readonly keyframe: ReplayKeyframe;
  readonly summary: PageSummary;
  readonly last: LoggedEdit;
}

/** How many of the edits make up each full page, in order; what is left belongs to the page that still grows. */
export function fullPages(edits: readonly LoggedEdit[]): number[] {
  const pages: number[] = [];
  let count = 0;
  let bytes = 0;
  for (const { update } of edits) {
    count += 1;
    bytes += update.length;
    if (count < PAGE_EDITS && bytes < PAGE_BYTES) continue;
    pages.push(count);
    count = bytes = 0;
  }
  return pages;
}

/**
 * Makes pages of the edits that come after `base`, each of as many as `sizes` says, and hands them to `take` one by one. The
 * document of `base` is changed: it has the edits afterwards. `onFull` is called when it has those of the full pages only.
 */
export async function buildPages(
  base: BuildingBase,
  edits: readonly LoggedEdit[],
  sizes: readonly number[],
  take: (built: BuiltPage) => Promise<void>,
  onFull: (doc: Y.Doc) => void,
): Promise<void> {
  const fold = new TextFold(base.doc, base.keyframe);
  const full = fullPages(edits).reduce((sum, size) => sum + size, 0);
  await applyAll(base.doc, edits.slice(0, full), fold);
  if (full > 0) onFull(base.doc);
  await applyAll(base.doc, edits.slice(full), fold);
  fold.begin(base.doc);
  const sources = base.keyframe.sources.copy();
  let from = 0;
  let lastMs = base.lastMs;
  for (const size of sizes) {
    const logged = edits.slice(from, from + size);
    const first = base.keyframe.edit + from;
    const page = { first, edits: foldPage(fold, logged, first, from, sources) };
    const keyframe = { edit: first + size, ...fold.now(), sources };
    const last = logged.at(-1);
    if (!last) return;
    await take({ page, keyframe, summary: summaryOf(page, lastMs), last });
    lastMs = last.ms;
    from += size;
  }
}

async function applyAll(doc: Y.Doc, edits: readonly LoggedEdit[], fold: TextFold): Promise<void> {
  for (let at = 0; at < edits.length; at += UPDATES_IN_TURN) {
    const some = edits.slice(at, at + UPDATES_IN_TURN);
    doc.transact(() => {
      for (const { update } of some) Y.applyUpdate(doc, update);
    });
    for (const { update } of some) fold.add(update);
    await turn();
  }
}

function foldPage(
  fold: TextFold,
  logged: readonly LoggedEdit[],
  first: number,
  from: number,
  sources: EditSources,
): ReplayEdit[] {
  // Of this page only: a page must be the same whoever builds it, and whatever else with it.
  const lately = new Set<string>();
  return logged.map(({ ms, author, way, revision }, n) => {
    const number = first + n + 1;
    const { splices, inserted, removed } = fold.next(from + n, number);
    const kind = kindOf(way, inserted, removed, lately);
    if (isPasted(removed)) lately.add(removed);
    sources.add(number, { ms, author, kind });
    return { ms, author, kind, revision: Number(revision), splices };
  });
}
