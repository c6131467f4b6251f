import { Global, Inject, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PostgresBlobStore } from '@palimpsest/blobs';
import { DocSnapshots, PostgresSnapshotStore, RecordedDocuments, warmUp } from '@palimpsest/documents';
import { createPool, type EventStore, openEventStore } from '@palimpsest/event-store';
import {
  ActivityQueries,
  AuditQueries,
  DirectoryQueries,
  ExportQueries,
  ItemQueries,
  MetricsQueries,
  ReadModels,
  RunQueries,
} from '@palimpsest/projections';
import type pg from 'pg';
import { type Configuration, readConfiguration } from '../configuration.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { CONFIGURATION, EVENT_STORE, POOL } from './tokens.js';

/** Connections of the pool for queries and read models; the event store has its own few. */
const POOL_SIZE = 12;

/** How long to wait for an event store that is still starting, milliseconds. */
const STORE_WAIT_MS = 30_000;

function poolOf({ databaseUrl }: Configuration): pg.Pool {
  return createPool({ connectionString: databaseUrl, max: POOL_SIZE, application_name: 'palimpsest api' });
}

const queries = [
  ...[DirectoryQueries, ItemQueries, RunQueries, AuditQueries],
  ...[ExportQueries, MetricsQueries, ActivityQueries],
].map((Queries) => ({
  provide: Queries,
  inject: [POOL],
  useFactory: (pool: pg.Pool) => new Queries(pool),
}));

/** The event store, Postgres and the read models: made once, for every feature. */
@Global()
@Module({
  providers: [
    { provide: CONFIGURATION, useFactory: () => readConfiguration(process.env) },
    { provide: POOL, inject: [CONFIGURATION], useFactory: poolOf },
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
    ...[ServiceMeters, ActivityQueries, ExportQueries, MetricsQueries],
    ...[PostgresBlobStore, DocSnapshots, RecordedDocuments],
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
