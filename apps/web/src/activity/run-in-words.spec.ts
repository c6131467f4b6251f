import { describe, expect, it } from '@jest/globals';
import type { RunDto } from '@palimpsest/protocol/wire';
import { durationInWords, runInWords, usageInWords } from './run-in-words.js';

const run = (more: Partial<RunDto>): RunDto => ({
  ...{
    id: 'r',
    workspace: 'w',
    workspaceName: null,
    mode: 'script',
    entry: 'main.py',
    entryFile: null,
    by: 'p',
    byName: 'Ada',
  },
  ...{ state: 'finished', outcome: 'exited', ending: 'ended', failed: false, errors: 0, exceptions: [] },
  ...{ wallMs: null, cpuMs: null, peakBytes: null, outputBytes: null },
  ...{ requestedAt: '', startedAt: null, finishedAt: null },
  ...more,
});

describe('a run in words', () => {
  it('says how it ended, and with which errors', () => {
    expect(runInWords(run({ state: 'queued', ending: null }))).toBe('waiting to start');
    expect(runInWords(run({ state: 'repl', ending: null }))).toBe('running');
    expect(runInWords(run({}))).toBe('ended');
    expect(runInWords(run({ errors: 1, exceptions: ['NameError'] }))).toBe('ended; NameError');
    const many = run({ errors: 9, exceptions: ['A', 'B', 'C', 'D'] });
    expect(runInWords(many)).toBe('ended; 9 errors: A, B, C …');
  });

  it('says what it used, as far as that is known', () => {
    expect(usageInWords(run({}))).toBe('–');
    expect(usageInWords(run({ wallMs: 1234, cpuMs: 80, peakBytes: 9_400_000 }))).toBe(
      '1.2 s, processor 0.1 s, memory 9.4 MB',
    );
  });

  it('tells durations to the minute, and short ones to the second', () => {
    expect([0, 59.4, 59.6, 3599, 3600, 7505].map(durationInWords)).toEqual([
      ...['0 s', '59 s', '1 min', '59 min', '1 h 0 min', '2 h 5 min'],
    ]);
  });
});
