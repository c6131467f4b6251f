import { describe, expect, it } from '@jest/globals';
import { wordsOf } from './words.js';

describe('the words of a text', () => {
  it.each([
    ['', []],
    [' \t\n.,;', []],
    ['run started, sandbox full', ['run', 'started', 'sandbox', 'full']],
    ['Main_2.py at LINE 3', ['main', '2', 'py', 'at', 'line', '3']],
    ['Zoë Ångström: 你好, мир', ['zoë', 'ångström', '你好', 'мир']],
    ['e\u0301te\u0301', ['été']],
    ['a\u0000b\u007fc', ['a', 'b', 'c']],
    ['src/Main.py', ['src', 'main', 'py']],
    ['Übung 1 – größe', ['übung', '1', 'größe']],
    ['名前.py', ['名前', 'py']],
    ['…', []],
    ['\ud800 x', ['x']],
    ['½ and ² are numbers', ['½', 'and', '²', 'are', 'numbers']],
  ])('%j', (text, words) => expect(wordsOf(text)).toEqual(words));

  it('are looked at up to 60 letters, whatever these take', () => {
    expect(wordsOf('a'.repeat(60))).toEqual(['a'.repeat(60)]);
    expect(wordsOf('a'.repeat(61))).toEqual(['a'.repeat(60)]);
    expect(wordsOf('𝒜'.repeat(61))).toEqual(['𝒜'.repeat(60)]);
    expect(wordsOf('é'.repeat(61))).toEqual(['é'.repeat(60)]);
  });

  it('are the same whether a text is of ASCII alone or not', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const text = ascii.flatMap((one) => [`a${one}b`, `${one}${one}`]).join(' ');
    expect(wordsOf(text)).toEqual(wordsOf(`${text} é`).slice(0, -1));
  });
});
