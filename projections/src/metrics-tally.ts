import { type Count, type Counts, type Fact, resultOf, resultOfRun, type ScriptResult } from './metrics-facts.js';

/**
 * Theory of operation. Facts are folded in the order of the log over what is known of the people and runs that they name, and
 * give additions to the rows of days. What is known (where somebody was last, how their last script ended, which runs have
 * not) is stored with the rows, so it does not matter where one batch ends and the next begins: the sums are of integers.
 */
export interface PersonState {
  readonly course: string;
  readonly person: string;
  /** Time of the last own action. */
  lastAt: Date;
  /** Day of the last script with a result; null: there was none. */
  resultDay: string | null;
  /** Type of the error in which it ended, '' for none. */
  resultError: string;
  /** How often in a row it repeated the one before it. */
  repeats: number;
}

export interface RunState {
  readonly run: string;
  readonly course: string;
  readonly person: string;
  /** Of its request: everything about a run counts for that day. */
  readonly day: string;
  readonly isPrompt: boolean;
  /** The last exception before its result, '' for none. */
  raised: string;
  hasResult: boolean;
}

export interface DayAddition {
  readonly course: string;
  readonly person: string;
  readonly day: string;
  lastAt: Date | null;
  readonly counts: Counts;
}

export type NamedWhat = 'outcome' | 'error' | 'limit';

export interface NamedAddition {
  readonly course: string;
  readonly person: string;
  readonly day: string;
  readonly what: NamedWhat;
  readonly name: string;
  count: number;
}

/** A pause up to this long is work, a longer one is none. Milliseconds. The toolkit of ProgSnap2 calls it idle_gap. */
export const IDLE_MS = 300_000;

/** Points of the Error Quotient (Jadud 2006) for a pair of scripts that both erred, and for the same error besides. */
const BOTH_ERRED = 8;
const SAME_ERROR = 3;
/** What a pair can have at most. */
export const MOST_POINTS = BOTH_ERRED + SAME_ERROR;

/** Longest name of an exception that is kept: it is as the program said it. */
const MAX_NAME = 80;

/** The day of the server's clock in UTC, as yyyy-mm-dd. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Density of `repeats` repetitions of an error in a row (Becker 2016), in millionths, so that sums are exact. */
export function densityMicros(repeats: number): number {
  return Math.round((1_000_000 * repeats * repeats) / (repeats + 1));
}

export class Tally {
  readonly days = new Map<string, DayAddition>();
  readonly named = new Map<string, NamedAddition>();
  readonly people = new Map<string, PersonState>();
  readonly runs = new Map<string, RunState>();
  readonly ended = new Set<string>();

  constructor(people: readonly PersonState[], runs: readonly RunState[]) {
    for (const state of people) this.people.set(`${state.course} ${state.person}`, state);
    for (const run of runs) this.runs.set(run.run, run);
  }

  add(fact: Fact): void {
    switch (fact.kind) {
      case 'act':
        return this.#act(fact, fact.counts);
      case 'asked':
        return this.#asked(fact);
      case 'limit':
        return this.#limit(fact);
      case 'raised':
      case 'result':
      case 'ended':
        return this.#ofRun(fact);
    }
  }

