/** A line of two texts: in both, only in the later, or only in the earlier. */
export interface LineChange {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Cells of the table that a comparison may fill: a million take some 10 ms. */
const MOST_CELLS = 4_000_000;

/** Lines that are the same at both ends. */
function alike(before: readonly string[], after: readonly string[]): readonly [start: number, end: number] {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return [start, end];
}

/**
 * The lines of both texts, in order, by their longest common subsequence (the textbook's table). Texts that differ in too many
 * lines for that are told as one removed and the other added.
 */
export function lineChanges(earlier: string, later: string): LineChange[] {
  const [before, after] = [earlier.split('\n'), later.split('\n')];
  const [start, end] = alike(before, after);
  const same = (text: string): LineChange => ({ kind: 'same', text });
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): LineChange[] {
  const removed = (text: string): LineChange => ({ kind: 'removed', text });
  const added = (text: string): LineChange => ({ kind: 'added', text });
  if (before.length * after.length > MOST_CELLS) return [...before.map(removed), ...after.map(added)];
  const lengths = commonLengths(before, after);
  const at = (i: number, j: number) => lengths[i * (after.length + 1) + j] ?? 0;
  const changes: LineChange[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [gone, come] = [before[i], after[j]];
    if (gone !== undefined && gone === come) {
      changes.push({ kind: 'same', text: gone });
      i++;
      j++;
    } else if (gone !== undefined && (come === undefined || at(i + 1, j) >= at(i, j + 1))) {
      changes.push(removed(gone));
      i++;
    } else if (come !== undefined) {
      changes.push(added(come));
      j++;
    }
  }
  return changes;
}

/** For each pair of beginnings how many lines their rests have in common, row by row. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
  return lengths;
}
