import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@palimpsest/test-support';
import pg from 'pg';
import { createPool } from './create-pool.js';

describe('a connection that is lost in the moment in which it is handed out', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  /** Hands out a connection that is new, or else one that was there; `lost` is called before its taker can listen. */
  async function handedOut(pool: pg.Pool, isNew: boolean): Promise<void> {
    if (!isNew) (await pool.connect()).release();
    // What the driver does when the server's word of the end comes in the same piece as its readiness.
    const connected = new Promise<void>((resolve, reject) =>
      pool.connect((problem, client, done) => {
        try {
          if (problem) throw problem;
          client?.emit('error', new Error('terminating connection due to administrator command'));
          resolve();
        } catch (error) {
          reject(error as Error);
        } finally {
          done(true);
        }
      }),
    );
    await connected.finally(() => pool.end());
  }

  it.each([true, false])('is heard by nobody, and would end the process (new: %s)', async (isNew) => {
    const pool = new pg.Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
    await expect(handedOut(pool, isNew)).rejects.toThrow('terminating connection');
  });

  it.each([true, false])('does no harm in one of these pools (new: %s)', async (isNew) => {
    await handedOut(createPool({ connectionString: database.url }), isNew);
  });
});
