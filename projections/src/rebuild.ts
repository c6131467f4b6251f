import { type EventStore, type Position, type SubscriptionItem, Unavailable } from '@palimpsest/event-store';
import { Client } from 'pg';
import {
  applyEvents,
  batches,
  commitUpToPoison,
  delay,
  eventsOf,
  isPassing,
  lastPosition,
  MAX_BATCH,
} from './batches.js';
import type { Checkpoint } from './checkpoint.js';
import { ProjectionStopped, ReadModelTooNew, rebuildCommand } from './faults.js';
import { filterOf, isReactor, type Projector } from './projector.js';
import { makeSideTables, qualified, shapeOf, sideSchema, swapTables, tablesIn } from './side-schema.js';

/**
 * Theory of operation. A read model is built anew beside the live one: the same projector, or its next version, fills tables
 * of its own in schema `read_next_<name>` from the log's start, batch by batch, each with a checkpoint of its own in
 * `read.rebuild`. Meanwhile the live tables are read and kept up to date as ever. When the new ones have caught up, one
 * transaction puts them in the place of the live ones; whoever reads sees all of the old or all of the new.
 *
 * Indexes that only readers need are made when the log has been applied (`indexDdl`): rows come faster without them.
 *
 * The swap first locks the live checkpoint's row, which stops the live runner between two of its batches, and applies what
 * the live tables hold beyond the new ones: the position that readers wait for never goes back. Then it locks the tables,
 * with little patience: a reader that holds one of two tables and waits for the other would wait for us, and we for it. Out
 * of patience, or too far behind, it undoes everything and tries again later.
 *
 * Everything is done on one connection, which also holds the lock that keeps a second rebuild of the same projection away:
 * the lock cannot be lost while the work goes on. A rebuild that was ended anyhow is gone on with by the next one from
 * `read.rebuild`, if version, shape and log are the same; otherwise that one starts over.
 */
export interface RebuildOptions {
  readonly store: EventStore;
  /** Connection string of the database's owner: it makes a schema and replaces tables. */
  readonly ownerUrl: string;
  readonly projector: Projector;
  /** Events in one transaction at most. Default 2,000. */
  readonly batch?: number;
  /** Called after each batch. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Ends the rebuild after the batch under way, with RebuildInterrupted. */
  readonly signal?: AbortSignal;
}

export interface RebuildProgress {
  readonly projection: string;
  readonly version: number;
  /** Events in the new tables, with those of an earlier call that was interrupted. */
  readonly events: number;
  /** Part of the log that has been read, from 0 to 1. */
  readonly share: number;
  /** Events a second since this call began. */
  readonly eventsPerSecond: number;
}

export interface RebuildResult {
  /** Events that were read into the new tables, with those of earlier calls. */
  readonly events: number;
  /** Where the swapped read model stands; undefined: the log holds nothing for it. */
  readonly position: Position | undefined;
  /** True if it went on with what an earlier call had left. */
  readonly resumed: boolean;
}

/** Events in one transaction: nobody waits for its rows, so more than a live one has. Bounds its memory. */
const REBUILD_BATCH = 2_000;
/** Memory for sorting the rows of one index. */
const SORTING_MEMORY = '128MB';
/** How long the swap waits for the live runner's batch under way, milliseconds. Nobody waits for the swap meanwhile. */
const CHECKPOINT_PATIENCE_MS = 5_000;
/** How long it waits for the tables, milliseconds. New readers queue behind it; below Postgres's deadlock_timeout (1 s). */
const TABLE_PATIENCE_MS = 200;
/** Pause before the second attempt to swap, milliseconds; doubled for each further one, up to the longest. */
const SWAP_PAUSE_MS = 50;
const LONGEST_SWAP_PAUSE_MS = 2_000;

/** Somebody else is rebuilding this read model. */
export class RebuildUnderWay extends Error {
  readonly code = 'rebuild-under-way';
  constructor(projection: string) {
    super(
      `The read model "${projection}" is being rebuilt by another process. Wait for it, or end it and call again: what it has built is kept.`,
    );
    this.name = 'RebuildUnderWay';
  }
}

