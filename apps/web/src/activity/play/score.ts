import type { ActivityEntryDto, FileHistoryDto, HistoryRunDto, ReplayEdit } from '@palimpsest/protocol/wire';
import { countUpTo, PlayClock } from '../../replay/play-clock.js';
import { timesOf } from '../../replay/playback.js';

/** An edit of somebody whose activity is played. */
export interface PlayedEdit {
  readonly ms: number;
  readonly file: string;
  /** Number of the edit in its file, from 1. */
  readonly index: number;
}

/** A file that is written in, with the edits that were fetched of it. */
export interface PlayedFile {
  readonly history: FileHistoryDto;
  readonly pages: readonly { readonly first: number; readonly edits: readonly ReplayEdit[] }[];
}

/** A file after a number of its edits. */
export interface ShownText {
  readonly file: string;
  readonly index: number;
}

/** Rows that are played, oldest first: what happened in all files of a workspace, or in all that a person wrote in. */
export class Score {
  readonly rows: readonly ActivityEntryDto[];
  readonly histories: ReadonlyMap<string, FileHistoryDto>;
  /** Those of which the times are known. */
  readonly runs: ReadonlyMap<string, HistoryRunDto>;
  /** In the order of time; those of one file in the order of the file. */
  readonly edits: readonly PlayedEdit[];
  readonly #rowTimes: Float64Array;
  readonly #editTimes: Float64Array;
  readonly #runIds: readonly string[];
  readonly #runTimes: Float64Array;

  constructor(rows: readonly ActivityEntryDto[], files: readonly PlayedFile[], runs: readonly HistoryRunDto[] = []) {
    this.rows = rows.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
    this.#rowTimes = Float64Array.from(this.rows, ({ at }) => Date.parse(at));
    const runRows = this.rows.filter(({ kind, run }) => kind === 'run' && run !== null);
    this.#runIds = runRows.map(({ run }) => run ?? '');
    this.#runTimes = Float64Array.from(runRows, ({ at }) => Date.parse(at));
    this.runs = new Map(runs.map((run) => [run.id, run]));
    this.histories = new Map(files.map(({ history }) => [history.file, history]));
    this.edits = files.flatMap((file) => editsOf(file, rows)).sort((a, b) => a.ms - b.ms);
    this.#editTimes = Float64Array.from(this.edits, ({ ms }) => ms);
  }

  clock(skipsSilence: boolean): PlayClock {
    const ends = this.rows.flatMap(({ kind, until }) =>
      until !== null && (kind === 'run' || kind === 'input') ? [Date.parse(until)] : [],
    );
    const ofRuns = [...this.runs.values()].flatMap(timesOf);
    return new PlayClock([...this.#editTimes, ...this.#rowTimes, ...ends, ...ofRuns], skipsSilence);
  }

  /** Place of the row that began last by then; −1: none had. */
  rowAt(ms: number): number {
    return countUpTo(this.#rowTimes, ms) - 1;
  }

  timeOfRow(place: number): number {
    return this.#rowTimes[place] ?? 0;
  }

  /** Place of the edit that was made last by then; −1: none had been. */
  editAt(ms: number): number {
    return countUpTo(this.#editTimes, ms) - 1;
  }

  /** What was written in last by then; before the first edit its file as it was; undefined where nothing was written. */
  textAt(ms: number): ShownText | undefined {
    const edit = this.edits[this.editAt(ms)];
    const first = this.edits[0];
    return edit ?? (first && { file: first.file, index: first.index - 1 });
  }

  /** The text that is shown next after the one of this moment, where that is of another file. */
  nextFileAfter(ms: number): ShownText | undefined {
    const here = this.editAt(ms);
    const { file } = this.edits[Math.max(here, 0)] ?? {};
    return this.edits.find((edit, place) => place > here && edit.file !== file);
  }

  /** Runs that had been asked for by then, the latest first. */
  runsAt(ms: number, most: number): string[] {
    const count = countUpTo(this.#runTimes, ms);
    return this.#runIds.slice(Math.max(0, count - most), count).reverse();
  }
}

/** Those edits of a file that the rows stand for: a row has their revisions and whose they are. */
function editsOf({ history, pages }: PlayedFile, rows: readonly ActivityEntryDto[]): PlayedEdit[] {
  const stretches = stretchesOf(rows.filter(({ kind, file }) => kind === 'edit' && file === history.file));
  const played: PlayedEdit[] = [];
  let latest = -Infinity;
  for (const { first, edits } of pages)
    for (const [n, { ms, author, kind, revision }] of edits.entries()) {
      const writer = kind === 'program' ? ANY_PROGRAM : (history.authors[author]?.id ?? '');
      if (!stretches.get(writer)?.has(revision)) continue;
      // A server's clock may have been set back; a text never goes back.
      latest = Math.max(latest, ms);
      played.push({ ms: latest, file: history.file, index: first + n + 1 });
    }
  return played;
}

/** What programs wrote is theirs, whoever had started them. */
const ANY_PROGRAM = 'program';

/** Stretches of revisions, both ends inclusive. Those of one person in one file do not overlap. */
class Stretches {
  readonly #from: Float64Array;
  readonly #to: Float64Array;

  constructor(rows: readonly ActivityEntryDto[]) {
    const sorted = rows
      .map(({ firstRevision, lastRevision }) => ({ from: Number(firstRevision ?? 0), to: Number(lastRevision ?? -1) }))
      .sort((a, b) => a.from - b.from);
    this.#from = Float64Array.from(sorted, ({ from }) => from);
    this.#to = Float64Array.from(sorted, ({ to }) => to);
  }

  has(revision: number): boolean {
    return revision <= (this.#to[countUpTo(this.#from, revision) - 1] ?? -1);
  }
}

/** By who wrote them. */
function stretchesOf(rows: readonly ActivityEntryDto[]): ReadonlyMap<string, Stretches> {
  const byWriter = new Map<string, ActivityEntryDto[]>();
  for (const row of rows) {
    const writer = row.byProgram ? ANY_PROGRAM : row.by;
    const known = byWriter.get(writer);
    if (known) known.push(row);
    else byWriter.set(writer, [row]);
  }
  return new Map([...byWriter].map(([writer, some]) => [writer, new Stretches(some)]));
}
