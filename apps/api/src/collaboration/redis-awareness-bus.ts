import { Redis } from 'ioredis';
import { AWARENESS_CHANNEL, type AwarenessBus, type AwarenessListener } from './awareness-bus.js';

/** How long the server may take to answer before a text counts as lost, milliseconds. */
const ANSWER_MS = 5_000;
const RETRY_TO_MS = 3_000;

const OPTIONS = {
  protocol: 2 as const, // older servers and proxies know no other, and nothing here needs more
  lazyConnect: true,
  // What cannot be sent now is old by the time it could.
  enableOfflineQueue: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: ANSWER_MS,
  retryStrategy: (attempt: number) => Math.min(RETRY_TO_MS, 100 * 2 ** Math.min(attempt, 10)),
};

/** Publish and subscribe: two connections, since a connection that listens may not do anything else. */
export class RedisAwarenessBus implements AwarenessBus {
  readonly #subscriber: Redis;
  readonly #publisher: Redis;

  constructor(url: string) {
    this.#subscriber = new Redis(url, OPTIONS);
    this.#publisher = new Redis(url, OPTIONS);
  }

  start(listener: AwarenessListener): void {
    for (const client of [this.#subscriber, this.#publisher]) {
      client.on('error', () => undefined); // it connects again by itself
      client.connect().catch(() => undefined);
    }
    this.#subscriber.on('message', (_channel: string, text: string) => listener.message(text));
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(AWARENESS_CHANNEL).then(
        () => listener.connected(),
        () => this.#subscriber.disconnect(true),
      );
    });
  }

  async publish(texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.#publisher.publish(AWARENESS_CHANNEL, text)));
  }

  async stop(): Promise<void> {
    this.#subscriber.disconnect();
    this.#publisher.disconnect();
    await Promise.resolve();
  }
}
