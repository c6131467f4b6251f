/**
 * Run once before the processes start, by the supervisor: makes roles, migrates, and fills an empty log. Its last line on
 * standard output is JSON: {"accounts": […]} with the accounts that it made, or none.
 *
 * Environment: OWNER_DATABASE_URL, DATABASE_URL (of the api's role), and optionally API_ROLE, API_ROLE_PASSWORD,
 * EVENTSTORE_URL, EXECUTOR_ROLE, EXECUTOR_ROLE_PASSWORD, PALIMPSEST_ACCOUNTS_FILE, PALIMPSEST_DEMO=0, PALIMPSEST_REBUILD=1.
 */
import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { createPool, type EventStore, openEventStore } from '@palimpsest/event-store';
import { ReadModels, type RebuildProgress } from '@palimpsest/projections';
import type pg from 'pg';
import { Accounts } from './auth/accounts.js';
import { Credentials } from './auth/credentials.js';
import { CommandHandler } from './commands/command-handler.js';
import { type DatabaseRole, prepareDatabase } from './installation/prepare-database.js';
import { type FirstAccount, firstAccounts } from './installation/first-accounts.js';
import { firstPeople, Seeding } from './installation/seed.js';

/** Between two lines of progress while read models are built, milliseconds. */
const PROGRESS_LINE_MS = 2_000;

function role(prefix: string): DatabaseRole | undefined {
  const name = process.env[`${prefix}_ROLE`];
  const password = process.env[`${prefix}_ROLE_PASSWORD`];
  return name && password ? { name, password } : undefined;
}

/** All of them when asked, otherwise those of an older version of the program: the api could not go on with them. */
async function buildReadModels(readModels: ReadModels, ownerUrl: string): Promise<void> {
  const options = { ownerUrl, onProgress: progressLines(PROGRESS_LINE_MS) };
  if (process.env['PALIMPSEST_REBUILD'] === '1') await readModels.rebuildAll(options);
  else await readModels.rebuildOutdated(options);
}

/** Writes a line to standard error when a read model is begun and when it is complete, and every `everyMs` milliseconds. */
function progressLines(everyMs: number): (progress: RebuildProgress) => void {
  let next = 0;
  let said = '';
  return ({ projection, version, events, share, eventsPerSecond }) => {
    const now = performance.now();
    const phase = `${projection} ${share === 1}`;
    if (phase === said && now < next) return;
    said = phase;
    next = now + everyMs;
    const percent = Math.floor(share * 100);
    console.error(
      `read model "${projection}", version ${version}: ${events} events, ${percent} %, ${Math.round(eventsPerSecond)} events/s`,
    );
  };
}

async function seedOnce(databaseUrl: string, ownerUrl: string): Promise<readonly FirstAccount[]> {
  const store = await openEventStore({
    eventStoreUrl: process.env['EVENTSTORE_URL'] || undefined,
    postgresUrl: databaseUrl,
    applicationName: 'palimpsest prepare',
    waitMs: 30_000,
  });
  const pool = createPool({ connectionString: databaseUrl, max: 2 });
  try {
    await buildReadModels(new ReadModels(store, pool, databaseUrl), ownerUrl);
    const { rowCount } = await pool.query('select 1 from ops.installation');
    return rowCount ? [] : await seed(store, pool);
  } finally {
    await store.close();
    await pool.end();
  }
}

/** A log that came from elsewhere (a restored one) has no file of first accounts here and is left alone. */
async function seed(store: EventStore, pool: pg.Pool): Promise<readonly FirstAccount[]> {
  const file = process.env['PALIMPSEST_ACCOUNTS_FILE'] ?? 'first-accounts.json';
  let accounts: readonly FirstAccount[] = [];
  if (existsSync(file) || (await store.head()) === undefined) {
    const demo = process.env['PALIMPSEST_DEMO'] !== '0';
    accounts = firstAccounts(file, firstPeople(demo));
    const commands = new CommandHandler(store);
    await new Seeding(new Accounts(commands, new Credentials(pool)), commands, store, accounts).seed(demo);
  }
  await pool.query('insert into ops.installation default values');
  return accounts;
}

async function prepare(): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'] ?? '';
  const api = role('API');
  const executor = role('EXECUTOR');
  const ownerUrl = process.env['OWNER_DATABASE_URL'] ?? databaseUrl;
  await prepareDatabase({
    ownerUrl,
    ...(api && { api }),
    ...(executor && { executor }),
  });
  console.log(JSON.stringify({ accounts: await seedOnce(databaseUrl, ownerUrl) }));
}

prepare().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
