import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import 'reflect-metadata'; // the index of the protocol has DTO classes
import { HeldMessages } from './held-messages.js';
import { TokenBucket } from './token-bucket.js';

const frame = (n: number) => Uint8Array.of(n);

/** A connection that may send `capacity` messages at once and 60 a minute. */
function connection(capacity: number) {
  const bucket = new TokenBucket({ capacity, perMinute: 60, reopensAt: 2 }, performance.now());
  const handled: number[] = [];
  const waits: number[] = [];
  const held: HeldMessages = new HeldMessages(
    () => bucket.take(performance.now()),
    ([n]) => handled.push(n ?? -1),
    (ms) => waits.push(ms),
  );
  return { held, handled, waits };
}

describe('messages over the limit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('[LM2] are held, go on by themselves after the wait, in order, and none is lost', () => {
    const { held, handled, waits } = connection(3);
    for (let n = 0; n < 8; n++) expect(held.receive(frame(n))).toBe(true);
    expect(handled).toEqual([0, 1, 2]);
    expect(waits).toEqual([2_000]);
    jest.advanceTimersByTime(1_999);
    expect(handled.length).toBe(3);
    jest.advanceTimersByTime(1);
    expect(handled).toEqual([0, 1, 2, 3, 4]);
    jest.advanceTimersByTime(10_000);
    expect(handled).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(waits.length).toBe(3);
  });

  it('[LM3] are 64 at most: with one more the connection must end', () => {
    const { held } = connection(1);
    for (let n = 0; n < 65; n++) expect(held.receive(frame(n))).toBe(true);
    expect(held.receive(frame(65))).toBe(false);
  });

  it('are at most 4,000,000 bytes', () => {
    const { held } = connection(1);
    held.receive(frame(0));
    expect(held.receive(new Uint8Array(4_000_000))).toBe(true);
    expect(held.receive(frame(1))).toBe(false);
  });

  it('are forgotten when the connection ends', () => {
    const { held, handled } = connection(1);
    for (let n = 0; n < 5; n++) held.receive(frame(n));
    held.end();
    jest.advanceTimersByTime(60_000);
    held.receive(frame(9));
    expect(handled).toEqual([0]);
  });
});
