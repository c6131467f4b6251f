import type { FileHistoryDto, HistoryRunDto } from '@palimpsest/protocol/wire';

/** Milliseconds of silence that are played; more is shortened to this. */
export const LONGEST_GAP = 2_000;

/** Where the replay stands: after `index` edits, at `ms` milliseconds since 1970. */
export interface Moment {
  readonly index: number;
  readonly ms: number;
}

type History = Pick<FileHistoryDto, 'edits' | 'runs' | 'readAt'>;

/**
 * When what happened. Between two edits lies a stretch of time in which programs run: at rest the replay shows the end of that
 * stretch, so that a text is seen together with what came of running it; while it plays it goes through the stretch.
 */
export class Playback {
  readonly runs: readonly HistoryRunDto[];
  /** Time of each edit, never before that of the edit before it: a server's clock may have been set back. */
  readonly #edits: Float64Array;
  /** Times of everything that can be seen to happen, ascending. */
  readonly #beats: Float64Array;
  /** For each beat the time at which it is played, gaps shortened; from 0. */
  readonly #played: Float64Array;

  constructor(history: History) {
    this.runs = [...history.runs].sort((a, b) => a.requestedAt - b.requestedAt);
    this.#edits = Float64Array.from(history.edits, ([ms]) => ms);
    for (let i = 1; i < this.#edits.length; i++) this.#edits[i] = Math.max(at(this.#edits, i), at(this.#edits, i - 1));
    this.#beats = Float64Array.from([...this.#edits, ...this.runs.flatMap(timesOf)]).sort();
    this.#played = shortened(this.#beats);
  }

  /** Number of edits. */
  get length(): number {
    return this.#edits.length;
  }

  /** Time of edit number `index` (from 1); of the first for 0. */
  timeOf(index: number): number {
    return at(this.#edits, Math.max(index, 1) - 1);
  }

  /** After `index` edits, with everything that came of them before the next. */
  at(index: number): Moment {
    const clamped = Math.min(Math.max(Math.trunc(index), 0), this.length);
    return { index: clamped, ms: this.#endOf(clamped) };
  }

  /** The run that was started next after `moment`, with what came of it. */
  nextRun(moment: Moment): Moment | null {
    const next = this.runs.find((run) => run.requestedAt > moment.ms);
    return next ? this.#atRun(next) : null;
  }

  /** The run before. From within a stretch the run that began it counts as before; from the run itself it does not. */
  previousRun(moment: Moment): Moment | null {
    const earlier = this.runs.map((run) => this.#atRun(run)).filter((stop) => stop.ms < moment.ms);
    return earlier.at(-1) ?? null;
  }

  /** How many edits came before the run was asked for. */
  indexOfRun(run: HistoryRunDto): number {
    return countUpTo(this.#edits, run.requestedAt);
  }

  get atRuns(): readonly Moment[] {
    return this.runs.map((run) => this.#atRun(run));
  }

  /** The moment `elapsed` milliseconds of playing later. */
  advance(moment: Moment, elapsed: number): Moment {
    const ms = this.#unplay(this.#play(moment.ms) + elapsed);
    return { index: Math.max(moment.index, countUpTo(this.#edits, ms)), ms };
  }

  /** Everything has been played. */
  isOver({ index, ms }: Moment): boolean {
    return index >= this.length && ms >= (this.#beats.at(-1) ?? 0);
  }

  /** Where playing begins at this moment: at the time of the edit, not at the end of what came of it. */
  startAt({ index, ms }: Moment): Moment {
    if (index === 0) return { index, ms: Math.min(ms, (this.#beats[0] ?? ms) - 1) };
    return { index, ms: this.timeOf(index) };
  }

  #atRun(run: HistoryRunDto): Moment {
    const index = this.indexOfRun(run);
    const next = this.runs.find((other) => other.requestedAt > run.requestedAt);
    const end = next ? Math.min(this.#endOf(index), next.requestedAt - 1) : this.#endOf(index);
    return { index, ms: Math.max(end, run.requestedAt) };
  }

  /** The last millisecond before the next edit; after the last edit all time that there is. */
  #endOf(index: number): number {
    if (index >= this.length) return Math.max(this.#beats.at(-1) ?? 0, this.timeOf(index) || 0);
    const next = at(this.#edits, index);
    return index === 0 ? next - 1 : Math.max(next - 1, at(this.#edits, index - 1));
  }

  #play(ms: number): number {
    const beat = countUpTo(this.#beats, ms) - 1;
    if (beat < 0) return 0;
    return at(this.#played, beat) + Math.min(ms - at(this.#beats, beat), LONGEST_GAP);
  }

  #unplay(played: number): number {
    const beat = Math.max(countUpTo(this.#played, played) - 1, 0);
    return at(this.#beats, beat) + (played - at(this.#played, beat));
  }
}

function at(numbers: Float64Array, index: number): number {
  return numbers[index] ?? 0;
}

function timesOf(run: HistoryRunDto): number[] {
  const times = [run.requestedAt, run.startedAt, run.finishedAt, ...run.output.map(([ms]) => ms)];
  return times.filter((ms) => ms !== null);
}

function shortened(beats: Float64Array): Float64Array {
  const played = new Float64Array(beats.length);
  for (let i = 1; i < beats.length; i++) {
    played[i] = at(played, i - 1) + Math.min(at(beats, i) - at(beats, i - 1), LONGEST_GAP);
  }
  return played;
}

/** How many of the ascending numbers are not above `limit`. */
function countUpTo(numbers: Float64Array, limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(numbers, middle) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
