import type { FileId } from '@palimpsest/domain';

/** What a live file counts for. */
export type Holding =
  | { readonly kind: 'text'; readonly bytes: number }
  | { readonly kind: 'binary'; readonly sha256: string; readonly bytes: number };

/** Bytes of all together: texts as they are, and each content of the binary files once, however many files have it. */
export function usedBytes(holdings: Iterable<Holding>): number {
  let bytes = 0;
  const counted = new Set<string>();
  for (const holding of holdings) {
    if (holding.kind === 'binary') {
      if (counted.has(holding.sha256)) continue;
      counted.add(holding.sha256);
    }
    bytes += holding.bytes;
  }
  return bytes;
}

/**
 * What is used now and would be after `changes`, and whether that is allowed: up to and with `most`. What makes nothing
 * larger is always allowed, also where more is used than there may be (typing is not stopped by a quota).
 */
export function judge(now: ReadonlyMap<FileId, Holding>, changes: ReadonlyMap<FileId, Holding>, most: number) {
  const used = usedBytes(now.values());
  const after = usedBytes(new Map([...now, ...changes]).values());
  return { used, needed: after - used, allowed: after <= most || after <= used };
}

/** Bytes for a person, in the unit of the settings: 1 MB is 1,048,576 bytes. */
export function inWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} kB`;
  // Never "150 MB of 150 MB" while there is room, nor the other way round.
  return `${(bytes / (1024 * 1024)).toFixed(bytes % (1024 * 1024) === 0 ? 0 : 2)} MB`;
}
