/**
 * Theory of operation. A job holds a run's id; whoever gets it carries the run out. A run holds one of the executor's places
 * while its job is under way, which is not as long as it lives:
 *
 *   job taken ──▶ script computes, sleeps ──▶ waits for input ──▶ prompt ──▶ end
 *                 └─────── place held ──────┘└──────────── no place ──────────┘
 *
 * Most programs of a classroom wait for somebody to type, for minutes; they cost some megabytes, and if they held their places
 * the first sixteen would keep all others from starting. So a script that waits at its terminal and uses no CPU time gives its
 * place up (its job ends), as a prompt does. When it goes on it cannot be made to wait; it then counts as busy, as does a prompt
 * in which something computes (or a script that has only claimed to be at its prompt), and while as many are busy as there are
 * places nothing new is started. What sleeps without reading keeps its place: it may go on at any moment. Programs without a place are bounded as well: of the person with the most of them, the one that was idle for longest
 * makes room.
 *
 * Who comes next is decided by the priorities of the jobs (the api's fair-order.ts). That a run is started once is decided by
 * its stream (run-execution.ts): a job may come twice, or from a worker that is dead, or be nobody's.
 */
import { asId, isId, RUN_QUEUE, type RunId } from '@palimpsest/domain';
import { createPool, Unavailable } from '@palimpsest/event-store';
import { createPostgresBackend, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { ExecutorConfiguration } from './configuration.js';
import type { ExecutorPresence } from './executor-presence.js';
import { waitsForInput } from './input-wait.js';
import { type ExecutionEnvironment, RunExecution } from './run-execution.js';
import { cpuMsOf, processTree } from './sandbox/process-tree.js';

/** How often in the time of a lock jobs without a sign of their worker are looked for; it takes two looks. */
const LOOKS_A_LOCK = 3;
/** Times that a job is given anew: always. The claim makes it safe, and a run must not be lost with its job. */
const STALLED_COUNT = 1_000_000;
/** How long the worker waits after an error of its connection, milliseconds. */
const QUEUE_RETRY_MS = 1_000;
/** Milliseconds between two looks at which scripts wait for input. */
const REST_MS = 1_000;
/** CPU time between two looks up to which a script counts as waiting: what two ticks of the kernel's clock can show. */
const REST_CPU_MS = 20;

export interface RunConsumer {
  /** Whether new runs may be started, which they may at first. What runs goes on. */
  allow(starts: boolean): void;
  /** Whether this process carries out the run. */
  carriesOut(run: string): boolean;
  /** Takes no more jobs and ends what runs as `interrupted`. Resolves when all of it is recorded. */
  close(): Promise<void>;
}

/** Consumes the queue. */
export function consumeRuns(
  configuration: ExecutorConfiguration,
  presence: ExecutorPresence,
  parts: Omit<ExecutionEnvironment, 'isAtWork'>,
): RunConsumer {
  return new QueueConsumer(configuration, presence, parts);
}

/** A run that this process carries out. */
interface Carried {
  readonly execution: RunExecution;
  /** Its job is under way. */
  holdsPlace: boolean;
  /** At the last look it waited for input. */
  rests: boolean;
  /** CPU time at the last look. */
  cpuMs: number | undefined;
  giveUpPlace(): void;
}

class QueueConsumer implements RunConsumer {
  readonly #environment: ExecutionEnvironment;
  readonly #concurrency: number;
  readonly #maxPrompts: number;
  readonly #opened: OpenWorker;
  readonly #carried = new Map<Carried, Promise<void>>();
  readonly #looking: NodeJS.Timeout;
  #allowed = true;
  #open = true;

  constructor(
    configuration: ExecutorConfiguration,
    presence: ExecutorPresence,
    parts: Omit<ExecutionEnvironment, 'isAtWork'>,
  ) {
    this.#concurrency = configuration.concurrency;
    this.#maxPrompts = configuration.maxPrompts;
    this.#environment = {
      ...parts,
      isAtWork: async (name, run) =>
        name === parts.name ? this.#timesCarried(run) > 1 : asUnavailable(presence.isAtWork(name)),
    };
    this.#opened = openWorker(configuration, (job, token) => this.#process(job, token));
    this.#opened.worker.on('error', (error) => console.error('queue:', error.message));
    this.#looking = setInterval(() => this.#look(), REST_MS);
    this.#looking.unref();
  }

  allow(starts: boolean): void {
    this.#allowed = starts;
    this.#adjust();
  }

  carriesOut(run: string): boolean {
    return this.#timesCarried(run) > 0;
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    const closing = this.#opened.worker.close();
    for (const { execution } of this.#carried.keys()) execution.stop({ kind: 'interrupted' });
    await Promise.allSettled([...this.#carried.values()]);
    await closing;
    await this.#opened.release();
  }

  /** Twice while a second job of the same run finds out that the first one carries it out. */
  #timesCarried(run: string): number {
    return [...this.#carried.keys()].filter(({ execution }) => execution.id === run).length;
  }

  async #process(job: RunJob, token: string | undefined): Promise<void> {
    const run = runOf(job);
    // A worker that is told to pause may bring one more.
    if (!this.#open) return handBack(job, token);
    const execution = new RunExecution(this.#environment, run);
    const placeGivenUp = new Promise<void>((resolve) => {
      const carried: Carried = { execution, holdsPlace: true, rests: false, cpuMs: undefined, giveUpPlace: resolve };
      const finished = execution.run().finally(() => this.#carried.delete(carried));
      finished.catch((error: unknown) => console.error(`run ${run}:`, error));
      this.#carried.set(carried, finished);
      void Promise.allSettled([Promise.race([execution.scriptEnded, finished])]).then(() => resolve());
    });
    await placeGivenUp;
    for (const carried of this.#carried.keys()) if (carried.execution === execution) carried.holdsPlace = false;
    if (execution.isHandedBack) return handBack(job, token);
    this.#makeRoom();
  }

  /**
   * While there are fewer runs than half of the places nobody needs one, and nothing is looked at. The intake is: those that
   * had closed it may all have ended since the last look.
   */
  #look(): void {
    if (this.#carried.size * 2 >= this.#concurrency) for (const carried of this.#carried.keys()) this.#lookAt(carried);
    this.#adjust();
  }

  #lookAt(carried: Carried): void {
    const { pid, isPrompt } = carried.execution;
    if (pid === undefined) return;
    const cpuMs = cpuMsOf(processTree(pid));
    const used = carried.cpuMs === undefined ? undefined : cpuMs - carried.cpuMs;
    carried.cpuMs = cpuMs;
    // A prompt is taken for idle until it is seen to compute, a script for busy until it is seen to wait.
    if (isPrompt) carried.rests = (used ?? 0) < REST_CPU_MS;
    else carried.rests = used !== undefined && used < REST_CPU_MS && waitsForInput(pid);
    if (carried.rests) carried.giveUpPlace();
  }

  /** Opens or closes the intake. */
  #adjust(): void {
    const all = [...this.#carried.keys()];
    const held = all.filter(({ holdsPlace }) => holdsPlace).length;
    const woken = all.filter((carried) => carried.cpuMs !== undefined && !carried.holdsPlace && !carried.rests).length;
    // Without any that were woken, BullMQ itself keeps to the number of places.
    const open = this.#allowed && (woken === 0 || held + woken < this.#concurrency);
    if (open === this.#open) return;
    this.#open = open;
    const { worker } = this.#opened;
    const changed = open ? worker.resume() : worker.pause(true);
    changed.catch((error: unknown) => console.error('queue:', error));
  }

  #makeRoom(): void {
    const idle = [...this.#carried.keys()].filter(
      ({ execution, holdsPlace, rests }) => execution.isPrompt || (!holdsPlace && rests),
    );
    const candidates = idle.map(({ execution }) => execution);
    for (const execution of tooMany(candidates, this.#maxPrompts))
      execution.stop({ kind: 'timed-out', limit: 'idle', seconds: Math.round(execution.idleMs / 1000) });
  }
}

/** What `tooMany` needs to know of an execution. */
export interface Idle {
  readonly by: string | undefined;
  readonly idleMs: number;
}

/**
 * Those that have to end so that at most `most` are left: of the person with the most, the one that was idle for longest.
 * Whoever opens prompts without end closes their own.
 */
export function tooMany<Execution extends Idle>(executions: readonly Execution[], most: number): Execution[] {
  const left = new Set(executions);
  const ended: Execution[] = [];
  while (left.size > most) {
    const count = (by: string | undefined) => [...left].filter((execution) => execution.by === by).length;
    const [next] = [...left].sort((a, b) => count(b.by) - count(a.by) || b.idleMs - a.idleMs);
    if (!next) break;
    left.delete(next);
    ended.push(next);
  }
  return ended;
}

type RunJob = Job<unknown>;

/** The run of a job. Throws for one that no api has made: it fails, and is not tried again. */
function runOf(job: RunJob): RunId {
  const runId = (job.data as { runId?: unknown } | null | undefined)?.runId;
  if (typeof runId === 'string' && isId(runId)) return asId<RunId>(runId);
  throw new UnrecoverableError(`job ${String(job.id)} names no run`);
}

/** Another executor, or this one later, is to take the job. */
async function handBack(job: RunJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** What is asked of Postgres while it is away is asked again. */
async function asUnavailable<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    throw new Unavailable(`Postgres cannot be asked which executors are at work: ${String(error)}`, { cause: error });
  });
}

interface OpenWorker {
  readonly worker: Worker<unknown>;
  /** Closes what the worker was given and does not close itself. */
  release(): Promise<void>;
}

/**
 * How long the worker sleeps at most without being told of a job, seconds. After trouble with its connection BullMQ 6.7 would
 * sleep for an hour and rely on hearing of jobs; what it listens on may have died in the moment in which it fell asleep.
 */
export const LONGEST_SLEEP_S = 5;

/** BullMQ's, but for that. */
export const backend: typeof createPostgresBackend = (...args) =>
  Object.defineProperty(createPostgresBackend(...args), 'maximumBlockTimeout', { value: LONGEST_SLEEP_S });

/** Connections of the queue: the consumer's own, the one that listens, and a few for the jobs that end and renew. */
const POOL_SIZE = 6;

function openWorker(
  configuration: ExecutorConfiguration,
  process: (job: RunJob, token: string | undefined) => Promise<void>,
): OpenWorker {
  const { concurrency, redisUrl, databaseUrl, jobLockMs } = configuration;
  const options = {
    concurrency,
    lockDuration: jobLockMs,
    stalledInterval: Math.floor(jobLockMs / LOOKS_A_LOCK),
    maxStalledCount: STALLED_COUNT,
    runRetryDelay: QUEUE_RETRY_MS,
  };
  if (redisUrl !== undefined) {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    return { worker: new Worker(RUN_QUEUE, process, { ...options, connection }), release: () => Promise.resolve() };
  }
  // A pool that is there already: BullMQ would load pg only now, when this process may not read its own folder any more.
  const pool = createPool({
    connectionString: databaseUrl,
    max: POOL_SIZE,
    application_name: 'palimpsest executor queue',
    options: '-c search_path=bullmq',
  });
  const worker = new Worker<unknown>(RUN_QUEUE, process, { ...options, connection: pool as never }, backend as never);
  return { worker, release: () => pool.end() };
}
