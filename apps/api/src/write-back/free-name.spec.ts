import { expect, test } from '@jest/globals';
import { freeName } from './free-name.js';

test.each([
  ['a.txt', [], 'a.txt'],
  ['a.txt', ['a.txt'], 'a-2.txt'],
  ['a.txt', ['A.TXT', 'a-2.txt'], 'a-3.txt'],
  ['v1.0/data', ['v1.0/data'], 'v1.0/data-2'],
  ['.env', ['.env'], '.env-2'],
  ['a/.env', ['a/.env'], 'a/.env-2'],
  ['a.tar.gz', ['a.tar.gz'], 'a.tar-2.gz'],
])('%s beside %j is kept as %s', (path, taken, expected) => expect(freeName(path, taken)).toBe(expected));

test('after a hundred it is given up', () => {
  const taken = ['a.txt', ...Array.from({ length: 98 }, (_, n) => `a-${n + 2}.txt`)];
  expect(freeName('a.txt', taken)).toBeUndefined();
});
