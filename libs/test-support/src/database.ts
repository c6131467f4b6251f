import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** Connection string of the database's owner, a superuser. */
  readonly url: string;
  /** Drops the database, ending whatever is still connected to it. */
  drop(): Promise<void>;
}

/**
 * A fresh, empty database on the Postgres that test/postgres-setup.mjs started.
 * Throws if the suite does not run as an integration test.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['PALIMPSEST_TEST_DATABASE_URL'];
  if (!server) throw new Error('PALIMPSEST_TEST_DATABASE_URL is not set: name the suite *.int.spec.ts');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(server, `create database ${name}`);
  return {
    url: server.replace('/postgres?', `/${name}?`),
    drop: () => asAdministrator(server, `drop database if exists ${name} with (force)`),
  };
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