/** What was asked cannot be done at all. */
export class RebuildRefused extends Error {
  readonly code = 'rebuild-refused';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RebuildRefused';
  }

  static ofReactor(name: string): RebuildRefused {
    return new RebuildRefused(
      `"${name}" is a reactor: it has no tables to rebuild, and repeating what it did would do it twice. Leave it as it is; if the event log was exchanged, start once with --rebuild-read-models.`,
    );
  }
}

/** Ended before its end: by the signal, or because the database or the event store went away. */
export class RebuildInterrupted extends Error {
  readonly code = 'rebuild-interrupted';
  constructor(projection: string, events: number, cause?: unknown) {
    const why = cause === undefined ? '' : ` (${String(cause)})`;
    super(
      `The rebuild of the read model "${projection}" was interrupted after ${events} events${why}. The live one is untouched and what was built is kept: ${rebuildCommand(projection)} goes on from there.`,
      { cause },
    );
    this.name = 'RebuildInterrupted';
  }
}

/** Key of the lock that a rebuild holds, for `hashtextextended(key, 0)`. */
export function rebuildLockKey(projection: string): string {
  return `palimpsest rebuild ${projection}`;
}

/**
 * Builds a read model from the log's start beside the live one and swaps it in; resolves then. Readers and the live runner
 * may go on meanwhile. Throws RebuildRefused (a reactor; not the owner), RebuildUnderWay, RebuildInterrupted (call again to go
 * on), ProjectionStopped (an event cannot be applied; the live read model is untouched), ReadModelTooNew.
 */
