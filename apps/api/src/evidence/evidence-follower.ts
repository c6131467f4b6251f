import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { EventStore, RecordedEvent } from '@palimpsest/event-store';
import { appendLeaves } from '@palimpsest/evidence';
import { EVIDENCE_REACTOR, ProjectionRunner, type Projector } from '@palimpsest/projections';
import type { ClientBase } from 'pg';
import type pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION, EVENT_STORE, POOL } from '../platform/tokens.js';
import { CheckpointSigning } from './checkpoint-signing.js';

/** How often it is looked whether a checkpoint is due, milliseconds: two small queries, by one node. */
const LOOK_MS = 500;

/**
 * The reactor that makes every event a leaf of the Merkle tree, in the transaction that moves its checkpoint: each event once,
 * whatever is killed. One node at a time follows the log, and that node signs; so no two sign at the same time.
 */
@Injectable()
export class EvidenceFollower implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(EvidenceFollower.name);
  readonly #runner: ProjectionRunner;
  #looks: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #trouble = '';

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(POOL) pool: pg.Pool,
    @Inject(CONFIGURATION) { databaseUrl }: Configuration,
    private readonly signing: CheckpointSigning,
  ) {
    const projector: Projector = {
      ...{ ...EVIDENCE_REACTOR, tables: [], ddl: '' },
      apply: (event, transaction) => this.#append([event], transaction),
      applyAll: (events, transaction) => this.#append(events, transaction),
    };
    this.#runner = new ProjectionRunner({ store, pool, connectionString: databaseUrl, projector });
  }

  /** Why the log is not vouched for any more, for health; empty while it is. */
  faults(): string[] {
    const { contradiction } = this.signing;
    return [...(this.#runner.fault ? [this.#runner.fault.message] : []), ...(contradiction ? [contradiction] : [])];
  }

  onModuleInit(): void {
    this.#runner.start();
    this.#looks = setInterval(() => this.#startLook(), LOOK_MS);
    this.#looks.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#looks);
    await this.#look;
    await this.#runner.stop();
  }

  async #append(events: readonly RecordedEvent[], transaction: ClientBase): Promise<void> {
    await appendLeaves(events, await this.store.identity(), transaction);
  }

  #startLook(): void {
    if (this.#runner.position === undefined) return;
    this.#look ??= this.signing
      .signIfDue(new Date())
      .then(
        () => this.#say(''),
        (error: unknown) => this.#say(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => (this.#look = undefined));
  }

  /** Once for the same trouble: it is tried again twice a second. */
  #say(trouble: string): void {
    if (trouble !== '' && trouble !== this.#trouble) this.#log.warn(`no checkpoint could be signed: ${trouble}`);
    this.#trouble = trouble;
  }
}
