/**
 * Calls `flush` at once when something is marked after a quiet time, and otherwise no more often than every `intervalMs`:
 * one call then stands for everything that was marked meanwhile.
 */
export class Coalescer {
  readonly #intervalMs: number;
  readonly #flush: () => void;
  #last = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, flush: () => void) {
    this.#intervalMs = intervalMs;
    this.#flush = flush;
  }

  mark(): void {
    if (this.#timer) return;
    const rest = this.#last + this.#intervalMs - performance.now();
    if (rest <= 0) return this.#run();
    this.#timer = setTimeout(() => this.#run(), rest);
    this.#timer.unref();
  }

  /** Flushes now if something is marked. */
  finish(): void {
    if (this.#timer) this.#run();
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = performance.now();
    this.#flush();
  }
}
