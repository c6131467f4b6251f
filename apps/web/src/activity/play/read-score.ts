import {
  type ActivityEntryDto,
  decodeReplayPage,
  type FileHistoryDto,
  type HistoryRunDto,
} from '@palimpsest/protocol/wire';
import { api, ApiProblem } from '../../api-client.js';
import type { ListPage } from '../../api-client.js';
import { type PlayedFile, Score } from './score.js';

/** Rows that are played at most, the newest of the time that was chosen. */
export const MOST_ROWS = 2_000;
/** Rows that are asked for at once: as many as the server gives. */
const ROWS_A_PAGE = 200;
/** A row has the times of its events, a page those of the edits in them. */
const TOLERANCE_MS = 60_000;
/** Runs of which the times are asked for at once, the newest; those of earlier ones are asked for when they are looked at. */
const RUNS_AT_ONCE = 100;
/** Pages of edits, and runs, that are fetched at the same time. */
const AT_A_TIME = 4;

export interface ReadScore {
  readonly score: Score;
  /** Earlier rows were left out. */
  readonly isCut: boolean;
  /** Files of which the history could not be had, by the name that they have in the rows. */
  readonly missing: readonly string[];
}

/** Everything that is played of a timeline at this address. The look at each file's history is recorded. Throws ApiProblem. */
export async function readScore(address: string): Promise<ReadScore> {
  const { rows, isCut } = await readRows(address);
  const files: PlayedFile[] = [];
  const missing: string[] = [];
  for (const [file, path] of filesIn(rows)) {
    const played = await readFile(file, rows).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.status === 404) return undefined;
      throw error;
    });
    if (played) files.push(played);
    else missing.push(path);
  }
  return { score: new Score(rows, files, await readRuns(rows)), isCut, missing };
}

async function readRows(address: string): Promise<{ readonly rows: ActivityEntryDto[]; readonly isCut: boolean }> {
  const rows: ActivityEntryDto[] = [];
  let next: string | null = `${address}${address.includes('?') ? '&' : '?'}limit=${ROWS_A_PAGE}`;
  while (next !== null && rows.length < MOST_ROWS) {
    const page: ListPage<ActivityEntryDto> = await api.page<ActivityEntryDto>(next);
    rows.push(...page.rows);
    next = page.next;
  }
  return { rows, isCut: next !== null };
}

function filesIn(rows: readonly ActivityEntryDto[]): Map<string, string> {
  return new Map(
    rows.flatMap(({ kind, file, path }) => (kind === 'edit' && file !== null ? [[file, path ?? file] as const] : [])),
  );
}

/** The overview of a file, and those of its pages in which something of the rows is. */
async function readFile(file: string, rows: readonly ActivityEntryDto[]): Promise<PlayedFile> {
  const history = await api.get<FileHistoryDto>(`/api/files/${file}/history`);
  const times = rows
    .filter((row) => row.kind === 'edit' && row.file === file)
    .map(({ at, until }) => ({ from: Date.parse(at), to: Date.parse(until ?? at) }));
  const isWanted = ({ startMs, endMs }: FileHistoryDto['pages'][number]) =>
    times.some(({ from, to }) => from <= endMs + TOLERANCE_MS && to >= startMs - TOLERANCE_MS);
  const wanted = history.pages.map((page, number) => ({ page, number })).filter(({ page }) => isWanted(page));
  const pages = await someAtATime(wanted, async ({ page, number }) => {
    const bytes = await api.bytes(`/api/files/${file}/history/pages/${number}?tag=${page.tag}`);
    // A page that grew since the overview has more than was announced.
    return { first: page.first, edits: decodeReplayPage(bytes).edits.slice(0, page.edits) };
  });
  return { history, pages };
}

/** Runs that are not in the list yet are left out. */
async function readRuns(rows: readonly ActivityEntryDto[]): Promise<HistoryRunDto[]> {
  const ids = rows.flatMap(({ kind, run }) => (kind === 'run' && run !== null ? [run] : [])).slice(0, RUNS_AT_ONCE);
  const runs = await someAtATime(ids, (id) =>
    api.get<HistoryRunDto>(`/api/runs/${id}/timeline`).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.status === 404) return undefined;
      throw error;
    }),
  );
  return runs.filter((run) => run !== undefined);
}

async function someAtATime<One, Made>(all: readonly One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let at = 0; at < all.length; at += AT_A_TIME)
    made.push(...(await Promise.all(all.slice(at, at + AT_A_TIME).map(make))));
  return made;
}
