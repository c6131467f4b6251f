/**
 * Theory of operation. BullMQ takes the job with the smallest priority, and of those the one that got it first, on Postgres
 * and on Redis alike; it knows nothing of people. So fairness is in the priority: a run's *turn*, which is one more than the
 * number of scripts of the same person that are ahead of it, running or waiting. Everybody's first script comes before
 * anybody's second, however many the other has asked for, and over all executors, since there is one queue.
 *
 * A run whose turn is beyond the number of scripts that one person may have at once gets no job yet. When one ahead of it
 * ends, the turns of that person's others become smaller: their jobs move up, and one that had none gets one. Nobody starves:
 * a person with nothing running always has a run of turn 1, and those are taken in their order.
 *
 * Only scripts count. The prompt after a script holds no place, or one that is left open would keep its owner waiting.
 */

/** A run that has not ended. */
export interface AliveRun {
  readonly run: string;
  readonly person: string;
  readonly state: 'waiting' | 'script' | 'prompt';
  /** The turn that its job has; null while it has none. */
  readonly turn: number | null;
  /** Order of the jobs of one turn; null while it has none. */
  readonly turnNo: number | null;
}

export interface Turn {
  readonly run: string;
  readonly turn: number;
}

/** What has to change in the queue so that every job has its turn. `alive` is in the order of the requests. */
export function changedTurns(alive: readonly AliveRun[], runsPerPerson: number): readonly Turn[] {
  const turns = turnsOf(alive);
  return alive.flatMap(({ run, turn: had }) => {
    const turn = turns.get(run);
    return turn === undefined || turn === had || turn > runsPerPerson ? [] : [{ run, turn }];
  });
}

/** Where a waiting run stands. */
export interface Place {
  /** Runs that start before it, as things are now. */
  readonly before: number;
  /** It waits for its person's own scripts, whatever is free. */
  readonly waitsForOwn: boolean;
}

/** The place of every waiting run. `alive` is in the order of the requests. */
export function placesOf(alive: readonly AliveRun[], runsPerPerson: number): ReadonlyMap<string, Place> {
  const turns = turnsOf(alive);
  const waiting = alive
    .filter(({ run }) => turns.has(run))
    .map(({ run, turnNo }) => ({ run, turn: turns.get(run) ?? 0, turnNo: turnNo ?? Infinity }));
  // Stable: those that have no job yet stay in the order of their requests.
  waiting.sort((a, b) => a.turn - b.turn || (a.turnNo === b.turnNo ? 0 : a.turnNo - b.turnNo));
  return new Map(waiting.map(({ run, turn }, before) => [run, { before, waitsForOwn: turn > runsPerPerson }]));
}

/** The turn of every waiting run. */
function turnsOf(alive: readonly AliveRun[]): ReadonlyMap<string, number> {
  const ahead = new Map<string, number>();
  for (const { person, state } of alive) if (state === 'script') ahead.set(person, (ahead.get(person) ?? 0) + 1);
  const turns = new Map<string, number>();
  for (const { run, person, state } of alive) {
    if (state !== 'waiting') continue;
    const turn = (ahead.get(person) ?? 0) + 1;
    ahead.set(person, turn);
    turns.set(run, turn);
  }
  return turns;
}
