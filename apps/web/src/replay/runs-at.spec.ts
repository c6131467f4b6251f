import { describe, expect, it } from '@jest/globals';
import type { HistoryRunDto } from '@palimpsest/protocol/wire';
import { outcomeInWords, resultOf, runsAt } from './runs-at.js';

const run: HistoryRunDto = {
  id: 'r',
  byName: 'ada',
  entry: 'main.py',
  requestedAt: 100,
  startedAt: 110,
  finishedAt: 200,
  outcome: 'exited',
  ...{ raised: null, edit: null, input: [], errors: [], figures: 0, fix: null },
  output: [
    [120, 'one\r\n'],
    [150, '\u001b[31mtwo\u001b[0m\r\n'],
  ],
};

describe('runsAt', () => {
  it.each([
    [99, []],
    [100, [['waiting', '']]],
    [119, [['running', '']]],
    [120, [['running', 'one\n']]],
    [150, [['running', 'one\ntwo\n']]],
    [200, [['ended', 'one\ntwo\n']]],
  ])('at %i', (ms, expected) => {
    expect(runsAt([run], ms).map(({ state, output }) => [state, output])).toEqual(expected);
  });

  it('puts the latest first', () => {
    const later = { ...run, id: 'later', requestedAt: 150 };
    expect(runsAt([run, later], 300).map(({ run: { id } }) => id)).toEqual(['later', 'r']);
  });
});

describe('resultOf', () => {
  it.each([
    ['ok', run],
    ['ok', { ...run, outcome: 'cancelled' }],
    ['open', { ...run, finishedAt: null, outcome: null }],
    ['error', { ...run, outcome: 'timed-out' }],
    ['error', { ...run, raised: 'ZeroDivisionError' }],
    ['error', { ...run, raised: 'SyntaxError', outcome: 'cancelled' }],
    ['ok', { ...run, output: [[1, 'Traceback (most recent call last):\r\n']] as const }], // typed at the prompt, say
  ])('is %s', (expected, of) => {
    expect(resultOf(of as HistoryRunDto)).toBe(expected);
  });
});

describe('outcomeInWords', () => {
  it.each([
    ['exited', 'ended'],
    ['workspace-limit', 'stopped because its files were too many or too large,'],
    ['something new', 'ended'],
    [null, 'ended'],
  ])('of %s', (outcome, words) => {
    expect(outcomeInWords(outcome)).toBe(words);
  });
});
