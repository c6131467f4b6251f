import pg from 'pg';
import { AWARENESS_CHANNEL, type AwarenessBus, type AwarenessListener } from './awareness-bus.js';

/** How long the server may take to answer before the connection counts as dead, milliseconds. */
const ANSWER_MS = 10_000;
/** Time between tries to connect, milliseconds; it doubles from the first to the second. */
const RETRY_FROM_MS = 100;
const RETRY_TO_MS = 3_000;

/** LISTEN and NOTIFY on one connection of its own. Many texts are one statement, and so one commit. */
export class PostgresAwarenessBus implements AwarenessBus {
  readonly #connectionString: string;
  #listener: AwarenessListener | undefined;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FROM_MS;
  #connecting: Promise<void> | undefined;
  #stopped = false;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  start(listener: AwarenessListener): void {
    this.#listener = listener;
    this.#connecting = this.#connect();
  }

  async publish(texts: readonly string[]): Promise<void> {
    const client = this.#client;
    if (!client) throw new Error('there is no connection to Postgres');
    try {
      await client.query(`select pg_notify('${AWARENESS_CHANNEL}', text) from unnest($1::text[]) text`, [texts]);
    } catch (error) {
      this.#lose(client);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'palimpsest api awareness',
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    // Without a handler a lost connection would end the process.
    client.on('error', () => this.#lose(client));
    client.on('end', () => this.#lose(client));
    client.on('notification', ({ payload }) => this.#listener?.message(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${AWARENESS_CHANNEL}`);
    } catch {
      return this.#lose(client);
    }
    if (this.#stopped) return void (await client.end().catch(() => undefined));
    this.#client = client;
    this.#retryMs = RETRY_FROM_MS;
    this.#listener?.connected();
  }

  #lose(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    void client.end().catch(() => undefined);
    if (this.#stopped || this.#client || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connecting = this.#connect();
    }, this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(RETRY_TO_MS, this.#retryMs * 2);
  }
}
