/** The one of `known` that is written most alike `text`, for "did you mean"; undefined if none is near. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(text.length / 3));
  const near = known
    .map((word) => ({ word, distance: distance(text, word) }))
    .filter((one) => one.distance <= most)
    // Of two the longer one: letters are left out more often than mistaken.
    .sort((a, b) => a.distance - b.distance || b.word.length - a.word.length);
  return near[0]?.word;
}

/** Letters that must be put in, taken out or replaced to make one of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
