import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, POOL } from '../platform/tokens.js';
import { type Place, placesOf } from './fair-order.js';
import { RegisterWatch } from './register-watch.js';
import { type KnownExecutor, readAlive, readExecutors } from './run-register.js';

/** Where a run stands and why it waits. */
export interface ShownPlace {
  readonly before: number;
  readonly text: string;
}

/** What holds runs up, for health. */
export interface QueueReport {
  readonly waiting: number;
  readonly executors: number;
  /** Why nothing is started just now; null while runs are. */
  readonly hold: string | null;
}

/** Milliseconds in which changes are gathered: a place that changes faster cannot be read. */
const PACE_MS = 250;
/** An executor that is killed says nothing: how often it is looked for while somebody waits, milliseconds. */
const LOOK_MS = 5_000;

type Watcher = (place: ShownPlace) => void;

/**
 * Tells waiting browsers their place. However many there are on this node, one reading of the register after a change (at
 * most four a second) serves them all; while nobody waits here, nothing is read.
 */
@Injectable()
export class RunPlaces implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(RunPlaces.name);
  readonly #watchers = new Map<string, Map<Watcher, string>>();
  #pending: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #stopWatching: () => void = () => {};

  constructor(
    @Inject(POOL) private readonly pool: pg.Pool,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'runsPerPerson'>,
    private readonly register: RegisterWatch,
  ) {}

  onModuleInit(): void {
    this.#stopWatching = this.register.onChange(() => this.#changed());
    this.#look = setInterval(() => this.#changed(), LOOK_MS);
    this.#look.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopWatching();
    clearInterval(this.#look);
    clearTimeout(this.#pending);
    this.#watchers.clear();
    await this.#reading;
  }

  /** Calls `watcher` with the place of a waiting run, soon and whenever it changes. Returns how to stop. */
  watch(run: string, watcher: Watcher): () => void {
    const there = this.#watchers.get(run) ?? new Map<Watcher, string>();
    this.#watchers.set(run, there.set(watcher, ''));
    this.#changed();
    return () => {
      there.delete(watcher);
      if (there.size === 0 && this.#watchers.get(run) === there) this.#watchers.delete(run);
    };
  }

  /** Throws when the database is away. */
  async report(): Promise<QueueReport> {
    const [alive, executors] = [await readAlive(this.pool), await readExecutors(this.pool)];
    return {
      waiting: alive.filter(({ state }) => state === 'waiting').length,
      executors: executors.filter(({ atWork }) => atWork).length,
      hold: holdUp(executors),
    };
  }

  #changed(): void {
    if (this.#watchers.size === 0 || this.#pending) return;
    this.#pending = setTimeout(() => {
      this.#pending = undefined;
      this.#reading = this.#tell().catch((error: unknown) => this.#log.warn(`places: ${String(error)}`));
    }, PACE_MS);
  }

  async #tell(): Promise<void> {
    await this.#reading;
    if (this.#watchers.size === 0) return;
    const places = placesOf(await readAlive(this.pool), this.configuration.runsPerPerson);
    const hold = holdUp(await readExecutors(this.pool));
    for (const [run, watchers] of this.#watchers) {
      const place = places.get(run);
      if (!place) continue; // it has just been started, or the reactor has not got to it
      const text = placeInWords(place, hold, this.configuration.runsPerPerson);
      for (const [watcher, last] of watchers) {
        if (last === text) continue;
        watchers.set(watcher, text);
        watcher({ before: place.before, text });
      }
    }
  }
}

/** Why no executor starts anything; null while one does. */
function holdUp(executors: readonly KnownExecutor[]): string | null {
  const atWork = executors.filter((executor) => executor.atWork);
  if (atWork.length === 0) return 'no executor is at work; it is started again by itself, or by the administrator';
  if (atWork.some(({ short }) => short === null)) return null;
  const short = [...new Set(atWork.map((executor) => NAMES[executor.short ?? ''] ?? executor.short))];
  return `the server is short of ${short.join(' and ')}`;
}

const NAMES: Readonly<Record<string, string>> = {
  processor: 'processor time',
  memory: 'memory',
  disk: 'disk space',
};

/** What comes after "waiting to start: ". */
export function placeInWords({ before, waitsForOwn }: Place, hold: string | null, runsPerPerson: number): string {
  if (waitsForOwn) {
    const own = runsPerPerson === 1 ? 'your other program' : `one of your other ${runsPerPerson} programs`;
    return `it starts when ${own} ends`;
  }
  const place =
    before === 0 ? 'it is next' : before === 1 ? '1 run starts before it' : `${before} runs start before it`;
  return hold === null ? place : `${place}; ${hold}`;
}
