/** Logs for the tests of the Postgres adapter: each a database of its own. Imported by specs only. */
import { createTestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import type { ContractHarness, ContractLog } from '../contract/harness.js';
import { migratePostgresEventStore } from './migrate.js';
import { createPostgresEventStore, type PostgresEventStore } from './postgres-event-store.js';

export interface PostgresLog extends ContractLog {
  readonly url: string;
  /** A statement as the owner of the database. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

export async function createPostgresLog(): Promise<PostgresLog> {
  const database = await createTestDatabase();
  await migratePostgresEventStore(database.url);
  const owner = new pg.Client({ connectionString: database.url });
  owner.on('error', () => undefined); // a test may end every connection
  await owner.connect();
  const stores: PostgresEventStore[] = [];
  return {
    url: database.url,
    open: (options = {}) => {
      const store = createPostgresEventStore({ connectionString: database.url, pollIntervalMs: 200, ...options });
      stores.push(store);
      return store;
    },
    query: async (text, values) => (await owner.query(text, values)).rows,
    cutConnections: async () => {
      await owner.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    },
    dispose: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await owner.end();
      await database.drop();
    },
  };
}

export const postgresHarness: ContractHarness = { createLog: createPostgresLog };
