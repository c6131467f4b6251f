/** Where the outbox keeps its records: IndexedDB in a browser, memory in tests. Every promise rejects when it cannot. */
export interface OutboxDatabase {
  /** All of it or nothing. */
  write(change: OutboxChange): Promise<void>;
  /** Records of one person in one file, by all tabs. */
  ofFile(user: string, file: string): Promise<KeptUpdate[]>;
  /** Records of one person that are not known to be durable, in all files. */
  unsent(user: string): Promise<KeptUpdate[]>;
  /** What is known to be durable, of everybody, without its bytes. */
  durable(): Promise<DurableKey[]>;
  /** What the server refused of one person's. */
  asides(user: string): Promise<SetAside[]>;
}

/** Person, file, tab, number in that tab. */
export type KeptKey = readonly [user: string, file: string, tab: string, number: number];

/** One update that this person made on this computer. */
export interface KeptUpdate {
  readonly user: string;
  readonly file: string;
  /** One opening of one file; tabs write side by side and never into each other's records. */
  readonly tab: string;
  readonly number: number;
  /** Path of the file when it was made, for a person. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 1 once the event store has it: a number, since IndexedDB has no index over booleans. */
  readonly durable: 0 | 1;
  /** Bytes of `update`. */
  readonly size: number;
  readonly update: Uint8Array;
}

/** A durable record as the index knows it. */
export interface DurableKey {
  readonly key: KeptKey;
  readonly at: number;
  readonly size: number;
}

/** Changes that the server refused: never sent again, kept until the person throws them away. */
export interface SetAside {
  readonly user: string;
  readonly id: string;
  readonly file: string;
  readonly path: string;
  readonly at: number;
  /** Why, for a person. */
  readonly reason: string;
  readonly edits: number;
  /** What was typed in these changes. */
  readonly typed: string;
  /** The whole text with them; null if the server's text had not come. */
  readonly text: string | null;
}

export interface OutboxChange {
  readonly put?: readonly KeptUpdate[];
  readonly remove?: readonly KeptKey[];
  readonly putAside?: SetAside;
  readonly removeAside?: readonly [user: string, id: string];
}

export function keyOf({ user, file, tab, number }: KeptUpdate): KeptKey {
  return [user, file, tab, number];
}
