/** How many messages a bucket holds, and how fast it fills again. */
export interface BucketSize {
  /** Messages that pass at once from a full bucket. */
  readonly capacity: number;
  /** Messages that come back in a minute. */
  readonly perMinute: number;
  /**
   * An empty bucket stays shut until it holds this many again, so that whoever must wait goes on for a while and is not
   * stopped anew by each message. At most `capacity`.
   */
  readonly reopensAt: number;
}

/**
 * A token bucket: every message takes one, time puts them back. Over any minute no more than `capacity + perMinute` pass.
 * Pure: the clock (milliseconds, never going back) is given with each call.
 */
export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #at: number;
  #shut = false;

  constructor(size: BucketSize, now: number) {
    this.#size = size;
    this.#tokens = size.capacity;
    this.#at = now;
  }

  /**
   * Takes `cost` tokens (a whole number from 1; the capacity is the most that anything costs) and returns 0, or takes nothing
   * and returns the milliseconds to wait (at least 1).
   */
  take(now: number, cost = 1): number {
    const price = Math.min(cost, this.#size.capacity);
    this.#fill(now);
    const wanted = this.#shut ? Math.max(price, this.#size.reopensAt) : price;
    if (this.#tokens < wanted) {
      this.#shut = true;
      return this.#wait(wanted);
    }
    this.#shut = false;
    this.#tokens -= price;
    return 0;
  }

  /** Milliseconds until the next message may pass, without taking anything; 0 if one may now. */
  waitFor(now: number): number {
    this.#fill(now);
    return this.#tokens < (this.#shut ? this.#size.reopensAt : 1) ? this.#wait(0) : 0;
  }

  /** Whether nothing has been taken that has not come back: a new bucket would be the same. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#size.capacity;
  }

  #fill(now: number): void {
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#size.capacity, this.#tokens + (elapsed * this.#size.perMinute) / 60_000);
    this.#at = Math.max(this.#at, now);
  }

  #wait(wanted: number): number {
    const missing = Math.max(wanted, this.#size.reopensAt) - this.#tokens;
    return Math.max(1, Math.ceil((missing * 60_000) / this.#size.perMinute));
  }
}
