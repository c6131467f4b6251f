/** Entries at or around a moment, milliseconds since 1970. */
export interface HourCount {
  readonly at: number;
  readonly count: number;
}

export interface AuditHistogram {
  /** Width of a bar, seconds. */
  readonly bucketSeconds: number;
  /** In the order of time; those without entries are left out. `at`: when it begins. */
  readonly buckets: readonly HourCount[];
  readonly total: number;
  /** False: there are older ones, which were not counted. */
  readonly isComplete: boolean;
}

const HOUR_MS = 3_600_000;
/** Bars at most; people cannot tell more apart, nor can a table of them be read. */
const BARS_MOST = 60;
const WIDTHS = [1, 3, 6, 12, 24, 24 * 7, 24 * 28].map((hours) => hours * HOUR_MS);

/** Bars of the narrowest width with which there are not too many. `counts` in any order. */
export function histogramOf(counts: readonly HourCount[], isComplete: boolean): AuditHistogram {
  let [first, last] = [Infinity, -Infinity];
  for (const { at } of counts) [first, last] = [Math.min(first, at), Math.max(last, at)];
  const width = WIDTHS.find((one) => (last - first) / one < BARS_MOST) ?? (WIDTHS.at(-1) as number);
  const bars = new Map<number, number>();
  let total = 0;
  for (const { at, count } of counts) {
    const bar = Math.floor(at / width) * width;
    bars.set(bar, (bars.get(bar) ?? 0) + count);
    total += count;
  }
  const buckets = [...bars].sort(([a], [b]) => a - b).map(([at, count]) => ({ at, count }));
  return { bucketSeconds: width / 1_000, buckets, total, isComplete };
}
