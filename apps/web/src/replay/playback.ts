import type { HistoryRunDto, ReplayEdit } from '@palimpsest/protocol/wire';
import { at, countUpTo, PlayClock } from './play-clock.js';

/** Where the replay stands: after `index` edits of the file, at `ms` milliseconds since 1970. */
export interface Moment {
  readonly index: number;
  readonly ms: number;
}

/** What is played: the edits of one page, and the runs beside them. */
export interface Played {
  /** Edits of the file before the page. */
  readonly first: number;
  readonly edits: readonly Pick<ReplayEdit, 'ms'>[];
  /** Time of the first edit of the next page; undefined: this is the last. */
  readonly until: number | undefined;
  readonly runs: readonly HistoryRunDto[];
  /** Whether long silence is shortened. */
  readonly skipsSilence: boolean;
}

/**
 * When what happened. Between two edits lies a stretch of time in which programs run: at rest the replay shows the end of that
 * stretch, so that a text is seen together with what came of running it; while it plays it goes through the stretch. The
 * stretch after a page's last edit ends with the first edit of the next page.
 */
export class Playback {
  readonly first: number;
  /** Those that were asked for in the time of the page, by time. */
  readonly runs: readonly HistoryRunDto[];
  readonly #until: number | undefined;
  /** Time of each edit, never before that of the edit before it: a server's clock may have been set back. */
  readonly #edits: Float64Array;
  readonly #clock: PlayClock;

  constructor({ first, edits, until, runs, skipsSilence }: Played) {
    this.first = first;
    this.#until = until;
    this.#edits = Float64Array.from(edits, ({ ms }) => ms);
    for (let i = 1; i < this.#edits.length; i++) this.#edits[i] = Math.max(at(this.#edits, i), at(this.#edits, i - 1));
    const from = first === 0 ? -Infinity : at(this.#edits, 0);
    const isHere = (ms: number) => ms >= from && ms < (until ?? Infinity);
    this.runs = runs.filter((run) => isHere(run.requestedAt)).sort((a, b) => a.requestedAt - b.requestedAt);
    this.#clock = new PlayClock([...this.#edits, ...runs.flatMap(timesOf).filter(isHere)], skipsSilence);
  }

  /** Edits of the file up to the end of the page. */
  get end(): number {
    return this.first + this.#edits.length;
  }

  /** Time of edit number `index` (from 1); of the first of the page for what is before it. */
  timeOf(index: number): number {
    return at(this.#edits, Math.max(index - this.first, 1) - 1);
  }

  /** After `index` edits, with everything that came of them before the next. */
  at(index: number): Moment {
    const clamped = Math.min(Math.max(Math.trunc(index), this.first), this.end);
    return { index: clamped, ms: this.#endOf(clamped) };
  }

  /** The run that was started next after `moment`, with what came of it. */
  nextRun(moment: Moment): Moment | null {
    const next = this.runs.find((run) => run.requestedAt > moment.ms);
    return next ? this.atRun(next) : null;
  }

  /** The run before. From within a stretch the run that began it counts as before; from the run itself it does not. */
  previousRun(moment: Moment): Moment | null {
    return this.runs.map((run) => this.atRun(run)).findLast((stop) => stop.ms < moment.ms) ?? null;
  }

  atRun(run: HistoryRunDto): Moment {
    const index = this.first + countUpTo(this.#edits, run.requestedAt);
    const next = this.runs.find((other) => other.requestedAt > run.requestedAt);
    const end = next ? Math.min(this.#endOf(index), next.requestedAt - 1) : this.#endOf(index);
    return { index, ms: Math.max(end, run.requestedAt) };
  }

  /** The moment `elapsed` milliseconds of playing later. */
  advance(moment: Moment, elapsed: number): Moment {
    const ms = this.#clock.unplay(this.#clock.play(moment.ms) + elapsed);
    return { index: Math.max(moment.index, this.first + countUpTo(this.#edits, ms)), ms };
  }

  /** Everything of the page has been played. */
  isOver({ index, ms }: Moment): boolean {
    return index >= this.end && ms >= (this.#clock.beats.at(-1) ?? 0);
  }

  /** Where playing begins at this moment: at the time of the edit, not at the end of what came of it. */
  startAt({ index, ms }: Moment): Moment {
    if (index === this.first) return { index, ms: Math.min(ms, (this.#clock.beats[0] ?? ms) - 1) };
    return { index, ms: this.timeOf(index) };
  }

  /** The last millisecond before the next edit; after the last edit of the file all time that there is. */
  #endOf(index: number): number {
    const local = index - this.first;
    if (local >= this.#edits.length)
      return Math.max(
        this.#until === undefined ? (this.#clock.beats.at(-1) ?? 0) : this.#until - 1,
        this.timeOf(index),
      );
    const next = at(this.#edits, local);
    return local === 0 ? next - 1 : Math.max(next - 1, at(this.#edits, local - 1));
  }
}

/** When something of a run can be seen to happen. */
export function timesOf(run: HistoryRunDto): number[] {
  const times = [
    run.requestedAt,
    run.startedAt,
    run.finishedAt,
    ...run.output.map(([ms]) => ms),
    ...run.errors.map(({ ms }) => ms),
  ];
  return times.filter((ms) => ms !== null);
}
