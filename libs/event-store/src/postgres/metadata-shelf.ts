import type { NewEvent } from '../event-store.js';
import { forgetOldest } from './forget-oldest.js';

/** Metadata of other sizes stays in its event: what is smaller gains nothing, and what is larger hardly repeats. */
const LEAST_BYTES = 64;
const MOST_BYTES = 4096;
/** Contents that a shelf remembers, 1 MB or so: a class of 600 in a few files each. The oldest is forgotten. */
const MOST_CONTENTS = 4000;

const KEEP = 'select es.keep_metadata(u.bytes) from unnest($1::bytea[]) with ordinality as u (bytes, n) order by u.n';

/** Keeps these contents in es.metadata; the answer has a key for each, null for one that cannot be kept. */
export type KeepMetadata = (contents: readonly Uint8Array[]) => Promise<readonly (bigint | null)[]>;

/**
 * What a writer knows of es.metadata. Contents that come a second time are kept there from then on, and the events name
 * their key: somebody who types writes the same with every letter, while most commands have metadata of their own.
 *
 * A shelf belongs to one connection. Another one may lead to a restored database, in which a key is not there any more.
 */
export class MetadataShelf {
  /** By content, as latin1: undefined after the first time, null if it cannot be kept. Oldest first. */
  readonly #keys = new Map<string, bigint | null | undefined>();

  /** For each event the key of its metadata, or null where it has none or carries it itself. */
  async keysFor(events: readonly NewEvent[], keep: KeepMetadata): Promise<readonly (bigint | null)[]> {
    const contents = events.map(({ metadata }) => contentOf(metadata));
    const repeated = new Set<string>();
    for (const content of contents)
      if (content !== undefined && !this.#note(content) && this.#keys.get(content) === undefined) repeated.add(content);
    if (repeated.size > 0) await this.#keep([...repeated], keep);
    return contents.map((content) => (content === undefined ? null : (this.#keys.get(content) ?? null)));
  }

  /** Whether it is new. */
  #note(content: string): boolean {
    if (this.#keys.has(content)) return false;
    this.#keys.set(content, undefined);
    forgetOldest(this.#keys, MOST_CONTENTS);
    return true;
  }

  async #keep(contents: readonly string[], keep: KeepMetadata): Promise<void> {
    const keys = await keep(contents.map((content) => Buffer.from(content, 'latin1')));
    for (const [n, content] of contents.entries())
      if (this.#keys.has(content)) this.#keys.set(content, keys[n] ?? null);
  }
}

function contentOf(metadata: Uint8Array | undefined): string | undefined {
  if (!metadata || metadata.byteLength < LEAST_BYTES || metadata.byteLength > MOST_BYTES) return undefined;
  return Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength).toString('latin1');
}

/** Keeps contents by `query`, which runs a statement and gives its rows as arrays. */
export async function keepMetadata(
  query: (text: string, values: unknown[]) => Promise<readonly (readonly unknown[])[]>,
  contents: readonly Uint8Array[],
): Promise<readonly (bigint | null)[]> {
  const rows = await query(KEEP, [contents]);
  return rows.map(([key]) => (key === null ? null : BigInt(key as string)));
}
