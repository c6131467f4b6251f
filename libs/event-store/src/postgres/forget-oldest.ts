/** Keeps what is remembered below `most` entries: the one that was put in first goes. Call it after each new one. */
export function forgetOldest<Key>(remembered: Map<Key, unknown>, most: number): void {
  const [oldest] = remembered.size > most ? remembered.keys() : [];
  if (oldest !== undefined) remembered.delete(oldest);
}
