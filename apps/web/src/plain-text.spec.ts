import { describe, expect, it } from '@jest/globals';
import { PlainOutput, plainText } from './plain-text.js';

describe('plainText', () => {
  it.each([
    ['plain', 'plain'],
    ['a\r\nb', 'a\nb'],
    ['a\r\r\nb', 'a\nb'],
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b[?2004h>>> ', '>>> '],
    ['\u001b]0;title\u0007x', 'x'],
    ['\u001b]8;;http://a\u001b\\link', 'link'],
    ['\u001b(B\u001b=x', 'x'],
    ['bell\u0007 and back\b', 'bell and back'],
    ['cut \u001b[3', 'cut '],
    ['cut \u001b', 'cut '],
    ['tab\tstays', 'tab\tstays'],
  ])('of %j', (raw, expected) => {
    expect(plainText(raw)).toBe(expected);
  });
});

describe('PlainOutput', () => {
  it('keeps a sequence together that comes in two chunks', () => {
    const output = new PlainOutput(100);
    output.push('a\u001b[3');
    expect(output.text).toBe('a');
    output.push('1mb');
    expect(output.text).toBe('ab');
  });

  it('keeps the end', () => {
    const output = new PlainOutput(10);
    for (let i = 0; i < 100; i++) output.push(`${i} `);
    expect(output.text).toBe(' 97 98 99 ');
  });

  it('forgets when it is cleared', () => {
    const output = new PlainOutput(10);
    output.push('old');
    output.clear();
    output.push('new');
    expect(output.text).toBe('new');
  });
});