export async function rebuildReadModel(options: RebuildOptions): Promise<RebuildResult> {
  const { projector, ownerUrl, store } = options;
  if (isReactor(projector)) throw RebuildRefused.ofReactor(projector.name);
  const client = new Client({ connectionString: ownerUrl, application_name: 'palimpsest rebuild', keepAlive: true });
  client.on('error', () => undefined); // the query under way rejects with the same trouble
  await client.connect();
  try {
    await takeLock(client, projector.name);
    return await new Rebuild(options, client, await store.identity()).run();
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function takeLock(client: Client, projection: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    'select pg_try_advisory_lock(hashtextextended($1, 0)) as held',
    [rebuildLockKey(projection)],
  );
  if (!rows[0]?.held) throw new RebuildUnderWay(projection);
}

class Rebuild {
  readonly #projector: Projector;
  readonly #signal: AbortSignal;
  readonly #startedAt = performance.now();
  #position: Position | undefined;
  #events = 0;
  #eventsBefore = 0;
  #resumed = false;

  constructor(
    private readonly options: RebuildOptions,
    private readonly client: Client,
    private readonly epoch: string,
  ) {
    this.#projector = options.projector;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  async run(): Promise<RebuildResult> {
    try {
      await this.#begin();
      await this.#feed();
      await this.#makeIndexes();
      await this.client.query(`analyze ${qualified(this.client, this.#schema, this.#projector.tables)}`);
      await this.#swapIn();
      return { events: this.#events, position: this.#position, resumed: this.#resumed };
    } catch (error) {
      if (error instanceof ProjectionStopped) await this.#recordFault(error);
      throw this.#explained(error);
    }
  }

  get #schema(): string {
    return sideSchema(this.#projector.name);
  }

  /** Goes on with the tables of an earlier call, or makes new ones. */
  async #begin(): Promise<void> {
    const { name, version } = this.#projector;
    const live = await this.#liveCheckpoint();
    if (live && live.version > version) throw new ReadModelTooNew(name, live.version, version);
    if (await this.#resume()) return;
    await this.#transaction(async () => {
      await makeSideTables(this.client, this.#projector);
      await this.client.query('delete from read.rebuild where projection = $1', [name]);
      await this.client.query('insert into read.rebuild (projection, version, shape, epoch) values ($1, $2, $3, $4)', [
        name,
        version,
        shapeOf(this.#projector),
        this.epoch,
      ]);
    });
  }

  async #resume(): Promise<boolean> {
    const { name, version, tables } = this.#projector;
    const { rows } = await this.client.query<{ position: Position | null; events: string }>(
      'select position, events from read.rebuild where projection = $1 and version = $2 and shape = $3 and epoch = $4',
      [name, version, shapeOf(this.#projector), this.epoch],
    );
    const made = await tablesIn(this.client, this.#schema);
    const row = rows[0];
    if (!row || made.join() !== [...tables].sort().join()) return false;
    this.#position = row.position ?? undefined;
    this.#eventsBefore = this.#events = Number(row.events);
    this.#resumed = true;
    return true;
  }

  /** What was recorded meanwhile is applied before the swap, as always. */
  async #makeIndexes(): Promise<void> {
    const { indexDdl } = this.#projector;
    if (indexDdl === undefined) return;
    await this.#transaction(async () => {
      await this.client.query(
        `set local search_path = ${this.client.escapeIdentifier(this.#schema)}, pg_temp;
         set local maintenance_work_mem = '${SORTING_MEMORY}'`,
      );
      await this.client.query(indexDdl);
    });
  }

  /** Applies the log from where it stands until the subscription says that this was all. */
  async #feed(): Promise<void> {
    const { store } = this.options;
    const head = await store.head();
    const done = new AbortController();
    const subscription = store.subscribe({
      after: this.#position ?? 'start',
      ...filterOf(this.#projector),
      signal: AbortSignal.any([this.#signal, done.signal]),
    });
    try {
      for await (const batch of batches(subscription, { most: this.options.batch ?? REBUILD_BATCH })) {
        await commitUpToPoison(batch, (items) => this.#commit(items));
        this.#report(head);
        if (this.#signal.aborted) break;
        if (batch.some(({ kind }) => kind === 'caughtUp')) return;
      }
    } finally {
      done.abort();
    }
    throw new RebuildInterrupted(this.#projector.name, this.#events);
  }

  async #commit(items: readonly SubscriptionItem[]): Promise<void> {
    const target = lastPosition(items);
    if (target === undefined) return;
    await this.#transaction(() => this.#apply(items, target));
    this.#arriveAt(target, items);
  }

  /** Within a transaction: the side checkpoint moves with the rows. */
  async #apply(items: readonly SubscriptionItem[], target: Position): Promise<void> {
    const events = eventsOf(items);
    // What a crash of the database takes back goes with the place in read.rebuild; the swap itself is waited for.
    await this.client.query(
      `set local search_path = ${this.client.escapeIdentifier(this.#schema)}, pg_temp; set local synchronous_commit = off`,
    );
    const { rows } = await this.client.query<{ skipped: Position[] }>(
      `update read.rebuild set position = $2, events = events + $3, updated_at = clock_timestamp(),
              fault = null, fault_position = null, fault_at = null
       where projection = $1
       returning array(select s.position from read.skip s where s.projection = $1 and s.epoch = $4) as skipped`,
      [this.#projector.name, target, events.length, this.epoch],
    );
    const skipped = rows[0]?.skipped ?? [];
    await applyEvents(events, { projector: this.#projector, transaction: this.client, skipped, work: 'rebuild' });
  }

  #arriveAt(target: Position, items: readonly SubscriptionItem[]): void {
    this.#position = target;
    this.#events += eventsOf(items).length;
  }

  async #swapIn(): Promise<void> {
    for (let pause = SWAP_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_SWAP_PAUSE_MS)) {
      if (this.#signal.aborted) throw new RebuildInterrupted(this.#projector.name, this.#events);
      if (await this.#trySwap()) return;
      await delay(pause, this.#signal);
      await this.#feed();
    }
  }

  /** False if the live read model is more than a batch ahead, or if a lock was not got in time: nothing has changed then. */
  async #trySwap(): Promise<boolean> {
    const before = { position: this.#position, events: this.#events };
    try {
      return await this.#transaction(() => this.#swap());
    } catch (error) {
      this.#position = before.position;
      this.#events = before.events;
      if (error instanceof TooFarBehind || isLockTrouble(error)) return false;
      throw error;
    }
  }

  async #swap(): Promise<true> {
    const { name, version } = this.#projector;
    await this.client.query(`set local lock_timeout = ${CHECKPOINT_PATIENCE_MS}`);
    const live = await this.#liveCheckpoint('for update');
    if (live && live.version > version) throw new ReadModelTooNew(name, live.version, version);
    if (live?.epoch === this.epoch && live.position !== null) await this.#catchUpWith(live.position);
    await this.client.query(`set local lock_timeout = ${TABLE_PATIENCE_MS}`);
    await swapTables(this.client, this.#projector);
    await this.client.query(
      `insert into read.checkpoint (projection, version, epoch, position) values ($1, $2, $3, $4)
       on conflict (projection) do update set version = excluded.version, epoch = excluded.epoch,
         position = excluded.position, updated_at = clock_timestamp(), fault = null, fault_position = null, fault_at = null`,
      [name, version, this.epoch, this.#position ?? null],
    );
    await this.client.query('set local synchronous_commit to default');
    await this.client.query('delete from read.rebuild where projection = $1', [name]);
    return true;
  }

  /** What the live read model holds beyond this one, in the swap's own transaction while the live one stands still. */
  async #catchUpWith(live: Position): Promise<void> {
    const { store } = this.options;
    const head = await store.head();
    if (head === undefined) return;
    // A checkpoint beyond the log's end is what a rebuild is there to repair.
    const target = store.comparePositions(live, head) > 0 ? head : live;
    if (this.#position !== undefined && store.comparePositions(this.#position, target) >= 0) return;
    const items: SubscriptionItem[] = [];
    const after = this.#position === undefined ? {} : { after: this.#position };
    for await (const event of store.readAll({ ...after, ...filterOf(this.#projector), limit: MAX_BATCH })) {
      if (store.comparePositions(event.position, target) > 0) break;
      items.push({ kind: 'event', event });
    }
    if (items.length === MAX_BATCH) throw new TooFarBehind();
    await this.#apply(items, target);
    this.#arriveAt(target, items);
  }

  async #liveCheckpoint(lock = ''): Promise<Pick<Checkpoint, 'version' | 'epoch' | 'position'> | undefined> {
    const { rows } = await this.client.query<Pick<Checkpoint, 'version' | 'epoch' | 'position'>>(
      `select version, epoch, position from read.checkpoint where projection = $1 ${lock}`,
      [this.#projector.name],
    );
    return rows[0];
  }

  async #transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.client.query('begin');
    try {
      const result = await work();
      await this.client.query('commit');
      return result;
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined); // the connection may be what failed
      throw error;
    }
  }

  #report(head: Position | undefined): void {
    const { onProgress, store } = this.options;
    if (!onProgress) return;
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const share = this.#position !== undefined && head !== undefined ? store.shareOfLog(this.#position, head) : 0;
    onProgress({
      projection: this.#projector.name,
      version: this.#projector.version,
      events: this.#events,
      share: head === undefined ? 1 : share,
      eventsPerSecond: (this.#events - this.#eventsBefore) / Math.max(seconds, 0.001),
    });
  }

  async #recordFault(fault: ProjectionStopped): Promise<void> {
    await this.client
      .query(
        'update read.rebuild set fault = $2, fault_position = $3, fault_at = clock_timestamp() where projection = $1',
        [this.#projector.name, fault.message, fault.position],
      )
      .catch(() => undefined); // the fault itself is thrown all the same
  }

  #explained(error: unknown): unknown {
    const { name } = this.#projector;
    if (error instanceof RebuildInterrupted) return error;
    if (isPassing(error) || error instanceof Unavailable) return new RebuildInterrupted(name, this.#events, error);
    if ((error as { code?: unknown }).code !== '42501') return error;
    return new RebuildRefused(
      `The database does not let this role rebuild the read model "${name}" (${String(error)}). Call it with the rights of the database's owner: OWNER_DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** The live read model is more than a batch ahead of the new one. */
class TooFarBehind extends Error {}

/** Not got in time, or chosen as the victim of a deadlock. */
function isLockTrouble(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '55P03' || code === '40P01';
}
