import { describe, expect, it } from '@jest/globals';
import { histogramOf } from './audit-histogram.js';

const HOUR = 3_600_000;
const at = (...hours: number[]) => hours.map((hour) => ({ at: hour * HOUR, count: 1 }));

describe('a histogram', () => {
  it.each([
    [0, 1],
    [59, 1],
    [60, 3],
    [179, 3],
    [24 * 59, 24],
    [24 * 7 * 60, 24 * 28],
    [24 * 28 * 1_000, 24 * 28],
  ])('over %i hours has bars of %i', (hours, width) => {
    expect(histogramOf(at(0, hours), true).bucketSeconds).toBe(width * 3_600);
  });

  it('puts together what is in a bar, in the order of time, and leaves out those without', () => {
    const counts = [...at(100, 99, 4, 3), { at: 4.5 * HOUR, count: 7 }];
    expect(histogramOf(counts, false)).toEqual({
      ...{ bucketSeconds: 3 * 3_600, total: 11, isComplete: false },
      buckets: [
        { at: 3 * HOUR, count: 9 },
        { at: 99 * HOUR, count: 2 },
      ],
    });
  });

  it('of nothing is empty', () => {
    expect(histogramOf([], true)).toMatchObject({ buckets: [], total: 0 });
  });
});