  /** An action of the person's own: the time since the one before is work if it was no longer than a pause. */
  #act({ person, course, at }: Pick<Extract<Fact, { kind: 'act' }>, 'person' | 'course' | 'at'>, counts: Counts): void {
    const key = `${course} ${person}`;
    const state = this.people.get(key);
    const day = this.#day(course, person, dayOf(at));
    const gap = state ? at.getTime() - state.lastAt.getTime() : 0;
    if (gap > 0 && gap <= IDLE_MS) plus(day.counts, 'active_ms', gap);
    for (const [name, count] of Object.entries(counts)) plus(day.counts, name as Count, count);
    if (day.lastAt === null || at > day.lastAt) day.lastAt = at;
    if (!state) this.people.set(key, { course, person, lastAt: at, resultDay: null, resultError: '', repeats: 0 });
    else if (at > state.lastAt) state.lastAt = at;
  }

  #asked(fact: Extract<Fact, { kind: 'asked' }>): void {
    const { run, course, person, at, isPrompt } = fact;
    this.#act(fact, isPrompt ? { prompts: 1 } : { runs: 1 });
    this.runs.set(run, { run, course, person, day: dayOf(at), isPrompt, raised: '', hasResult: false });
  }

  /** One that names no course counts for the course in which the person was last. */
  #limit({ person, course: named, at, limit, refusals }: Extract<Fact, { kind: 'limit' }>): void {
    const course = named ?? this.#lastCourse(person);
    if (course === undefined) return;
    const day = dayOf(at);
    plus(this.#day(course, person, day).counts, 'limits', refusals);
    this.#name({ course, person, day }, 'limit', limit, refusals);
  }

  #lastCourse(person: string): string | undefined {
    const there = [...this.people.values()].filter((state) => state.person === person);
    there.sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime() || (a.course < b.course ? -1 : 1));
    return there[0]?.course;
  }

  #ofRun(fact: Extract<Fact, { kind: 'raised' | 'result' | 'ended' }>): void {
    const run = this.runs.get(fact.run);
    if (!run) return; // of a run whose request is not in the log, or that has ended
    if (fact.kind === 'raised') {
      if (!run.hasResult) run.raised = nameOf(fact.exception);
      plus(this.#day(run.course, run.person, run.day).counts, 'errors', 1);
      return this.#name(run, 'error', nameOf(fact.exception), 1);
    }
    if (fact.kind === 'result') {
      if (fact.end) this.#result(run, resultOf(fact.end));
      return;
    }
    this.#result(run, resultOfRun(fact.outcome, run.raised));
    this.runs.delete(run.run);
    this.ended.add(run.run);
  }

  /** The first one counts: what comes after it is of the prompt that the script left behind. */
  #result(run: RunState, { count, name, error }: ScriptResult): void {
    if (run.isPrompt || run.hasResult) return;
    run.hasResult = true;
    const { counts } = this.#day(run.course, run.person, run.day);
    plus(counts, count, 1);
    this.#name(run, 'outcome', name, 1);
    if (error !== null) this.#compare(run, nameOf(error), counts);
  }

  /** With the script before it on the same day, which is a session in the sense of these figures. */
  #compare({ course, person, day }: RunState, error: string, counts: Counts): void {
    const state = this.people.get(`${course} ${person}`);
    if (!state) return;
    const isPair = state.resultDay === day;
    const isRepeated = isPair && error !== '' && error === state.resultError;
    plus(counts, 'results', 1);
    if (error !== '') plus(counts, 'result_errors', 1);
    if (isPair) plus(counts, 'result_pairs', 1);
    if (isPair && error !== '' && state.resultError !== '')
      plus(counts, 'error_points', isRepeated ? MOST_POINTS : BOTH_ERRED);
    if (isRepeated)
      plus(counts, 'repeated_error_micros', densityMicros(state.repeats + 1) - densityMicros(state.repeats));
    Object.assign(state, { resultDay: day, resultError: error, repeats: isRepeated ? state.repeats + 1 : 0 });
  }

  #day(course: string, person: string, day: string): DayAddition {
    const key = `${course} ${person} ${day}`;
    const known = this.days.get(key);
    if (known) return known;
    const made = { course, person, day, lastAt: null, counts: {} };
    this.days.set(key, made);
    return made;
  }

  #name(of: Pick<RunState, 'course' | 'person' | 'day'>, what: NamedWhat, name: string, count: number): void {
    const { course, person, day } = of;
    const key = `${course} ${person} ${day} ${what} ${name}`;
    const known = this.named.get(key);
    if (known) known.count += count;
    else this.named.set(key, { course, person, day, what, name, count });
  }
}

function plus(counts: Counts, name: Count, count: number): void {
  if (count !== 0) counts[name] = (counts[name] ?? 0) + count;
}

/** As a text column can hold it. */
function nameOf(name: string): string {
  return name
    .slice(0, MAX_NAME)
    .replaceAll('\u0000', '\ufffd')
    .replace(/[\ud800-\udfff]/gu, '\ufffd');
}
