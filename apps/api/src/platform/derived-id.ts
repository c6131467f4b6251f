import { createHash } from 'node:crypto';

/** Namespace of the ids below: a random UUID that never changes. */
const NAMESPACE = Buffer.from('0d8a1e5cf2c54f0f9b1a4f6a3a5c9e71', 'hex');

/** The same id for the same name, always: UUID version 5 (RFC 9562). */
export function derivedId(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
