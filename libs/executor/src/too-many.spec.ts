import { describe, expect, it } from '@jest/globals';
import { tooMany } from './run-queue.js';

/** "a30 b10": of the person a, idle for 30 ms, and so on. */
const idle = (text: string) =>
  text
    .split(' ')
    .filter(Boolean)
    .map((word) => ({ by: word.charAt(0), idleMs: Number(word.slice(1)) }));

describe('who makes room', () => {
  it.each([
    ['nobody while there is room', 'a1 b2', 2, ''],
    ['the one that was idle for longest', 'a1 b3 c2', 2, 'b3'],
    ['of the person with the most, though another was idle for longer', 'a1 a2 b9', 2, 'a2'],
    ['until the numbers are even, and then the longest', 'a1 a2 a3 b9', 2, 'a3 a2'],
    ['all, when none may stay', 'a1 b2', 0, 'b2 a1'],
  ])('%s', (_, all, most, expected) => {
    expect(tooMany(idle(all), most)).toEqual(idle(expected));
  });
});
