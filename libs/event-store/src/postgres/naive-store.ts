import pg from 'pg';
import type { Entry, WatchedLog } from '../contract/order-checker.js';

/**
 * A store as it is often written, and wrong: the position comes from a sequence, so that it is given before the commit and
 * in another order. Kept to show that the order checker notices. Imported by specs only.
 */
export class NaiveStore implements WatchedLog {
  private constructor(private readonly pool: pg.Pool) {}

  static async create(connectionString: string): Promise<NaiveStore> {
    const pool = new pg.Pool({ connectionString, max: 16 });
    await pool.query('create table naive (position bigserial primary key, id uuid not null)');
    return new NaiveStore(pool);
  }

  async append(id: string, delayMs: number, abort: boolean): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await client.query('insert into naive (id) values ($1)', [id]);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await client.query(abort ? 'rollback' : 'commit');
    } finally {
      client.release();
    }
  }

  async readAfter(position: string | undefined): Promise<readonly Entry[]> {
    const text = 'select id, position from naive where position > $1 order by position';
    return (await this.pool.query<Entry>(text, [position ?? '0'])).rows;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
