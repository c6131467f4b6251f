import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RUN_QUEUE } from '@palimpsest/domain';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import { ProjectionRunner, type Projector, RUN_QUEUE_REACTOR } from '@palimpsest/projections';
import { createPostgresBackend, Queue } from 'bullmq';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';

/** Jobs that ended are kept for a while, so that a second delivery of the same request finds its job and adds none. */
const KEEP_ENDED = { age: 86_400, count: 10_000 };

function openQueue(configuration: Configuration): Queue<{ runId: string }> {
  const options = { defaultJobOptions: { removeOnComplete: KEEP_ENDED, removeOnFail: KEEP_ENDED, attempts: 1 } };
  const { redisUrl, databaseUrl } = configuration;
  if (redisUrl !== undefined) return new Queue(RUN_QUEUE, { ...options, connection: { url: redisUrl } });
  const connection = { connectionString: databaseUrl, schema: 'bullmq' };
  return new Queue(RUN_QUEUE, { ...options, connection: connection as never }, createPostgresBackend as never);
}

/**
 * The reactor that turns RunRequested into a job. It is the only way into the queue: it follows the log from its own
 * checkpoint, so a request that was recorded just before a crash is queued after it, and none is queued that was not
 * recorded. A request that is delivered twice meets its own job (the job's id is the run's) or, later, a run that has
 * been started: the run's stream decides, not the queue.
 */
@Injectable()
export class RunQueue implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(RunQueue.name);
  readonly #queue: Queue<{ runId: string }>;
  readonly #runner: ProjectionRunner;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(POOL) pool: pg.Pool,
    @Inject(CONFIGURATION) configuration: Configuration,
  ) {
    this.#queue = openQueue(configuration);
    this.#queue.on('error', (error) => this.#log.warn(`queue: ${error.message}`));
    const projector: Projector = {
      ...RUN_QUEUE_REACTOR,
      tables: [],
      ddl: '',
      apply: (event) => this.#react(event),
    };
    this.#runner = new ProjectionRunner({ store, pool, connectionString: configuration.databaseUrl, projector });
  }

  /** Why runs are not queued any more, for health; empty while they are. */
  faults(): string[] {
    return this.#runner.fault ? [this.#runner.fault.message] : [];
  }

  onModuleInit(): void {
    this.#runner.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#runner.stop();
    await this.#queue.close();
  }

  async #react(event: RecordedEvent): Promise<void> {
    if (event.type !== 'RunRequested') return;
    const runId = event.stream.slice('run-'.length);
    await this.#queue.add('run', { runId }, { jobId: runId });
  }
}
