import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** Connection string of the database's owner, a superuser. */
  readonly url: string;
  /** Drops the database, ending whatever is still connected to it. */
  drop(): Promise<void>;
}

/**
 * A fresh database on the Postgres that test/postgres-setup.mjs started: empty, or a copy of a template.
 * Throws if the suite does not run as an integration test.
 */
export async function createTestDatabase(template?: string): Promise<TestDatabase> {
  const server = serverUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const from = template === undefined ? '' : ` template ${template}`;
  await asAdministrator((client) => client.query(`create database ${name}${from}`));
  return {
    url: databaseUrl(server, name),
    drop: () =>
      asAdministrator(async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
  };
}

/**
 * What `make` returned for the database `name`, which is filled once in a whole run of the tests, by the suite that comes first;
 * the others wait for it. `createTestDatabase` copies it. When `make` returns, nobody may be connected any more. What it returns
 * must be JSON.
 */
export function templateDatabase<Kept>(name: string, make: (url: string) => Promise<Kept>): Promise<Kept> {
  return asAdministrator(async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [name]);
    const { rows } = await client.query<{ kept: string | null }>(
      `select shobj_description(oid, 'pg_database') as kept from pg_database where datname = $1`,
      [name],
    );
    const known = rows[0]?.kept;
    if (known) return JSON.parse(known) as Kept;
    // Without a description: whoever made it did not get to the end.
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name}`);
    const kept = await make(databaseUrl(serverUrl(), name));
    await client.query(`alter database ${name} allow_connections false`);
    await client.query(`comment on database ${name} is ${client.escapeLiteral(JSON.stringify(kept))}`);
    return kept;
  });
}

function serverUrl(): string {
  const server = process.env['PALIMPSEST_TEST_DATABASE_URL'];
  if (!server) throw new Error('PALIMPSEST_TEST_DATABASE_URL is not set: name the suite *.int.spec.ts');
  return server;
}

function databaseUrl(server: string, name: string): string {
  return server.replace('/postgres?', `/${name}?`);
}

async function asAdministrator<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
