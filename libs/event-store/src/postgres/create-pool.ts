import pg from 'pg';

/**
 * A pool of connections of which none that is lost ends the process: queries under way reject with the trouble, and idle
 * connections are replaced when the next query needs one.
 *
 * The pool listens to its idle connections only, and stops when it hands one out. Whoever gets it can listen a moment later at
 * the earliest; a server that ends the connection in between would find nobody, and Node ends a process for that.
 */
export function createPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ keepAlive: true, ...config });
  pool.on('connect', (client) => client.on('error', ignore));
  pool.on('error', ignore);
  return pool;
}

function ignore(): void {}
