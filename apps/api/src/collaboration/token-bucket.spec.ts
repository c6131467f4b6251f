import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

const size = { capacity: 300, perMinute: 300, reopensAt: 25 };

/** How many of `count` messages pass at once. */
function passing(bucket: TokenBucket, count: number, now: number): number {
  let passed = 0;
  for (let i = 0; i < count; i++) if (bucket.take(now) === 0) passed += 1;
  return passed;
}

describe('a bucket of 300 messages a minute', () => {
  it('lets 300 pass at once, and tells the 301st how long to wait', () => {
    const bucket = new TokenBucket(size, 0);
    expect(passing(bucket, 300, 0)).toBe(300);
    expect(bucket.take(0)).toBe(5_000);
    expect(bucket.take(2_000)).toBe(3_000);
  });

  it('goes on after exactly that time, with 25 messages', () => {
    const bucket = new TokenBucket(size, 0);
    passing(bucket, 301, 0);
    expect(bucket.take(4_999)).toBe(1);
    expect(passing(bucket, 100, 5_000)).toBe(25);
  });

  it('never stops somebody who sends five a second, for an hour', () => {
    const bucket = new TokenBucket(size, 0);
    for (let now = 0; now < 3_600_000; now += 200) expect(bucket.take(now)).toBe(0);
  });

  it.each([1, 7, 50, 1_000])('lets no more than 600 pass in a minute, whatever the rhythm (%i ms)', (step) => {
    const bucket = new TokenBucket(size, 0);
    let passed = 0;
    for (let now = 0; now < 60_000; now += step) passed += passing(bucket, 20, now);
    expect(passed).toBeLessThanOrEqual(600);
  });

  it('holds no more than its capacity however long nothing comes, and is then as good as new', () => {
    const bucket = new TokenBucket(size, 0);
    bucket.take(0);
    expect(bucket.isFull(100)).toBe(false);
    expect(bucket.isFull(200)).toBe(true);
    expect(passing(bucket, 1_000, 86_400_000)).toBe(300);
  });

  it('takes several tokens for what costs more, and lets through what costs more than it can hold', () => {
    const bucket = new TokenBucket(size, 0);
    expect([bucket.take(0, 200), bucket.take(0, 100)]).toEqual([0, 0]);
    expect(bucket.take(0, 50)).toBe(10_000);
    expect(bucket.take(10_000, 50)).toBe(0);
    expect(bucket.take(3_600_000, 1_000)).toBe(0);
  });

  it('is not confused by a clock that goes back', () => {
    const bucket = new TokenBucket(size, 1_000);
    passing(bucket, 300, 1_000);
    expect(bucket.take(0)).toBe(5_000);
    expect(bucket.take(1_000)).toBe(5_000);
  });
});
