/** What a command works on: the event store, the database beside it, and the terminal. */
import { type BlobStore, migratePostgresBlobs, PostgresBlobStore } from '@palimpsest/blobs';
import {
  connectToPostgres,
  createPool,
  type EventStore,
  migratePostgresEventStore,
  openEventStore,
} from '@palimpsest/event-store';
import { type Environment, requiredSetting } from '@palimpsest/settings';
import type pg from 'pg';
import type { ProgressBar } from './progress-bar.js';

export interface Terminal {
  readonly progress: ProgressBar;
  /** A line of the result, to standard output. */
  print(line: string): void;
  /** What a person should know beside the result, to standard error. */
  note(line: string): void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Stores {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  /** As the database's owner. */
  readonly pool: pg.Pool;
  readonly ownerUrl: string;
  /** For people: which kind of store it is. */
  readonly kind: 'Postgres' | 'KurrentDB';
}

/** How long a store that is still starting is waited for, milliseconds. */
const WAIT_MS = 30_000;

/**
 * Opens the stores that OWNER_DATABASE_URL and EVENTSTORE_URL name and closes them when `work` ends. With `make` the schemas
 * of the log and of the blobs are made where they are missing.
 */
export async function withStores<T>(
  environment: Environment,
  { make = false }: { readonly make?: boolean },
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const ownerUrl = requiredSetting(environment, 'OWNER_DATABASE_URL');
  const eventStoreUrl = environment['EVENTSTORE_URL'] || undefined;
  const pool = createPool({ connectionString: ownerUrl, max: 4, application_name: 'palimpsest cli' });
  try {
    if (make) await makeSchemas(ownerUrl, eventStoreUrl);
    const store = await openEventStore({
      ...{ eventStoreUrl, postgresUrl: ownerUrl, applicationName: 'palimpsest cli', waitMs: WAIT_MS },
    });
    try {
      const kind = eventStoreUrl === undefined ? 'Postgres' : 'KurrentDB';
      return await work({ store, blobs: new PostgresBlobStore(pool), pool, ownerUrl, kind });
    } finally {
      await store.close();
    }
  } finally {
    await pool.end();
  }
}

async function makeSchemas(ownerUrl: string, eventStoreUrl: string | undefined): Promise<void> {
  if (eventStoreUrl === undefined) await migratePostgresEventStore(ownerUrl);
  const client = await connectToPostgres(ownerUrl, WAIT_MS);
  client.on('error', () => undefined); // the query under way rejects with the same trouble
  try {
    await migratePostgresBlobs(client);
  } finally {
    await client.end();
  }
}
