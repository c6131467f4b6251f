import type { DurableKey, KeptKey } from './outbox-database.js';

/**
 * How long updates stay after the event store has them: for a server that is set back to an earlier moment. Whoever restores
 * a backup does so within days, and loses hours: a week and a megabyte (some 30,000 keys) in each of 20 files are enough.
 */
export const RETENTION = {
  /** Milliseconds. */
  age: 7 * 24 * 60 * 60 * 1_000,
  /** Bytes of updates of one person in one file. */
  bytesPerFile: 1_000_000,
  /** Files of all people on this computer. */
  files: 20,
} as const;

/** Which durable records go now. The newest stay. */
export function expired(records: readonly DurableKey[], now: number, limits = RETENTION): KeptKey[] {
  const bytes = new Map<string, number>();
  const gone: KeptKey[] = [];
  for (const { key, at, size } of [...records].sort((a, b) => b.at - a.at)) {
    const file = `${key[0]} ${key[1]}`;
    const used = bytes.get(file) ?? 0;
    const hasRoom = bytes.has(file) || bytes.size < limits.files;
    // Once the oldest that fits is found, what is older goes as well: a gap in between would make it useless.
    const fits = now - at <= limits.age && hasRoom && used + size <= limits.bytesPerFile;
    if (fits) bytes.set(file, used + size);
    else {
      if (bytes.has(file)) bytes.set(file, Infinity);
      gone.push(key);
    }
  }
  return gone;
}
