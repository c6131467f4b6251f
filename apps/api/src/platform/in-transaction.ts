import type pg from 'pg';

/**
 * Carries `work` out in a transaction of its own and commits it; undone when `work` rejects, or the database is lost meanwhile.
 * Returns what `work` returns, rejects with what it rejects with. A connection on which something failed is not used again.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // The pool listens to idle connections only: unheard, the loss of this one between two statements would end the process.
  // The next statement rejects with the same trouble.
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = error as Error;
    await client.query('rollback').catch(ignore);
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

function ignore(): void {}
