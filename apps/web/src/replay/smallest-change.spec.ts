import { describe, expect, it } from '@jest/globals';
import { smallestChange } from './smallest-change.js';

describe('smallestChange', () => {
  it.each([
    ['', '', null],
    ['same', 'same', null],
    ['', 'a', [0, 0, 'a']],
    ['a', '', [0, 1, '']],
    ['abc', 'axc', [1, 2, 'x']],
    ['aa', 'aaa', [2, 2, 'a']],
    ['aaa', 'aa', [2, 3, '']],
    ['abcd', 'ad', [1, 3, '']],
    ['abc', 'xyz', [0, 3, 'xyz']],
  ])('from %j to %j', (before, after, expected) => {
    const change = smallestChange(before, after);
    expect(change && [change.from, change.to, change.insert]).toEqual(expected);
    if (change) expect(before.slice(0, change.from) + change.insert + before.slice(change.to)).toBe(after);
  });
});
