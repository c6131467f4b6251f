import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { asId, isId, RUN_QUEUE, runDecider, type RunId, streamOf, SYSTEM } from '@palimpsest/domain';
import { createPool, type EventStore } from '@palimpsest/event-store';
import { ProjectionRunner, type Projector, RUN_QUEUE_REACTOR } from '@palimpsest/projections';
import { createPostgresBackend, Queue } from 'bullmq';
import pg from 'pg';
import { CommandHandler } from '../commands/command-handler.js';
import { Rejected } from '../commands/rejected.js';
import type { Configuration } from '../configuration.js';
import { inTransaction } from '../platform/in-transaction.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';
import { type AliveRun, changedTurns } from './fair-order.js';
import { RegisterWatch } from './register-watch.js';
import { applyToRegister, readAlive, readLost } from './run-register.js';

/**
 * Theory of operation. Three steps lead from a request in the log to a job, each of which can be repeated.
 *
 *   log ──reactor──▶ register (ops.alive_run) ──dispatch──▶ jobs of BullMQ
 *    │                     └──rounds──▶ runs of dead executors end; jobs that got lost are made anew
 *    └──hasten──▶ the job of somebody's only run
 *
 * The reactor is the way into the queue that can be relied on: it follows the log from its own checkpoint, so a request that
 * was recorded just before a crash is queued after it, and none is queued that was not recorded. It only writes the register, in the
 * transaction that moves the checkpoint. The commit wakes all nodes; one at a time compares the register with the turns that
 * the jobs have (fair-order.ts) and adds or moves those that differ. It does not matter how often or by whom that is done: a
 * job's id is its run's, so a second one is none, and a job that comes twice meets a run that was started: the run's stream
 * decides, not the queue.
 *
 * Three transactions lie between a request and its job on that way. Most people ask for one run at a time, whose turn is
 * known without asking anybody: the node that has recorded the request makes that job at once (`hasten`). It promises nothing;
 * what it did not do, or did with a turn that is not right, the dispatch does or mends.
 *
 * The rounds are for what no event tells: an executor that was killed says nothing, and a queue can lose jobs (a Redis that
 * was started anew without its data, a job that failed before it was claimed).
 */

/** Jobs that ended are kept for a while, so that a second delivery of the same request finds its job and adds none. */
const KEEP_ENDED = { age: 86_400, count: 10_000 };
/** Any number that nothing else in this database locks: the ASCII codes of "runq". */
const DISPATCH_LOCK = 0x72756e71;
/** Milliseconds between two looks at executors that may be gone. */
const ROUND_MS = 2_000;
/** How long an executor's lock may be missing before its runs are given up, milliseconds. */
const MISSING_MS = 5_000;
/** How long a job may not be there before the log is asked whether it should be, milliseconds. */
const LOST_JOB_MS = 5_000;

/** How long one job may take to be added or moved, milliseconds. */
const QUEUE_PATIENCE_MS = 5_000;

/** Hastened runs are remembered until they are dispatched, or for so long, milliseconds; and so many. */
const HASTENED_MS = 2_000;
const MOST_HASTENED = 10_000;

type Jobs = Queue<{ runId: string }>;

interface Hastened {
  readonly run: string;
  readonly done: Promise<boolean>;
}

/** Connections for adding and moving jobs. */
const QUEUE_CONNECTIONS = 4;

interface OpenQueue {
  readonly jobs: Jobs;
  /** Closes what the queue was given and does not close itself. */
  release(): Promise<void>;
}

