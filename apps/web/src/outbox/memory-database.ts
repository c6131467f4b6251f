import {
  type DurableKey,
  type KeptUpdate,
  keyOf,
  type OutboxChange,
  type OutboxDatabase,
  type SetAside,
} from './outbox-database.js';

/** An outbox that forgets with its page; for tests. `isFull`: takes nothing more, as a full disk. */
export class MemoryDatabase implements OutboxDatabase {
  isFull = false;
  readonly #updates = new Map<string, KeptUpdate>();
  readonly #asides = new Map<string, SetAside>();

  async write({ put = [], remove = [], putAside, removeAside }: OutboxChange): Promise<void> {
    if (this.isFull && (put.length > 0 || putAside)) throw new Error('the disk is full');
    for (const record of put) this.#updates.set(keyOf(record).join(), record);
    for (const key of remove) this.#updates.delete(key.join());
    if (putAside) this.#asides.set([putAside.user, putAside.id].join(), putAside);
    if (removeAside) this.#asides.delete(removeAside.join());
  }

  async ofFile(user: string, file: string): Promise<KeptUpdate[]> {
    return this.#where((record) => record.user === user && record.file === file);
  }

  async unsent(user: string): Promise<KeptUpdate[]> {
    return this.#where((record) => record.user === user && record.durable === 0);
  }

  async durable(): Promise<DurableKey[]> {
    const records = this.#where((record) => record.durable === 1);
    return records
      .map((record) => ({ key: keyOf(record), at: record.at, size: record.size }))
      .sort((a, b) => a.at - b.at);
  }

  async asides(user: string): Promise<SetAside[]> {
    return [...this.#asides.values()].filter((aside) => aside.user === user);
  }

  #where(matches: (record: KeptUpdate) => boolean): KeptUpdate[] {
    return [...this.#updates.values()].filter(matches);
  }
}
