import type { EventStore, Position, SubscriptionItem } from '@palimpsest/event-store';
import { type ClientBase, Client, type Pool } from 'pg';
import { applyEvents, batches, commitUpToPoison, delay, eventsOf, lastPosition } from './batches.js';
import { type Checkpoint, clearBeginningFault, moveCheckpoint, readCheckpoint, recordFault } from './checkpoint.js';
import { ForeignCheckpoint, ForeignReactor, ProjectionFault, ReadModelOutdated, ReadModelTooNew } from './faults.js';
import { filterOf, isReactor, type Projector } from './projector.js';

/**
 * Theory of operation. A runner feeds one projector from one subscription. What arrives while a transaction is under way
 * becomes the next batch (a timer only where the projector asks for one), and each batch is one transaction: the rows and the checkpoint move together or not at
 * all, so a crash between two batches repeats nothing and loses nothing.
 *
 * Only one runner of a projection works at a time, whatever the number of api processes: it holds a session-level advisory
 * lock on a connection of its own. A lock can outlive its holder's belief in it (a paused process, a cut connection), so the
 * checkpoint is the fence: it is moved only from the version, log and position at which this runner left it. It is moved
 * before the events are applied: a stale runner then touches no table at all, which after a rebuild may have another shape,
 * and the order of locks (checkpoint, then tables) is the one in which a rebuild swaps the tables.
 *
 * A subscription also says that it has passed over events that the projector does not need. That moves the position in
 * memory at once, and the checkpoint only now and then: a crash repeats the passing over, which changes nothing.
 *
 * A runner never makes or empties a table: that is the work of a rebuild, beside the live tables (rebuild.ts). When one has
 * swapped them, the checkpoint is elsewhere: the runner is fenced, takes another turn and goes on from there.
 *
 * An event that the projector cannot apply stops this projection alone, with its position; the others go on. So do tables of
 * another version and a checkpoint of another log. A runner that has stopped looks now and then whether somebody has done
 * something about it (skipped the event, rebuilt the tables), and only then tries again.
 */
export interface RunnerOptions {
  readonly store: EventStore;
  readonly pool: Pool;
  /** For the connection that holds the lock. */
  readonly connectionString: string;
  readonly projector: Projector;
  /** How long to wait before trying again for the lock, or after the database was away. Default 1,000 ms. */
  readonly retryMs?: number;
  /** How often a runner that has stopped looks for a reason to try again; one small query. Default 5,000 ms. */
  readonly recheckMs?: number;
}

/** How long the checkpoint may lag behind a position that only passed over events, milliseconds. */
const PASSED_OVER_MS = 1_000;

/** Another runner or a rebuild moved the checkpoint: this one is stale. */
class Fenced extends Error {}

