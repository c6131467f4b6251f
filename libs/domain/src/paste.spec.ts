import { describe, expect, it } from '@jest/globals';
import { isPasted, PASTE_UNITS } from './paste.js';

const words = (units: number) => `a ${'b'.repeat(units - 2)}`;

describe('a text counts as pasted', () => {
  it(`from ${PASTE_UNITS} characters of more than one word on`, () => {
    expect(isPasted(words(PASTE_UNITS - 1))).toBe(false);
    expect(isPasted(words(PASTE_UNITS))).toBe(true);
    expect(isPasted('b'.repeat(PASTE_UNITS))).toBe(false);
    expect(isPasted(` ${'b'.repeat(PASTE_UNITS)} `)).toBe(false);
  });

  it.each([
    ['', false],
    ['\n    ', false],
    ['()', false],
    ['x\n', false],
    ['\nx', false],
    ['x\n\n', false],
    ['x\ny', true],
  ])('%j: %s', (text, expected) => expect(isPasted(text)).toBe(expected));
});
