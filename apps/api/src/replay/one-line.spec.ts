import { describe, expect, it } from '@jest/globals';
import { inOneLine } from './one-line.js';

describe('a text in one line', () => {
  it.each([
    ['', ''],
    [' \n\t', ''],
    ['a', 'a'],
    ['  if x:\n\treturn\r\n', 'if x: return'],
  ])('%j', (text, expected) => expect(inOneLine(text).text).toBe(expected));

  it('knows where each unit was', () => {
    const text = ' a😀 \n  b';
    const { text: line, places } = inOneLine(text);
    expect(places).toHaveLength(line.length);
    for (const [at, unit] of line.split('').entries()) if (unit !== ' ') expect(text[places[at] ?? -1]).toBe(unit);
  });
});