export class ProjectionRunner {
  readonly #options: RunnerOptions;
  readonly #abort = new AbortController();
  #fault: ProjectionFault | undefined;
  /** The checkpoint as this runner left it; undefined before the first turn and where there is none. */
  #seen: Checkpoint | undefined;
  #position: Position | undefined;
  /** When the checkpoint was moved last: performance.now(). */
  #movedAt = 0;
  #finished: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.projector.name;
  }

  /** Why the projection has stopped, or undefined while it works or waits for its turn. */
  get fault(): ProjectionFault | undefined {
    return this.#fault;
  }

  /** How far this runner has got; undefined when another process runs the projection. */
  get position(): Position | undefined {
    return this.#position;
  }

  start(): void {
    this.#finished ??= this.#run();
  }

  /** Ends within a second; the batch under way is finished first. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#holdTurn();
      } catch (error) {
        if (error instanceof ProjectionFault) await this.#waitForChange(error);
        // Otherwise fenced, or the database is away: wait for another turn.
      }
      this.#position = undefined;
      await delay(this.#options.retryMs ?? 1_000, this.#abort.signal);
    }
  }

  /** Stopped, until the checkpoint or the skip list is another than the one with which it failed. */
  async #waitForChange(fault: ProjectionFault): Promise<void> {
    this.#fault = fault;
    this.#position = undefined;
    const failedWith = JSON.stringify(this.#seen);
    for (;;) {
      await delay(this.#options.recheckMs ?? 5_000, this.#abort.signal);
      if (this.#abort.signal.aborted) return;
      const now = await readCheckpoint(this.#options.pool, this.name).then(
        (checkpoint) => JSON.stringify(checkpoint),
        () => failedWith, // the database is away: nothing is known
      );
      if (now !== failedWith) break;
    }
    this.#fault = undefined;
  }

  /** Takes the lock if it is free and works until aborted, fenced or faulted. */
  async #holdTurn(): Promise<void> {
    const lock = new Client({ connectionString: this.#options.connectionString });
    let lost = false;
    const turn = new AbortController();
    const end = () => turn.abort();
    this.#abort.signal.addEventListener('abort', end);
    lock.on('error', () => {
      lost = true;
      end();
    });
    try {
      await lock.connect();
      const key = `palimpsest projection ${this.name}`;
      const { rows } = await lock.query<{ held: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as held',
        [key],
      );
      if (rows[0]?.held) await this.#work(turn.signal);
    } catch (error) {
      if (error instanceof ProjectionFault) await this.#record(error);
      throw error;
    } finally {
      end();
      this.#abort.signal.removeEventListener('abort', end);
      if (!lost) await lock.end().catch(() => undefined);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { store, projector, pool } = this.#options;
    const epoch = await store.identity();
    this.#seen = await this.#loadCheckpoint(epoch);
    const position = checkedPosition(projector, this.#seen, epoch);
    await clearBeginningFault(pool, this.name);
    this.#position = position;
    const { gatherMs = 0 } = projector;
    const subscription = store.subscribe({ after: position ?? 'start', ...filterOf(projector), gatherMs, signal });
    for await (const batch of batches(subscription, { idleMs: PASSED_OVER_MS })) {
      if (eventsOf(batch).length > 0) await commitUpToPoison(batch, (items) => this.#commit(items, epoch));
      else await this.#passOver(batch, epoch);
      if (signal.aborted) return;
    }
  }

  /** Nothing to apply: the checkpoint follows at the latest when nothing comes any more. */
  async #passOver(items: readonly SubscriptionItem[], epoch: string): Promise<void> {
    this.#position = lastPosition(items) ?? this.#position;
    const target = this.#position;
    if (target === undefined || target === (this.#seen?.position ?? undefined)) return;
    if (items.length > 0 && performance.now() - this.#movedAt < PASSED_OVER_MS) return;
    await this.#commit([{ kind: 'checkpoint', position: target }], epoch);
  }

  /** Binds a checkpoint that has read nothing to this log. Only a reactor has one made here: it needs no tables. */
  async #loadCheckpoint(epoch: string): Promise<Checkpoint | undefined> {
    const { pool, projector } = this.#options;
    if (isReactor(projector)) await enterReactor(pool, projector, epoch);
    await pool.query('update read.checkpoint set epoch = $2 where projection = $1 and epoch is null', [
      projector.name,
      epoch,
    ]);
    return readCheckpoint(pool, projector.name);
  }

  async #commit(items: readonly SubscriptionItem[], epoch: string): Promise<void> {
    const target = lastPosition(items);
    if (target === undefined) return;
    const client = await this.#options.pool.connect();
    // The pool listens to idle connections only: unheard, the loss of this one between two statements would end the process.
    client.on('error', ignore);
    let broken: Error | undefined;
    try {
      await client.query(this.#begin);
      await this.#apply(items, target, epoch, client);
      await client.query('commit');
      this.#arriveAt(target);
    } catch (error) {
      broken = error as Error;
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken !== undefined && !(broken instanceof ProjectionFault) ? broken : undefined);
    }
  }

  async #apply(
    items: readonly SubscriptionItem[],
    target: Position,
    epoch: string,
    transaction: ClientBase,
  ): Promise<void> {
    const { projector } = this.#options;
    const place = {
      projection: this.name,
      version: projector.version,
      epoch,
      position: this.#seen?.position ?? undefined,
    };
    const skipped = await moveCheckpoint(transaction, place, target);
    if (!skipped) throw new Fenced();
    await applyEvents(eventsOf(items), { projector, transaction, skipped, work: 'live' });
  }

  /**
   * Rows that a crash of the database takes back go with the checkpoint that knows them, and come again from the log: nobody
   * has to wait until they are on the disk. What a reactor does reaches further than its checkpoint, so it waits.
   */
  get #begin(): string {
    const begin = 'begin; set local search_path = read, pg_temp';
    return isReactor(this.#options.projector) ? begin : `${begin}; set local synchronous_commit = off`;
  }

  #arriveAt(position: Position): void {
    this.#position = position;
    this.#movedAt = performance.now();
    if (this.#seen) this.#seen = { ...this.#seen, position };
  }

  /** While the lock is still held: nobody else works, so the fault is the projection's and not only this process's. */
  async #record(fault: ProjectionFault): Promise<void> {
    if (this.#seen) await recordFault(this.#options.pool, this.name, this.#seen, fault).catch(() => undefined);
  }
}

/** A reactor's next version goes on where the one before it was: what it did is done. */
async function enterReactor(pool: Pool, { name, version }: Projector, epoch: string): Promise<void> {
  await pool.query(
    `insert into read.checkpoint as c (projection, version, epoch) values ($1, $2, $3)
     on conflict (projection) do update set version = excluded.version where c.version < excluded.version`,
    [name, version, epoch],
  );
}

/**
 * The position to go on from; undefined: from the log's start. Throws the fault that keeps this program from going on:
 * tables of another version or none, or a checkpoint of another log.
 */
export function checkedPosition(
  projector: Projector,
  checkpoint: Pick<Checkpoint, 'version' | 'epoch' | 'position'> | undefined,
  epoch: string,
): Position | undefined {
  const { name, version } = projector;
  if (!checkpoint) throw new ReadModelOutdated(name, undefined, version);
  if (checkpoint.version > version) throw new ReadModelTooNew(name, checkpoint.version, version);
  if (checkpoint.epoch !== null && checkpoint.epoch !== epoch)
    throw isReactor(projector) ? new ForeignReactor(name) : new ForeignCheckpoint(name);
  if (checkpoint.version < version) throw new ReadModelOutdated(name, checkpoint.version, version);
  return checkpoint.position ?? undefined;
}

/** The next statement rejects with the same trouble. */
function ignore(): void {}
