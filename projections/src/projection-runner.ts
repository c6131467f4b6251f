import type { EventStore, Position, RecordedEvent, SubscriptionItem } from '@palimpsest/event-store';
import { type ClientBase, Client, type Pool } from 'pg';
import type { Projector } from './projector.js';

/**
 * Theory of operation. A runner feeds one projector from one subscription. What arrives while a transaction is under way
 * becomes the next batch (no timer), and each batch is one transaction: the rows and the checkpoint move together or not at
 * all, so a crash between two batches repeats nothing and loses nothing.
 *
 * Only one runner of a projection works at a time, whatever the number of api processes: it holds a session-level advisory
 * lock on a connection of its own. A lock can outlive its holder's belief in it (a paused process, a cut connection), so the
 * checkpoint is the fence: it is moved only from the value that this runner left it at. A stale runner's transaction
 * changes no row there and rolls back.
 *
 * An event that the projector cannot apply stops this projection alone, with its position; the others go on.
 */
export interface RunnerOptions {
  readonly store: EventStore;
  readonly pool: Pool;
  /** For the connection that holds the lock. */
  readonly connectionString: string;
  readonly projector: Projector;
  /** How long to wait before trying again for the lock, or after the database was away. Default 1,000 ms. */
  readonly retryMs?: number;
}

/** Events in one transaction at most: bounds its memory and how long the checkpoint's row stays locked. */
const MAX_BATCH = 500;
/** Events waiting in memory at most; more are left in the subscription, which is bounded itself. */
const MAX_WAITING = 2_000;

/** The event at `position` cannot be applied: the projection has stopped there. */
export class ProjectionStopped extends Error {
  readonly code = 'projection-stopped';
  constructor(projector: string, event: RecordedEvent, cause: unknown) {
    super(
      `The read model "${projector}" has stopped at position ${event.position} (${event.type} in ${event.stream}): ${String(cause)}`,
      { cause },
    );
    this.name = 'ProjectionStopped';
  }
}

/** The checkpoint belongs to another log: the store was restored or exchanged. */
export class ForeignCheckpoint extends Error {
  readonly code = 'foreign-checkpoint';
  constructor(projector: string) {
    super(
      `The read model "${projector}" was built from another event log (the store was restored or exchanged). Rebuild it: start once with --rebuild-read-models.`,
    );
    this.name = 'ForeignCheckpoint';
  }
}

/** Another runner moved the checkpoint: this one is stale. */
class Fenced extends Error {}

interface Checkpoint {
  readonly position: Position | undefined;
}

export class ProjectionRunner {
  readonly #options: RunnerOptions;
  readonly #abort = new AbortController();
  #fault: Error | undefined;
  #position: Position | undefined;
  #finished: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.projector.name;
  }

  /** Why the projection has stopped, or undefined while it works or waits for its turn. */
  get fault(): Error | undefined {
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
        if (isFinal(error)) {
          this.#fault = error;
          return;
        }
        // Fenced, or the database is away: wait for another turn.
      }
      this.#position = undefined;
      await delay(this.#options.retryMs ?? 1_000, this.#abort.signal);
    }
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
    } finally {
      this.#abort.signal.removeEventListener('abort', end);
      if (!lost) await lock.end().catch(() => undefined);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { store, projector } = this.#options;
    const epoch = await store.identity();
    const checkpoint = await this.#loadCheckpoint(epoch);
    this.#position = checkpoint.position;
    const subscription = store.subscribe({
      after: checkpoint.position ?? 'start',
      ...(projector.streamPrefixes ? { filter: { streamPrefixes: projector.streamPrefixes } } : {}),
      signal,
    });
    for await (const batch of batches(subscription)) {
      await this.#apply(batch);
      if (signal.aborted) return;
    }
  }

  async #loadCheckpoint(epoch: string): Promise<Checkpoint> {
    const { pool, projector } = this.#options;
    await pool.query(
      `insert into read.checkpoint (projection, version, epoch) values ($1, $2, $3) on conflict (projection) do nothing`,
      [projector.name, projector.version, epoch],
    );
    const { rows } = await pool.query<{ version: number; epoch: string; position: Position | null }>(
      'select version, epoch, position from read.checkpoint where projection = $1',
      [projector.name],
    );
    const row = rows[0];
    if (!row) throw new Fenced();
    if (row.epoch !== epoch) throw new ForeignCheckpoint(projector.name);
    if (row.version === projector.version) return { position: row.position ?? undefined };
    await rebuild(pool, projector, epoch);
    return { position: undefined };
  }

  async #apply(items: readonly SubscriptionItem[]): Promise<void> {
    const target = lastPosition(items);
    if (target === undefined) return;
    const client = await this.#options.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      for (const item of items) if (item.kind === 'event') await this.#applyEvent(item.event, client);
      await this.#moveCheckpoint(client, target);
      await client.query('commit');
      this.#position = target;
    } catch (error) {
      broken = error as Error;
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken !== undefined && !isFinal(broken) ? broken : undefined);
    }
  }

  async #applyEvent(event: RecordedEvent, client: ClientBase): Promise<void> {
    try {
      await this.#options.projector.apply(event, client);
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      throw new ProjectionStopped(this.name, event, error);
    }
  }

  async #moveCheckpoint(client: ClientBase, target: Position): Promise<void> {
    const { rowCount } = await client.query(
      `update read.checkpoint set position = $2, updated_at = clock_timestamp()
       where projection = $1 and position is not distinct from $3`,
      [this.name, target, this.#position ?? null],
    );
    if (rowCount !== 1) throw new Fenced();
  }
}

/** Empties the read model and puts its checkpoint back to the start of the log `epoch`. */
export async function rebuild(pool: Pool, projector: Projector, epoch: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`truncate ${projector.tables.join(', ')}`);
    await client.query(
      `insert into read.checkpoint (projection, version, epoch, position) values ($1, $2, $3, null)
       on conflict (projection) do update set version = excluded.version, epoch = excluded.epoch, position = null`,
      [projector.name, projector.version, epoch],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

function isFinal(error: unknown): error is Error {
  return error instanceof ProjectionStopped || error instanceof ForeignCheckpoint;
}

/** SQLSTATE classes 08, 57P and 40 (connection, shutdown, serialisation), and node's own socket errors: worth another try. */
function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return /connection terminated|not queryable/i.test(String(error));
  return /^(08|57P|40|53)/.test(code) || /^E[A-Z]+$/.test(code);
}

function lastPosition(items: readonly SubscriptionItem[]): Position | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item?.kind === 'event') return item.event.position;
    if (item?.kind === 'checkpoint') return item.position;
  }
  return undefined;
}

/** Groups what has arrived while the consumer was busy. Stops reading ahead at MAX_WAITING items. */
async function* batches(source: AsyncIterable<SubscriptionItem>): AsyncGenerator<SubscriptionItem[]> {
  const waiting: SubscriptionItem[] = [];
  let ended = false;
  let failure: unknown;
  let wake = () => {};
  let drained = () => {};
  const pump = (async () => {
    for await (const item of source) {
      waiting.push(item);
      wake();
      if (waiting.length >= MAX_WAITING) await new Promise<void>((resolve) => (drained = resolve));
    }
  })()
    .catch((error: unknown) => (failure = error))
    .finally(() => {
      ended = true;
      wake();
    });
  while (!ended || waiting.length > 0) {
    if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const batch = waiting.splice(0, MAX_BATCH);
    drained();
    if (batch.length > 0) yield batch;
  }
  await pump;
  if (failure !== undefined) throw failure as Error;
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
