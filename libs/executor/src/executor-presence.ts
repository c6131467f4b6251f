import { executorLock } from '@palimpsest/domain';
import pg from 'pg';

/** How long to wait before the lock is tried again after a restart of Postgres, milliseconds. */
const RETRY_MS = 500;

/**
 * Which executors are at work. Each holds an advisory lock of Postgres by its name for as long as its process lives: the
 * lock goes with the connection, so a killed process gives it up at once and none can be forgotten.
 */
export class ExecutorPresence {
  readonly #connectionString: string;
  readonly #name: string;
  #client: pg.Client | undefined;
  #closed = false;

  constructor(connectionString: string, name: string) {
    this.#connectionString = connectionString;
    this.#name = name;
  }

  /** Takes the lock. False when an executor of this name is at work already. */
  async announce(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: `palimpsest ${this.#name}`,
      keepAlive: true,
    });
    client.on('error', () => void this.#announceAgain(client));
    await client.connect();
    this.#client = client;
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [executorLock(this.#name)],
    );
    return rows[0]?.taken ?? false;
  }

  /**
   * Whether an executor of this name is at work. Looks at the lock and does not try it: that would keep out one that is just
   * starting. pg_locks shows the two halves of the key, unsigned.
   */
  async isAtWork(name: string): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.#connectionString });
    client.on('error', () => undefined); // the query under way rejects with the same trouble
    await client.connect();
    try {
      const { rowCount } = await client.query(
        `select from pg_locks
         where locktype = 'advisory' and objsubid = 1 and granted
           and database = (select oid from pg_database where datname = current_database())
           and (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)`,
        [executorLock(name)],
      );
      return rowCount !== 0;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end();
  }

  /** After a restart of Postgres. Until it succeeds another may take this executor for gone; its runs then end there. */
  async #announceAgain(lost: pg.Client): Promise<void> {
    if (this.#client !== lost) return;
    this.#client = undefined;
    while (!this.#closed) {
      try {
        if (await this.announce()) return;
        console.error(`another executor is named "${this.#name}": this one is taken for gone until that one stops`);
        await this.#giveUp();
      } catch {
        // Postgres is not back yet.
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #giveUp(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }
}
