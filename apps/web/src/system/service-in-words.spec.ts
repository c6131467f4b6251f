import { describe, expect, it } from '@jest/globals';
import { bytesInWords, millisecondsInWords, secondsInWords } from './service-in-words.js';

describe('figures of the service in words', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [123_456_789, '123 MB'],
    [4_200_000_000, '4.2 GB'],
  ])('%i bytes: %s', (bytes, words) => expect(bytesInWords(bytes)).toBe(words));

  it.each([
    [0.4, '0.4 ms'],
    [42.4, '42 ms'],
    [1_500, '1.5 s'],
  ])('%d ms: %s', (ms, words) => expect(millisecondsInWords(ms)).toBe(words));

  it.each([
    [59.4, '59 s'],
    [600, '10 min'],
    [5_400, '1.5 h'],
  ])('%d s: %s', (seconds, words) => expect(secondsInWords(seconds)).toBe(words));
});
