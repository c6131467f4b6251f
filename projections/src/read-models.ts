import type { EventStore, Position } from '@palimpsest/event-store';
import type { Pool } from 'pg';
import { readCheckpoint } from './checkpoint.js';
import { ProjectionRunner } from './projection-runner.js';
import type { Projector } from './projector.js';
import { PROJECTORS, type ReadModelName } from './projectors.js';
import { type RebuildOptions, rebuildReadModel } from './rebuild.js';

/** How long a query waits for a position before it says that the read model is behind, milliseconds. */
const MAX_WAIT_MS = 5_000;

/** The read model has not got to the position in time. Nothing is lost: ask again. */
export class ReadModelBehind extends Error {
  readonly code = 'read-model-behind';
  constructor(name: string) {
    super(`The list "${name}" has not caught up yet: try again in a moment.`);
    this.name = 'ReadModelBehind';
  }
}

/** How to build several read models, one after the other: see RebuildOptions. */
export type RebuildAllOptions = Pick<RebuildOptions, 'ownerUrl' | 'onProgress' | 'signal'>;

/** All read models of one process: their runners, and waiting for a position. */
export class ReadModels {
  readonly #store: EventStore;
  readonly #pool: Pool;
  readonly #runners: readonly ProjectionRunner[];

  constructor(store: EventStore, pool: Pool, connectionString: string) {
    this.#store = store;
    this.#pool = pool;
    this.#runners = PROJECTORS.map((projector) => new ProjectionRunner({ store, pool, connectionString, projector }));
  }

  start(): void {
    for (const runner of this.#runners) runner.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
  }

  /** Why a projection has stopped, for health; empty when none has. */
  faults(): string[] {
    return this.#runners.flatMap((runner) => (runner.fault ? [runner.fault.message] : []));
  }

  /** Resolves when the read model holds everything up to `position`. Throws ReadModelBehind after five seconds. */
  async waitFor(name: ReadModelName, position: Position): Promise<void> {
    const deadline = performance.now() + MAX_WAIT_MS;
    while (!(await this.#reached(name, position))) {
      if (performance.now() > deadline) throw new ReadModelBehind(name);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /**
   * Builds every read model anew beside the live one; runners, of this process too, may go on meanwhile. Throws what
   * rebuildReadModel throws; those that were built before stay swapped.
   */
  async rebuildAll(options: RebuildAllOptions): Promise<void> {
    for (const projector of PROJECTORS) await this.#rebuild(projector, options);
    // What is no read model, the queue's reactor, begins anew only with another log: it would queue every old run again.
    await this.#pool.query(
      `update read.checkpoint set epoch = $1, position = null, fault = null, fault_position = null, fault_at = null
       where epoch <> $1`,
      [await this.#store.identity()],
    );
  }

  /**
   * Builds the read models whose tables are of an older version than this program's, or were never made, and returns their
   * names. One that belongs to another log is left as it is: whether that log is the right one is for a person to say.
   */
  async rebuildOutdated(options: RebuildAllOptions): Promise<string[]> {
    const built: string[] = [];
    for (const projector of PROJECTORS) {
      if (!(await this.#isOutdated(projector))) continue;
      await this.#rebuild(projector, options);
      built.push(projector.name);
    }
    return built;
  }

  async #isOutdated({ name, version }: Projector): Promise<boolean> {
    const stored = await readCheckpoint(this.#pool, name);
    if (!stored) return true;
    const ownLog = stored.epoch === null || stored.epoch === (await this.#store.identity());
    return ownLog && stored.version < version;
  }

  async #rebuild(projector: Projector, options: RebuildAllOptions): Promise<void> {
    await rebuildReadModel({ ...options, store: this.#store, projector });
  }

  async #reached(name: ReadModelName, position: Position): Promise<boolean> {
    const own = this.#runners.find((runner) => runner.name === name)?.position;
    if (own !== undefined && this.#store.comparePositions(own, position) >= 0) return true;
    const { rows } = await this.#pool.query<{ position: Position | null }>(
      'select position from read.checkpoint where projection = $1',
      [name],
    );
    const stored = rows[0]?.position;
    return stored != null && this.#store.comparePositions(stored, position) >= 0;
  }
}
