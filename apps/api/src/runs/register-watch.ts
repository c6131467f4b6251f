import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { REGISTER_CHANNEL } from './run-register.js';

/** Milliseconds between attempts while Postgres is away. */
const RETRY_MS = 500;

/**
 * The one connection of this node that hears when the register of runs has changed, whoever changed it. After every
 * connecting it says so as well: what was said meanwhile was not heard.
 */
@Injectable()
export class RegisterWatch implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(RegisterWatch.name);
  readonly #listeners = new Set<() => void>();
  #client: pg.Client | undefined;
  #stopped = false;
  #connecting: Promise<void> | undefined;

  constructor(@Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'databaseUrl'>) {}

  onModuleInit(): void {
    this.#connecting = this.#connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    await this.#connecting;
    await this.#client?.end().catch(() => undefined);
  }

  /** Calls `listener` after each change. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #connect(): Promise<void> {
    while (!this.#stopped) {
      const client = new pg.Client({
        connectionString: this.configuration.databaseUrl,
        application_name: 'palimpsest api runs',
        keepAlive: true,
      });
      client.on('notification', () => this.#tell());
      client.on('error', (error) => this.#lost(client, error));
      client.on('end', () => this.#lost(client));
      try {
        await client.connect();
        await client.query(`listen ${REGISTER_CHANNEL}`);
        this.#client = client;
        return this.#tell();
      } catch {
        await client.end().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #lost(client: pg.Client, error?: Error): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    if (this.#stopped) return;
    this.#log.warn(`changes of the queue are not heard, connecting again: ${error?.message ?? 'closed'}`);
    this.#connecting = this.#connect();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
