/** The event store that a deployment has: Postgres, or KurrentDB where EVENTSTORE_URL names one. */
import pg from 'pg';
import { InvalidArgument, Unavailable } from './errors.js';
import type { EventStore } from './event-store.js';
import { parseConnectionString } from './kurrentdb/connection-string.js';
import { createKurrentDbEventStore } from './kurrentdb/kurrentdb-event-store.js';
import { isConnectionTrouble } from './postgres/connection-trouble.js';
import { createPostgresEventStore } from './postgres/postgres-event-store.js';

export interface OpenEventStoreOptions {
  /** kurrentdb://, kurrentdb+discover:// or their old names esdb://, esdb+discover://. Undefined: the log is in Postgres. */
  readonly eventStoreUrl?: string | undefined;
  /** postgres:// or postgresql://. Not looked at if there is an eventStoreUrl. */
  readonly postgresUrl: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Milliseconds to wait for a store that is still starting. Default 0: not at all, the first call connects. */
  readonly waitMs?: number;
}

/** Milliseconds between two looks at a store that is still starting. */
const LOOK_AGAIN = 200;

/**
 * Opens the store. Throws InvalidArgument for a URL that cannot be read or has an unknown scheme and, when it waits,
 * Unavailable with the host and port that it waited for (never with credentials). Close the store to let the process end.
 */
export async function openEventStore(options: OpenEventStoreOptions): Promise<EventStore> {
  const { eventStoreUrl, postgresUrl, applicationName, waitMs = 0 } = options;
  const where =
    eventStoreUrl === undefined
      ? `Postgres at ${postgresAddress(postgresUrl)}`
      : `KurrentDB at ${parseConnectionString(eventStoreUrl).hosts}`;
  const store =
    eventStoreUrl === undefined
      ? createPostgresEventStore({ connectionString: postgresUrl, applicationName })
      : createKurrentDbEventStore({ connectionString: eventStoreUrl });
  if (waitMs <= 0) return store;
  try {
    await answers(store, waitMs, where);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * A connection to a database that may still be starting. Throws InvalidArgument for a URL that cannot be read, Unavailable with
 * the host and port that it waited for (never with credentials), and at once what does not pass, such as a wrong password.
 */
export async function connectToPostgres(connectionString: string, waitMs: number): Promise<pg.Client> {
  const where = `Postgres at ${postgresAddress(connectionString)}`;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const left = Math.max(1, deadline - performance.now());
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: left });
    client.on('error', () => undefined); // the query under way rejects with the same trouble
    try {
      await client.connect();
      return client;
    } catch (cause) {
      await client.end().catch(() => undefined);
      if (!isConnectionTrouble(cause)) throw cause;
      if (performance.now() + LOOK_AGAIN > deadline)
        throw new Unavailable(`The database, ${where}, did not answer within ${waitMs} ms.`, { cause });
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    }
  }
}

/** Asks until the store answers; a fault that does not pass, such as a missing schema, ends the waiting at once. */
async function answers(store: EventStore, waitMs: number, where: string): Promise<void> {
  const deadline = performance.now() + waitMs;
  let cause: unknown;
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) throw new Unavailable(`The event store, ${where}, did not answer within ${waitMs} ms.`, { cause });
    try {
      // A call to a store that is away takes its own time, which may be longer than what is left.
      if (
        await within(
          left,
          store.head().then(() => true),
        )
      )
        return;
    } catch (error) {
      if ((error as { readonly retryable?: unknown }).retryable !== true) throw error;
      cause = error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_AGAIN, left)));
    }
  }
}

async function within(milliseconds: number, work: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  work.catch(() => undefined); // if it fails after its time
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Without user and password. A URL may name the host, or the folder of a unix socket, as a parameter. */
function postgresAddress(text: string): string {
  const [, authority, query] = /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/[^?#]*)?(?:\?(.*))?$/i.exec(text.trim()) ?? [];
  if (authority === undefined)
    throw new InvalidArgument(
      'The URL of the database cannot be read. Write it as postgres://user:password@host:5432/database.',
    );
  const parameters = new URLSearchParams(query ?? '');
  const host = parameters.get('host') ?? (authority.slice(authority.lastIndexOf('@') + 1) || 'localhost');
  if (host.startsWith('/') || /:[0-9]+$/.test(host)) return host;
  return `${host}:${parameters.get('port') ?? '5432'}`;
}
