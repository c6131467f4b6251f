/** One embedded Postgres for all integration suites; each suite makes a database of its own (test/database.ts). */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../tools/postgres.mjs';

export default async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'palimpsest-test-'));
  chmodSync(folder, 0o711); // executors under a user of their own come to its socket
  const password = randomBytes(16).toString('hex');
  const server = await startPostgres({
    ...{ folder: join(folder, 'postgres'), socketFolder: join(folder, 's'), password },
    // Several suites at a time, each with the pools of several processes.
    settings: { max_connections: '300' },
  });
  globalThis.__palimpsestPostgres = { server, folder };
  process.env.PALIMPSEST_TEST_DATABASE_URL = server.url(server.superuser, password, 'postgres');
}
