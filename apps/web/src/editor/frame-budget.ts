/** Frames that may go one by one after a pause: each key then reaches others at once, and the replay shows it by itself. */
export const BURST = 60;

/** Milliseconds after which one frame more may go. */
export const REFILL = 350;

/**
 * How many frames with changes this page may send, over all of its files: the server bounds them for a person. In no minute
 * are there more than BURST + 60,000 / REFILL, which is 231.
 */
export class FrameBudget {
  #left = BURST;
  #countedAt = Date.now();

  /** Milliseconds until a frame may go; 0: now. */
  get wait(): number {
    this.#refill();
    return this.#left >= 1 ? 0 : Math.ceil((1 - this.#left) * REFILL);
  }

  /** A frame goes, be it that it should have waited. */
  spend(): void {
    this.#refill();
    this.#left -= 1;
  }

  /** A clock that was set back gives nothing. */
  #refill(): void {
    const now = Date.now();
    this.#left = Math.min(BURST, this.#left + Math.max(0, now - this.#countedAt) / REFILL);
    this.#countedAt = now;
  }
}
