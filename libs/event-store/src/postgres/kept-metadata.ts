import type { RecordedEvent } from '../event-store.js';
import { literal, type CopiedRow } from './binary-copy.js';
import { forgetOldest } from './forget-oldest.js';

/** Contents that a store remembers, of at most 4 KiB each. The oldest are forgotten. */
const MOST_CONTENTS = 4000;

/** An event whose metadata is named and not yet there. */
export interface Unresolved {
  readonly event: { -readonly [Field in keyof RecordedEvent]: RecordedEvent[Field] };
  readonly key: bigint;
}

/** Reads rows of es.metadata: `select` gives key and bytes. */
export type ReadMetadata = (
  select: string,
  decode: (row: CopiedRow) => readonly [bigint, Uint8Array],
) => Promise<readonly (readonly [bigint, Uint8Array])[]>;

/**
 * Metadata that is kept once and named by its events (migration 6). What a key stands for never changes, in whatever
 * database, so what was read once needs no second look; events with the same metadata share its bytes.
 */
export class KeptMetadata {
  readonly #contents = new Map<bigint, Uint8Array>();

  get(key: bigint): Uint8Array | undefined {
    return this.#contents.get(key);
  }

  /** Gives the events their metadata. Throws if the log does not have it: then it is damaged. */
  async resolve(unresolved: readonly Unresolved[], read: ReadMetadata): Promise<void> {
    if (unresolved.length === 0) return;
    const keys = [...new Set(unresolved.map(({ key }) => key))];
    const found = new Map(
      await read(
        `select m.key, m.bytes from es.metadata m where m.key in (${keys.map(literal).join(', ')})`,
        decodeMetadata,
      ),
    );
    for (const { event, key } of unresolved) event.metadata = contentOf(found, key, event);
    for (const [key, bytes] of found) this.#remember(key, bytes);
  }

  #remember(key: bigint, bytes: Uint8Array): void {
    this.#contents.set(key, bytes);
    forgetOldest(this.#contents, MOST_CONTENTS);
  }
}

function decodeMetadata(row: CopiedRow): readonly [bigint, Uint8Array] {
  return [row.bigint(), row.bytea() as Buffer];
}

function contentOf(found: ReadonlyMap<bigint, Uint8Array>, key: bigint, event: RecordedEvent): Uint8Array {
  const bytes = found.get(key);
  if (bytes) return bytes;
  throw metadataLost(event.stream, event.revision, key);
}

export function metadataLost(stream: string, revision: bigint, key: bigint): Error {
  return new Error(
    `The log is damaged: event ${revision} of "${stream}" names metadata ${key}, which es.metadata does not have. Restore a backup.`,
  );
}
