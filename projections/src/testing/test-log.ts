import { randomUUID } from 'node:crypto';
import {
  type AppendResult,
  createPostgresEventStore,
  type EventStore,
  migratePostgresEventStore,
  type Position,
  type RecordedEvent,
} from '@palimpsest/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { migrateReadModels } from '../migrate.js';
import { ProjectionRunner } from '../projection-runner.js';
import type { Projector } from '../projector.js';
import { type RebuildOptions, type RebuildResult, rebuildReadModel } from '../rebuild.js';

/** A projector that copies the types of one stream's events into a table, and that stream. */
export interface Copier {
  readonly name: string;
  readonly stream: string;
  readonly projector: Projector;
}

/** A log and the schema of the read models in a database of their own. For tests. */
export class TestLog {
  readonly #runners: ProjectionRunner[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly store: EventStore,
    readonly pool: pg.Pool,
  ) {}

  static async start(): Promise<TestLog> {
    const database = await createTestDatabase();
    await migratePostgresEventStore(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await migrateReadModels(client);
    await migrateReadModels(client);
    await client.end();
    const pool = new pg.Pool({ connectionString: database.url, max: 8 });
    pool.on('error', () => undefined);
    return new TestLog(database, createPostgresEventStore({ connectionString: database.url }), pool);
  }

  async stop(): Promise<void> {
    await this.stopRunners();
    await this.pool.end();
    await this.store.close();
    await this.database.drop();
  }

  async stopRunners(): Promise<void> {
    await Promise.all(this.#runners.splice(0).map((runner) => runner.stop()));
  }

  /** `apply` may interfere before the row is written. Its table does not exist yet: `rebuild` makes it. */
  copier(apply: (event: RecordedEvent) => void | Promise<void> = () => undefined): Copier {
    const name = `copy_${randomUUID().slice(0, 8)}`;
    const stream = `numbers-${name}`;
    const projector: Projector = {
      name,
      version: 1,
      streamPrefixes: [stream],
      tables: [name],
      ddl: `create table ${name} (revision bigint primary key, type text not null)`,
      async apply(event, transaction) {
        await apply(event);
        await transaction.query(`insert into ${name} values ($1, $2)`, [event.revision, event.type]);
      },
    };
    return { name, stream, projector };
  }

  append({ stream }: Pick<Copier, 'stream'>, ...types: string[]): Promise<AppendResult> {
    const events = types.map((type) => ({
      ...{ id: randomUUID(), type, data: new Uint8Array() },
      contentType: 'json' as const,
    }));
    return this.store.append(stream, events, { expected: 'any' });
  }

  /** Types in the table, by revision. */
  async rows({ name }: Pick<Copier, 'name'>): Promise<string[]> {
    const { rows } = await this.pool.query<{ type: string }>(`select type from read.${name} order by revision`);
    return rows.map(({ type }) => type);
  }

  async checkpoint(projection: string): Promise<Record<string, unknown> | undefined> {
    const { rows } = await this.pool.query<Record<string, unknown>>(
      'select version, position, fault, fault_position from read.checkpoint where projection = $1',
      [projection],
    );
    return rows[0];
  }

  run(projector: Projector, times: { retryMs?: number; recheckMs?: number } = {}): ProjectionRunner {
    const { store, pool } = this;
    const connectionString = this.database.url;
    const runner = new ProjectionRunner({
      store,
      pool,
      connectionString,
      projector,
      retryMs: 50,
      recheckMs: 100,
      ...times,
    });
    this.#runners.push(runner);
    runner.start();
    return runner;
  }

  rebuild(projector: Projector, options: Partial<RebuildOptions> = {}): Promise<RebuildResult> {
    return rebuildReadModel({ store: this.store, ownerUrl: this.database.url, projector, ...options });
  }

  async reached(runner: ProjectionRunner, position: Position): Promise<void> {
    await eventually(
      () => runner.position !== undefined && this.store.comparePositions(runner.position, position) >= 0,
      () => `position ${position}, it is at ${runner.position} (${runner.fault?.message})`,
    );
  }

  /** Ends the database's side of every rebuild, as a crash of its process would. */
  async killRebuilds(): Promise<void> {
    await this.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'palimpsest rebuild'`,
    );
  }
}
