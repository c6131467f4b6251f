/**
 * Tells trouble with the connection or the server, which passes, from a statement that is wrong, which does not.
 */
import pg from 'pg';
import { SchemaMismatch } from '../errors.js';

/** Classes and codes of SQLSTATE after which the same statement may succeed a little later. */
const PASSING = [
  '08', // connection exception
  '40', // serialization failure, deadlock
  '53', // disk full, out of memory, too many connections: somebody may mend that
  '57', // shutdown, crash, starting up, cancelled by statement_timeout
  '25006', // read-only: a failover is under way
];

const NODE_ERRORS = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN'],
  'ENOENT', // the server's unix socket is gone
]);

/** The driver's own words; it gives these errors neither a class nor a code. */
const DRIVER_WORDS =
  /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client was closed|Connection ended/i;

const NOT_MIGRATED = new Set(['3F000', '42P01', '42883']);

/** Looks at properties rather than classes: Node's own errors may come from another realm than this module. */
export function isConnectionTrouble(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return PASSING.some((prefix) => error.code?.startsWith(prefix));
  if (typeof error !== 'object' || error === null) return false;
  // A host name with several addresses: one error for each.
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isConnectionTrouble);
  if ('code' in error && typeof error.code === 'string' && NODE_ERRORS.has(error.code)) return true;
  return 'message' in error && typeof error.message === 'string' && DRIVER_WORDS.test(error.message);
}

/** What to throw for an error that does not pass: a missing schema gets its explanation, the rest stays itself. */
export function explained(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || !NOT_MIGRATED.has(error.code ?? '')) return error;
  return new SchemaMismatch(
    'The event log is missing in this database, or older than this program: run migratePostgresEventStore first.',
    { cause: error },
  );
}

/** Milliseconds to wait before attempt n + 1, n from 0: 25 at first, a second at most. */
export function backoff(attempt: number): number {
  return Math.min(1000, 25 * 2 ** attempt);
}
