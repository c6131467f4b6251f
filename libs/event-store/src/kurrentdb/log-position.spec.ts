import { expect, test } from '@jest/globals';
import { InvalidArgument } from '../errors.js';
import type { Position } from '../event-store.js';
import { comparePositions, formatPosition, parsePosition, positionOf } from './log-position.js';

test('[AL8] by number, not by text', () => {
  const [a, b, c] = ['9/9', '10/9', '10/10'].map((text) => parsePosition(text as Position));
  if (!a || !b || !c) throw new Error('three positions');
  expect([comparePositions(a, b), comparePositions(c, b), comparePositions(b, b)]).toEqual([-1, 1, 0]);
  expect(formatPosition(b)).toBe('10/9');
});

test.each(['', '1', '1/', '/1', '01/1', '-1/1', '1/1/1', `${2n ** 63n}/1`, '99999999999999999999/1', '1 /1'])(
  'no position: %s',
  (text) => expect(() => parsePosition(text as Position)).toThrow(InvalidArgument),
);

test('a number that a server leaves out is the other one', () => {
  const missing = (2n ** 64n - 1n).toString();
  expect(positionOf('7', '7')).toEqual({ commit: 7n, prepare: 7n });
  expect(positionOf(missing, '7')).toEqual({ commit: 7n, prepare: 7n });
  expect(positionOf(7n, -1n)).toEqual({ commit: 7n, prepare: 7n });
  expect(positionOf(missing, missing)).toBeUndefined();
});
