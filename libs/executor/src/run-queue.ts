import { asId, isId, RUN_QUEUE, type RunId } from '@palimpsest/domain';
import { createPostgresBackend, type Job, Worker } from 'bullmq';
import pg from 'pg';
import type { ExecutorConfiguration } from './configuration.js';
import type { ExecutorPresence } from './executor-presence.js';
import { type ExecutionEnvironment, RunExecution } from './run-execution.js';

/** How long a job may go without a sign of its worker before it is given to another, milliseconds. */
const LOCK_MS = 30_000;

export interface RunConsumer {
  /** Takes no more jobs and ends what runs as `interrupted`. Resolves when all of it is recorded. */
  close(): Promise<void>;
}

/**
 * Consumes the queue. A job holds a run's id; it ends with the script, so that a prompt in which nobody types does not
 * keep others waiting. The prompts that are open are bounded: the one that was idle for longest makes room.
 */
export function consumeRuns(
  configuration: ExecutorConfiguration,
  presence: ExecutorPresence,
  parts: Omit<ExecutionEnvironment, 'isAtWork'>,
): RunConsumer {
  const environment: ExecutionEnvironment = {
    ...parts,
    isAtWork: async (name, run) =>
      name === parts.name ? [...alive.keys()].filter(({ id }) => id === run).length > 1 : presence.isAtWork(name),
  };
  const alive = new Map<RunExecution, Promise<void>>();
  const { worker, release } = openWorker(configuration, async (job) => {
    const { runId } = job.data;
    if (!isId(runId)) throw new Error(`job ${job.id} has no run`);
    const execution = new RunExecution(environment, asId<RunId>(runId));
    const finished = execution.run().finally(() => alive.delete(execution));
    alive.set(execution, finished);
    await Promise.race([execution.scriptEnded, finished]);
    finished.catch((error: unknown) => console.error(`run ${runId}:`, error));
    makeRoom([...alive.keys()], configuration.maxPrompts);
  });
  worker.on('error', (error) => console.error('queue:', error.message));
  return {
    async close() {
      const closing = worker.close();
      for (const execution of alive.keys()) execution.stop({ kind: 'interrupted' });
      await Promise.allSettled([...alive.values()]);
      await closing;
      await release();
    },
  };
}

/** Ends the prompts that were idle for longest, as many as are too many. */
function makeRoom(executions: readonly RunExecution[], most: number): void {
  const prompts = executions.filter((execution) => execution.isPrompt).sort((a, b) => b.idleMs - a.idleMs);
  for (const execution of prompts.slice(0, Math.max(0, prompts.length - most)))
    execution.stop({ kind: 'timed-out', limit: 'idle', seconds: Math.round(execution.idleMs / 1000) });
}

type RunJob = Job<{ runId: string }>;

interface OpenWorker {
  readonly worker: Worker<{ runId: string }>;
  /** Closes what the worker was given and does not close itself. */
  release(): Promise<void>;
}

/** Connections of the queue: the consumer's own, the one that listens, and a few for the jobs that end and renew. */
const POOL_SIZE = 6;

function openWorker(configuration: ExecutorConfiguration, process: (job: RunJob) => Promise<void>): OpenWorker {
  const { concurrency, redisUrl, databaseUrl } = configuration;
  const options = { concurrency, lockDuration: LOCK_MS, maxStalledCount: 2 };
  if (redisUrl !== undefined) {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    return { worker: new Worker(RUN_QUEUE, process, { ...options, connection }), release: () => Promise.resolve() };
  }
  // A pool that is there already: BullMQ would load pg only now, when this process may not read its own folder any more.
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: POOL_SIZE,
    application_name: 'palimpsest executor queue',
    options: '-c search_path=bullmq',
    keepAlive: true,
  });
  pool.on('error', () => undefined);
  const worker = new Worker<{ runId: string }>(
    RUN_QUEUE,
    process,
    { ...options, connection: pool as never },
    createPostgresBackend as never,
  );
  return { worker, release: () => pool.end() };
}
