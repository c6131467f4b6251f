import type pg from 'pg';
import { Unavailable } from '../errors.js';
import { abortable, pause } from '../abort.js';
import { createPool } from './create-pool.js';
import { binaryCopy, type CopiedRow } from './binary-copy.js';
import { backoff, explained, isConnectionTrouble } from './connection-trouble.js';
import { answeredWithin } from './query-timeout.js';

export type Row = readonly unknown[];

/** Milliseconds. A page takes some; a connection that says nothing for so long is dead without having been closed. */
const QUERY_TIMEOUT = 30_000;

type Work<T> = (client: pg.PoolClient) => Promise<T>;

/**
 * The connections for reading. A connection is held for one page, never while a consumer thinks: a reader that is slow or
 * given up costs nothing.
 */
export class ReadPool {
  private readonly pool: pg.Pool;
  private closed = false;

  constructor(
    config: pg.PoolConfig,
    private readonly unavailableAfterMs: number,
  ) {
    this.pool = createPool({ ...config, keepAliveInitialDelayMillis: 10_000 });
  }

  /**
   * Runs a reading statement, again and again while the connection is in trouble. Throws Unavailable in the end. With a name
   * it is prepared on each connection, once: for a statement that is asked for all the time and always has this text.
   */
  read(text: string, values: readonly unknown[], signal?: AbortSignal, name?: string): Promise<Row[]> {
    return this.repeated((client) => query(client, text, values, name), signal);
  }

  /** The rows of a select without parameters, in binary form: for many rows. Otherwise as `read`. */
  copy<T>(select: string, decode: (row: CopiedRow) => T, signal?: AbortSignal): Promise<T[]> {
    return this.repeated((client) => binaryCopy(client, select, decode), signal);
  }

  /** Runs a writing statement once: whether it happened is not known after trouble. Throws Unavailable. */
  async write(text: string, values: readonly unknown[]): Promise<Row[]> {
    if (this.closed) throw closedStore();
    try {
      return await this.use((client) => query(client, text, values));
    } catch (error) {
      if (!isConnectionTrouble(error)) throw explained(error);
      throw new Unavailable('The database did not confirm the change; it may have happened.', { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.pool.end();
  }

  private async repeated<T>(work: Work<T>, signal: AbortSignal | undefined): Promise<T> {
    const deadline = performance.now() + this.unavailableAfterMs;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      if (this.closed) throw closedStore();
      try {
        return await abortable(this.use(work), signal);
      } catch (error) {
        if (!isConnectionTrouble(error)) throw this.closed ? closedStore() : explained(error);
        if (performance.now() + backoff(attempt) > deadline)
          throw new Unavailable('The event log cannot be read: the database does not answer.', { cause: error });
      }
      await pause(backoff(attempt), signal);
    }
  }

  /** A connection on which something failed is not used again. */
  private async use<T>(work: Work<T>): Promise<T> {
    const client = await this.pool.connect();
    let failed = true;
    try {
      const result = await answeredWithin(QUERY_TIMEOUT, work(client));
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  }
}

async function query(client: pg.PoolClient, text: string, values: readonly unknown[], name?: string): Promise<Row[]> {
  const { rows } = await client.query<unknown[]>({
    text,
    values: [...values],
    rowMode: 'array',
    ...(name && { name }),
  });
  return rows;
}

export function closedStore(): Unavailable {
  return new Unavailable('This event store was closed.');
}
