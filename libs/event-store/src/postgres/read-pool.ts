import pg from 'pg';
import { Unavailable } from '../errors.js';
import { abortable, pause } from '../abort.js';
import { backoff, explained, isConnectionTrouble } from './connection-trouble.js';

export type Row = readonly unknown[];

/** Milliseconds. A page takes some; a connection that says nothing for so long is dead without having been closed. */
const QUERY_TIMEOUT = 30_000;

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
    this.pool = new pg.Pool({
      ...config,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      query_timeout: QUERY_TIMEOUT,
    });
    // An idle connection that the server ended: the pool has dropped it already, the next query opens another.
    this.pool.on('error', () => undefined);
  }

  /** Runs a reading statement, again and again while the connection is in trouble. Throws Unavailable in the end. */
  async read(text: string, values: readonly unknown[], signal?: AbortSignal): Promise<Row[]> {
    const deadline = performance.now() + this.unavailableAfterMs;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      if (this.closed) throw closedStore();
      try {
        return await abortable(this.query(text, values), signal);
      } catch (error) {
        if (!isConnectionTrouble(error)) throw this.closed ? closedStore() : explained(error);
        if (performance.now() + backoff(attempt) > deadline)
          throw new Unavailable('The event log cannot be read: the database does not answer.', { cause: error });
      }
      await pause(backoff(attempt), signal);
    }
  }

  /** Runs a writing statement once: whether it happened is not known after trouble. Throws Unavailable. */
  async write(text: string, values: readonly unknown[]): Promise<Row[]> {
    if (this.closed) throw closedStore();
    try {
      return await this.query(text, values);
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

  private async query(text: string, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query<unknown[]>({ text, values: [...values], rowMode: 'array' });
    return rows;
  }
}

export function closedStore(): Unavailable {
  return new Unavailable('This event store was closed.');
}
