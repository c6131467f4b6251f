/**
 * Carries short texts from every node to every node, the sender included. At most once, without order or memory: a text that
 * is lost is made good by the next one, and so is the time without a bus.
 */
export interface AwarenessBus {
  /** Begins to connect, and connects again for ever. `connected` is told each time that texts arrive from then on. */
  start(listener: AwarenessListener): void;
  /** Resolves when the texts have been handed over. Rejects while there is no connection: they are lost then. */
  publish(texts: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface AwarenessListener {
  message(text: string): void;
  connected(): void;
}

/** Name of the channel in Postgres and in Redis. */
export const AWARENESS_CHANNEL = 'palimpsest_awareness';