function openQueue(configuration: Configuration): OpenQueue {
  const options = { defaultJobOptions: { removeOnComplete: KEEP_ENDED, removeOnFail: KEEP_ENDED, attempts: 1 } };
  const { redisUrl, databaseUrl } = configuration;
  // A Redis that is away must not hold a pass up for ever: it fails, and the next one does all of its work.
  if (redisUrl !== undefined)
    return {
      jobs: new Queue(RUN_QUEUE, {
        ...options,
        connection: { url: redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
      }),
      release: () => Promise.resolve(),
    };
  // Not BullMQ's own: it does not listen to a connection in the moment in which it is handed out.
  const pool = createPool({
    ...{ connectionString: databaseUrl, max: QUEUE_CONNECTIONS, application_name: 'palimpsest api queue' },
    options: '-c search_path=bullmq',
  });
  const jobs = new Queue(RUN_QUEUE, { ...options, connection: pool as never }, createPostgresBackend as never);
  return { jobs, release: () => pool.end() };
}

@Injectable()
export class RunQueue implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(RunQueue.name);
  readonly #queue: Jobs;
  readonly #release: () => Promise<void>;
  readonly #runner: ProjectionRunner;
  readonly #pool: pg.Pool;
  readonly #commands: CommandHandler;
  readonly #runsPerPerson: number;
  /** Since when a waiting run has been seen without a job of its own: performance.now(). */
  readonly #withoutJob = new Map<string, number>();
  /** By person: the run that was hastened and is not dispatched yet, and whether it got a job. */
  readonly #hastened = new Map<string, Hastened>();
  #rounds: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #stopWatching: () => void = () => {};
  /** Why the last pass failed; undefined after one that did not. */
  #trouble: string | undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(POOL) pool: pg.Pool,
    @Inject(CONFIGURATION) configuration: Configuration,
    private readonly register: RegisterWatch,
  ) {
    this.#pool = pool;
    this.#runsPerPerson = configuration.runsPerPerson;
    this.#commands = new CommandHandler(store);
    const { jobs, release } = openQueue(configuration);
    this.#queue = jobs;
    this.#release = release;
    this.#queue.on('error', (error) => this.#log.warn(`queue: ${error.message}`));
    const projector: Projector = { ...RUN_QUEUE_REACTOR, tables: [], ddl: '', apply: applyToRegister };
    this.#runner = new ProjectionRunner({ store, pool, connectionString: configuration.databaseUrl, projector });
  }

  /** Why runs are not queued any more, for health; empty while they are. */
  faults(): string[] {
    const trouble = this.#trouble === undefined ? [] : [`Runs cannot be queued just now: ${this.#trouble}`];
    return this.#runner.fault ? [this.#runner.fault.message, ...trouble] : trouble;
  }

  onModuleInit(): void {
    this.#runner.start();
    this.#stopWatching = this.register.onChange(() => this.#dispatch());
    this.#rounds = setInterval(() => this.#startRound(), ROUND_MS);
    this.#rounds.unref();
    this.#dispatch();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#rounds);
    this.#stopWatching();
    await this.#runner.stop();
    await this.#pass;
    await this.#round;
    await this.#queue.close();
    await this.#release();
  }

  /** Makes the job of a run whose request has just been recorded, if its person has no other. A hint: never fails. */
  hasten(run: RunId, person: string): void {
    if (this.#hastened.has(person) || this.#hastened.size >= MOST_HASTENED) return;
    const done = this.#addOnly(run, person).catch(() => false);
    this.#hastened.set(person, { run, done });
    setTimeout(() => void this.#takeHastened({ run, person }), HASTENED_MS).unref();
  }

  /** Whether it got a job; undefined if it was not hastened, or that was asked before. */
  #takeHastened({ run, person }: Pick<AliveRun, 'run' | 'person'>): Promise<boolean> | undefined {
    const hastened = this.#hastened.get(person);
    if (hastened?.run !== run) return undefined;
    this.#hastened.delete(person);
    return hastened.done;
  }

  async #addOnly(run: RunId, person: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query({
      name: 'other runs of a person',
      text: 'select from ops.alive_run where person = $1 and run <> $2 limit 1',
      values: [person, run],
    });
    if (rowCount !== 0) return false;
    await this.#add(run, 1);
    return true;
  }

  /** One pass at a time; what changes during one is seen by one more after it. */
  #dispatch(): void {
    this.#again = true;
    this.#pass ??= this.#passes();
  }

  async #passes(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        // Most changes give nobody another turn: that is seen without keeping the other nodes waiting.
        const alive = await readAlive(this.#pool);
        for (const one of alive) if (one.state !== 'waiting') void this.#takeHastened(one);
        if (changedTurns(alive, this.#runsPerPerson).length > 0)
          await this.#inTurn((client) => this.#giveTurns(client));
        this.#trouble = undefined;
      } catch (error) {
        // The next round tries again.
        this.#trouble = error instanceof Error ? error.message : String(error);
        this.#log.warn(`jobs: ${this.#trouble}`);
      }
    }
    // In the same turn as the last look at #again: a change between the two would wait for the next one.
    this.#pass = undefined;
  }

  async #giveTurns(client: pg.PoolClient): Promise<void> {
    const alive = await readAlive(client);
    for (const { run, turn } of changedTurns(alive, this.#runsPerPerson)) {
      const known = alive.find((one) => one.run === run);
      if (known && known.turn === null) await this.#addUnlessHastened(known, turn);
      else await within(QUEUE_PATIENCE_MS, this.#move(run, turn));
      await client.query(`update ops.alive_run set turn = $2, turn_no = nextval('ops.turn_no') where run = $1`, [
        run,
        turn,
      ]);
    }
  }

  async #addUnlessHastened(alive: AliveRun, turn: number): Promise<void> {
    if (!(await this.#takeHastened(alive))) await this.#add(alive.run, turn);
    // Another node may have hastened it as well, when there was no other of this person.
    if (turn > 1) await within(QUEUE_PATIENCE_MS, this.#move(alive.run, turn));
  }

  async #add(run: string, turn: number): Promise<void> {
    // Clients wait for a Redis that is not there yet; the pass must not, since it holds the lock of all nodes.
    const added = this.#queue.add('run', { runId: run }, { jobId: run, priority: turn });
    await within(QUEUE_PATIENCE_MS, added);
  }

  async #move(run: string, turn: number): Promise<void> {
    await (await this.#queue.getJob(run))?.changePriority({ priority: turn });
  }

  /** In a transaction, while no other node does the same. */
  #inTurn<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return inTransaction(this.#pool, async (client) => {
      await client.query('select pg_advisory_xact_lock($1)', [DISPATCH_LOCK]);
      return work(client);
    });
  }

  #startRound(): void {
    this.#round ??= this.#goRound()
      .catch((error: unknown) => this.#log.warn(`runs of executors that are gone: ${String(error)}`))
      .finally(() => (this.#round = undefined));
  }

  async #goRound(): Promise<void> {
    const lost = await this.#inTurn((client) => readLost(client, MISSING_MS));
    for (const run of lost) await this.#endLost(run);
    await this.#findLostJobs();
    if (this.#trouble !== undefined) this.#dispatch();
  }

  /** What it had printed is in the log and stays. A run that the log does not have is of another log, and forgotten. */
  async #endLost(run: string): Promise<void> {
    const command = { kind: 'finish', outcome: { kind: 'interrupted' }, usage: null } as const;
    try {
      const { state } = await this.#commands.load(streamOf.run(asId<RunId>(run)), runDecider);
      const about = 'run' in state ? { subject: state.run.by, course: state.run.course, correlation: run } : {};
      await this.#commands.execute(streamOf.run(asId<RunId>(run)), runDecider, command, { actor: SYSTEM, ...about });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      // Ended already: the reactor is about to see it. Unknown: nothing will ever come.
      if (error.rejection.code === 'not-found') await this.#forget(run);
    }
  }

  async #forget(run: string): Promise<void> {
    await this.#pool.query('delete from ops.alive_run where run = $1', [run]);
  }

  /** A run that has a turn and waits has a job that waits or is being taken. Looks only at those that might be stuck. */
  async #findLostJobs(): Promise<void> {
    const { rows } = await this.#pool.query<{ run: string }>(
      `select run from ops.alive_run where state = 'waiting' and turn is not null order by arrival limit 200`,
    );
    const waiting = new Set(rows.map(({ run }) => run));
    for (const run of this.#withoutJob.keys()) if (!waiting.has(run)) this.#withoutJob.delete(run);
    for (const run of waiting) {
      const job = await within(QUEUE_PATIENCE_MS, this.#queue.getJob(run));
      const ended = job && (job.finishedOn !== undefined || (await job.isFailed()) || (await job.isCompleted()));
      if (job && !ended) this.#withoutJob.delete(run);
      else if (!this.#withoutJob.has(run)) this.#withoutJob.set(run, performance.now());
      else if (performance.now() - (this.#withoutJob.get(run) ?? 0) > LOST_JOB_MS) await this.#renew(run);
    }
  }

  async #renew(run: string): Promise<void> {
    this.#withoutJob.delete(run);
    const { state } = isId(run)
      ? await this.#commands.load(streamOf.run(asId<RunId>(run)), runDecider)
      : { state: runDecider.initial };
    if (state.kind === 'none' || state.kind === 'finished') return this.#forget(run);
    if (state.kind === 'running') return; // the register is about to see it
    this.#log.warn(`run ${run} had no job any more: it gets another one`);
    await (await this.#queue.getJob(run))?.remove();
    await this.#pool.query('update ops.alive_run set turn = null, turn_no = null where run = $1', [run]);
    this.#dispatch();
  }
}

function ignore(): void {}

/** Throws when `work` takes longer. It goes on by itself, which does no harm: what it does can be repeated. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue has not answered within ${milliseconds} ms`)), milliseconds);
  });
  work.catch(ignore); // if it fails after its time
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
