import pg from 'pg';

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
    });
    client.on('error', () => void this.#announceAgain(client));
    await client.connect();
    this.#client = client;
    return lock(client, this.#name);
  }

  /** Whether an executor of this name is at work. */
  async isAtWork(name: string): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.#connectionString });
    client.on('error', () => undefined); // the query under way rejects with the same trouble
    await client.connect();
    try {
      return !(await lock(client, name));
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
        await this.announce();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
}

async function lock(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(
    'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
    [`palimpsest executor ${name}`],
  );
  return rows[0]?.taken ?? false;
}
