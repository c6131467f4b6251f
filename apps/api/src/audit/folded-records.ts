/** One event in this time, milliseconds. */
const FOLD_MS = 60_000;

interface Flood<What> {
  what: What;
  /** Since the last event. */
  times: number;
  timer: NodeJS.Timeout;
}

/**
 * What may happen very often, as few events: the first at once, and while it goes on one a minute with its number. So a flood
 * cannot fill the log. What was counted and not recorded when a process is killed is lost; the first was not.
 */
export class FoldedRecords<What> {
  readonly #floods = new Map<string, Flood<What>>();

  /** `record` must not fail. */
  constructor(private readonly record: (what: What, times: number) => Promise<void>) {}

  /** Resolves when it is recorded, or counted for later. `key`: what is put together. */
  async note(key: string, what: What): Promise<void> {
    const flood = this.#floods.get(key);
    if (flood) {
      flood.times += 1;
      flood.what = what;
      return;
    }
    this.#floods.set(key, { what, times: 0, timer: this.#later(key) });
    await this.record(what, 1);
  }

  /** Records what has been counted. */
  async close(): Promise<void> {
    const open = [...this.#floods.values()];
    this.#floods.clear();
    for (const { timer } of open) clearTimeout(timer);
    await Promise.all(open.filter(({ times }) => times > 0).map(({ what, times }) => this.record(what, times)));
  }

  #later(key: string): NodeJS.Timeout {
    return setTimeout(() => this.#fold(key), FOLD_MS).unref();
  }

  #fold(key: string): void {
    const flood = this.#floods.get(key);
    if (!flood) return;
    if (flood.times === 0) return void this.#floods.delete(key);
    void this.record(flood.what, flood.times);
    flood.times = 0;
    flood.timer = this.#later(key);
  }
}
