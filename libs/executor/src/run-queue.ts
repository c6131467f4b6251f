import { asId, isId, type RunId } from '@palimpsest/domain';
import { createPostgresBackend, type Job, Worker } from 'bullmq';
import type { ExecutorConfiguration } from './configuration.js';
import { type ExecutionEnvironment, RunExecution } from './run-execution.js';

/** Must be the api's name for it. */
export const RUN_QUEUE = 'runs';

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
export function consumeRuns(configuration: ExecutorConfiguration, environment: ExecutionEnvironment): RunConsumer {
  const alive = new Map<RunExecution, Promise<void>>();
  const worker = openWorker(configuration, async (job) => {
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

function openWorker(
  configuration: ExecutorConfiguration,
  process: (job: RunJob) => Promise<void>,
): Worker<{ runId: string }> {
  const { concurrency, redisUrl, databaseUrl } = configuration;
  const options = { concurrency, lockDuration: LOCK_MS, maxStalledCount: 2 };
  if (redisUrl !== undefined)
    return new Worker(RUN_QUEUE, process, { ...options, connection: { url: redisUrl, maxRetriesPerRequest: null } });
  const connection = { connectionString: databaseUrl, schema: 'bullmq' };
  return new Worker(
    RUN_QUEUE,
    process,
    { ...options, connection: connection as never },
    createPostgresBackend as never,
  );
}
