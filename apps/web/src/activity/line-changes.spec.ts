import { describe, expect, it } from '@jest/globals';
import { lineChanges } from './line-changes.js';

const SIGN = { same: ' ', added: '+', removed: '-' } as const;
const changes = (before: string, after: string) =>
  lineChanges(before.replaceAll(' ', '\n'), after.replaceAll(' ', '\n')).map(({ kind, text }) => SIGN[kind] + text);

describe('the lines of two texts', () => {
  it.each([
    ['a b c', 'a b c', [' a', ' b', ' c']],
    ['a b c', 'a x c', [' a', '-b', '+x', ' c']],
    ['a c', 'a b c', [' a', '+b', ' c']],
    ['a b c', 'a c', [' a', '-b', ' c']],
    ['a b a b', 'b a b a', ['-a', ' b', ' a', ' b', '+a']],
    ['', 'a', ['-', '+a']],
  ])('of %j and %j', (before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });

  it('give both texts back, whatever they are', () => {
    let seed = 7;
    const random = (most: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % most;
    for (let n = 0; n < 200; n++) {
      const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n');
      const [before, after] = [text(), text()];
      const all = lineChanges(before, after);
      const without = (kind: string) => all.filter((one) => one.kind !== kind).map((one) => one.text);
      expect([without('added').join('\n'), without('removed').join('\n')]).toEqual([before, after]);
    }
  });

  it('are told as one taken out and the other put in where they differ in too many: 2,000 lines are not', () => {
    const lines = (name: string, count: number) =>
      Array.from({ length: count }, (_, n) => (n === 1_000 ? 'common' : `${name}${n}`)).join('\n');
    const sameIn = (count: number) =>
      lineChanges(lines('a', count), lines('b', count)).filter(({ kind }) => kind === 'same').length;
    expect([sameIn(2_000), sameIn(2_001)]).toEqual([1, 0]);
  });
});
