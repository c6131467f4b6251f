import type { ActivityEntryDto, FileHistoryDto, HistoryRunDto } from '@palimpsest/protocol/wire';
import { api, ApiProblem, type ListPage } from '../../api-client.js';
import { ReplaySource } from '../../replay/replay-source.js';
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
  /** By file: where its texts come from. */
  readonly sources: ReadonlyMap<string, ReplaySource>;
  /** Earlier rows were left out. */
  readonly isCut: boolean;
  /** Files of which the history could not be had, by the name that they have in the rows. */
  readonly missing: readonly string[];
}

/** Everything that is played of a timeline at this address. The look at each file's history is recorded. Throws ApiProblem. */
export async function readScore(address: string): Promise<ReadScore> {
  const { rows, isCut } = await readRows(address);
  const files: PlayedFile[] = [];
  const sources = new Map<string, ReplaySource>();
  const missing: string[] = [];
  for (const [file, path] of filesIn(rows)) {
    const read = await ifThere(readFile(file, rows));
    if (read) {
      files.push(read.played);
      sources.set(file, read.source);
    } else missing.push(path);
  }
  return { score: new Score(rows, files, await readRuns(rows)), sources, isCut, missing };
}

/** Undefined for what is not there, or not for this person. */
function ifThere<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 404) return undefined;
    throw error;
  });
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

interface ReadFile {
  readonly played: PlayedFile;
  readonly source: ReplaySource;
}

/** The overview of a file, and the edits of those of its pages in which something of the rows is. */
async function readFile(file: string, rows: readonly ActivityEntryDto[]): Promise<ReadFile> {
  const history = await api.get<FileHistoryDto>(`/api/files/${file}/history`);
  const source = new ReplaySource(history, api.bytes);
  const times = rows
    .filter((row) => row.kind === 'edit' && row.file === file)
    .map(({ at, until }) => ({ from: Date.parse(at), to: Date.parse(until ?? at) }));
  const isWanted = ({ startMs, endMs }: FileHistoryDto['pages'][number]) =>
    times.some(({ from, to }) => from <= endMs + TOLERANCE_MS && to >= startMs - TOLERANCE_MS);
  const wanted = history.pages.map((page, number) => ({ page, number })).filter(({ page }) => isWanted(page));
  const pages = await someAtATime(wanted, async ({ page, number }) => {
    return { first: page.first, edits: await source.edits(number) };
  });
  return { played: { history, pages }, source };
}

/** Runs that are not in the list yet are left out. */
async function readRuns(rows: readonly ActivityEntryDto[]): Promise<HistoryRunDto[]> {
  const ids = rows.flatMap(({ kind, run }) => (kind === 'run' && run !== null ? [run] : [])).slice(0, RUNS_AT_ONCE);
  const runs = await someAtATime(ids, (id) => ifThere(readRun(id)));
  return runs.filter((run) => run !== undefined);
}

/** A run with the times of what it printed and was told. Throws ApiProblem. */
export function readRun(id: string): Promise<HistoryRunDto> {
  return api.get<HistoryRunDto>(`/api/runs/${id}/timeline`);
}

async function someAtATime<One, Made>(all: readonly One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let at = 0; at < all.length; at += AT_A_TIME)
    made.push(...(await Promise.all(all.slice(at, at + AT_A_TIME).map(make))));
  return made;
}
