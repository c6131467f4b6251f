/** A replacement of `from … to` by `insert`. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** One replacement that makes `after` out of `before`, without what is alike at both ends; null if they are the same. */
export function smallestChange(before: string, after: string): Replacement | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let end = 0;
  const most = shorter - start;
  while (end < most && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
