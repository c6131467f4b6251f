import type { EventStore, Position } from '@palimpsest/event-store';
import type { Pool } from 'pg';
import { auditProjector } from './audit-projector.js';
import { directoryProjector } from './directory-projector.js';
import { ProjectionRunner, rebuild } from './projection-runner.js';
import type { Projector } from './projector.js';
import { runsProjector } from './runs-projector.js';

export const PROJECTORS: readonly Projector[] = [directoryProjector, runsProjector, auditProjector];

export type ReadModelName = 'directory' | 'runs' | 'audit';

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

  /** Empties all read models and builds them anew when the runners start. Only while none runs. */
  async rebuildAll(): Promise<void> {
    const epoch = await this.#store.identity();
    for (const projector of PROJECTORS) await rebuild(this.#pool, projector, epoch);
    // What is no read model, the queue's reactor, begins anew only with another log: it would queue every old run again.
    await this.#pool.query('update read.checkpoint set epoch = $1, position = null where epoch <> $1', [epoch]);
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
