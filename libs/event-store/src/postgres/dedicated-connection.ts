import pg from 'pg';

/**
 * One connection of its own, opened when it is needed and again after it was lost.
 * Losing it is announced (`onLost`) exactly once for each time that it had been open.
 */
export class DedicatedConnection {
  private opening: Promise<pg.Client> | undefined;
  private client: pg.Client | undefined;

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly prepare: (client: pg.Client) => Promise<void>,
    private readonly onLost: () => void = () => undefined,
  ) {}

  get isOpen(): boolean {
    return this.client !== undefined;
  }

  /** The open connection; opens it if need be. */
  open(): Promise<pg.Client> {
    this.opening ??= this.connect();
    return this.opening;
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.config, keepAlive: true, keepAliveInitialDelayMillis: 10_000 });
    // Without a handler a lost connection would end the process.
    client.on('error', () => this.lose(client));
    client.on('end', () => this.lose(client));
    try {
      await client.connect();
      this.client = client;
      await this.prepare(client);
      return client;
    } catch (error) {
      this.client = undefined;
      this.opening = undefined;
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  /** Gives the connection up without waiting for the server, which may no longer answer. The next `open` makes a new one. */
  discard(): void {
    if (this.client) this.lose(this.client);
  }

  async close(): Promise<void> {
    const client = await this.opening?.catch(() => undefined);
    this.client = undefined;
    this.opening = undefined;
    await client?.end().catch(() => undefined);
  }

  private lose(client: pg.Client): void {
    if (client !== this.client) return;
    this.client = undefined;
    this.opening = undefined;
    void client.end().catch(() => undefined);
    this.onLost();
  }
}
