import { Global, Inject, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { DocSnapshots, PostgresSnapshotStore, RecordedDocuments, warmUp } from '@palimpsest/documents';
import { type EventStore, openEventStore } from '@palimpsest/event-store';
import {
  AuditQueries,
  DirectoryQueries,
  ItemQueries,
  MetricsQueries,
  ReadModels,
  RunQueries,
} from '@palimpsest/projections';
import pg from 'pg';
import { type Configuration, readConfiguration } from '../configuration.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { CONFIGURATION, EVENT_STORE, POOL } from './tokens.js';

/** Connections of the pool for queries and read models; the event store has its own few. */
const POOL_SIZE = 12;

/** How long to wait for an event store that is still starting, milliseconds. */
const STORE_WAIT_MS = 30_000;

function createPool(configuration: Configuration): pg.Pool {
  const pool = new pg.Pool({
    connectionString: configuration.databaseUrl,
    max: POOL_SIZE,
    application_name: 'palimpsest api',
    keepAlive: true,
  });
  // An idle connection that the server closes is replaced at the next query; unhandled, it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

const queries = [DirectoryQueries, ItemQueries, RunQueries, AuditQueries, MetricsQueries].map((Queries) => ({
  provide: Queries,
  inject: [POOL],
  useFactory: (pool: pg.Pool) => new Queries(pool),
}));

/** The event store, Postgres and the read models: made once, for every feature. */
@Global()
@Module({
  providers: [
    { provide: CONFIGURATION, useFactory: () => readConfiguration(process.env) },
    { provide: POOL, inject: [CONFIGURATION], useFactory: createPool },
    {
      provide: EVENT_STORE,
      inject: [CONFIGURATION],
      useFactory: ({ databaseUrl, eventStoreUrl }: Configuration) =>
        openEventStore({
          eventStoreUrl,
          postgresUrl: databaseUrl,
          applicationName: 'palimpsest api events',
          waitMs: STORE_WAIT_MS,
        }),
    },
    {
      provide: ReadModels,
      inject: [EVENT_STORE, POOL, CONFIGURATION],
      useFactory: (store: EventStore, pool: pg.Pool, configuration: Configuration) =>
        new ReadModels(store, pool, configuration.databaseUrl),
    },
    ServiceMeters,
    ...queries,
    { provide: PostgresBlobStore, inject: [POOL], useFactory: (pool: pg.Pool) => new PostgresBlobStore(pool) },
    {
      provide: DocSnapshots,
      inject: [EVENT_STORE, POOL],
      useFactory: (store: EventStore, pool: pg.Pool) => {
        warmUp();
        const log = new Logger(DocSnapshots.name);
        return new DocSnapshots(store, new PostgresSnapshotStore(pool), (sentence) => log.warn(sentence));
      },
    },
    {
      provide: RecordedDocuments,
      inject: [EVENT_STORE, DocSnapshots],
      useFactory: (store: EventStore, snapshots: DocSnapshots) => new RecordedDocuments(store, snapshots),
    },
  ],
  exports: [
    ...[CONFIGURATION, POOL, EVENT_STORE, ReadModels, DirectoryQueries, ItemQueries, RunQueries, AuditQueries],
    ...[ServiceMeters, MetricsQueries, PostgresBlobStore, DocSnapshots, RecordedDocuments],
  ],
})
export class PlatformModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(POOL) private readonly pool: pg.Pool,
  ) {}

  onModuleInit(): void {
    this.readModels.start();
  }

  /** Last of all: the rooms have flushed and the sockets are closed by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.readModels.stop();
    await this.store.close();
    await this.pool.end();
  }
}
