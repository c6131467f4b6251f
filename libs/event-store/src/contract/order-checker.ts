/**
 * Watches a log while it is written to and says what was wrong with the order in which its events appeared.
 * Knows nothing of the port, so that it can be shown to find the fault of a store that has it.
 */
export interface Entry {
  readonly id: string;
  readonly position: string;
}

export interface WatchedLog {
  /** What lies behind a position, or all, in the log's order. */
  readAfter(position: string | undefined): Promise<readonly Entry[]>;
}

export class OrderChecker {
  private readonly stop = new AbortController();
  private readonly pollers: Promise<string[]>[];

  constructor(
    private readonly log: WatchedLog,
    pollers: number,
  ) {
    this.pollers = Array.from({ length: pollers }, () => this.poll());
  }

  /** To be called when the writers have ended. Empty if every committed id was seen once, by all, in one order. */
  async faults(committed: readonly string[]): Promise<string[]> {
    this.stop.abort();
    const seen = await Promise.all(this.pollers);
    const final = (await this.log.readAfter(undefined)).map(({ id }) => id);
    const faults = seen.flatMap((ids, poller) => compare(`poller ${poller}`, ids, final));
    return [...faults, ...compare('the log', [...final].sort(), [...committed].sort())];
  }

  /** Goes on after its last position, as a projection does. */
  private async poll(): Promise<string[]> {
    const seen: string[] = [];
    let position: string | undefined;
    for (let last = false; ;) {
      const entries = await this.log.readAfter(position);
      seen.push(...entries.map(({ id }) => id));
      position = entries.at(-1)?.position ?? position;
      if (entries.length > 0) continue;
      if (last) return seen;
      last = this.stop.signal.aborted; // one more look: what was committed before the stop must be there
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function compare(who: string, seen: readonly string[], expected: readonly string[]): string[] {
  if (seen.length === expected.length && seen.every((id, n) => id === expected[n])) return [];
  const missed = expected.filter((id) => !seen.includes(id)).length;
  const foreign = seen.filter((id) => !expected.includes(id)).length;
  return [
    `${who}: ${seen.length} of ${expected.length}, ${missed} missed, ${foreign} that should not be there, or another order`,
  ];
}
