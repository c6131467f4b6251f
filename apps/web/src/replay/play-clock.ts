/** Milliseconds of silence that are played where silence is skipped; more is shortened to this. */
const LONGEST_GAP = 2_000;

/** Turns true time into time of playing and back: long silence between two things that can be seen to happen is shortened. */
export class PlayClock {
  /** When something can be seen to happen, ascending, milliseconds since 1970. */
  readonly beats: Float64Array;
  /** For each beat the time at which it is played; from 0. */
  readonly #played: Float64Array;
  readonly #longestGap: number;

  /** `times` in any order. */
  constructor(times: Iterable<number>, skipsSilence: boolean) {
    this.beats = Float64Array.from(times).sort();
    this.#longestGap = skipsSilence ? LONGEST_GAP : Infinity;
    this.#played = shortened(this.beats, this.#longestGap);
  }

  /** Milliseconds that it takes to play all. */
  get length(): number {
    return this.#played.at(-1) ?? 0;
  }

  /** When the moment is played. */
  play(ms: number): number {
    const beat = countUpTo(this.beats, ms) - 1;
    if (beat < 0) return 0;
    return at(this.#played, beat) + Math.min(ms - at(this.beats, beat), this.#longestGap);
  }

  /** The moment that is played then. */
  unplay(played: number): number {
    const beat = Math.max(countUpTo(this.#played, played) - 1, 0);
    return at(this.beats, beat) + (played - at(this.#played, beat));
  }
}

export function at(numbers: Float64Array, index: number): number {
  return numbers[index] ?? 0;
}

function shortened(beats: Float64Array, longestGap: number): Float64Array {
  const played = new Float64Array(beats.length);
  for (let i = 1; i < beats.length; i++) {
    played[i] = at(played, i - 1) + Math.min(at(beats, i) - at(beats, i - 1), longestGap);
  }
  return played;
}

/** How many of the ascending numbers are not above `limit`. */
export function countUpTo(numbers: Float64Array, limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(numbers, middle) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
