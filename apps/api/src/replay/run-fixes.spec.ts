import { describe, expect, it } from '@jest/globals';
import { fixesOf } from './run-fixes.js';

const error = (exception: string, message = 'it') => ({ ms: 0, exception, message, path: null, line: 1 });
const run = (id: string, edit: number | null, ...exceptions: string[]) => ({
  ...{ id, edit, entry: 'main.py', requestedAt: Number(id), finishedAt: 1 as number | null },
  errors: exceptions.map((exception) => error(exception)),
});
const fixes = (...runs: Parameters<typeof fixesOf>[0]) => Object.fromEntries(fixesOf(runs));

describe('what fixed an error', () => {
  it('are the edits up to the next run in which it did not come any more', () => {
    expect(fixes(run('1', 10, 'NameError'), run('2', 15, 'NameError'), run('3', 20))).toEqual({
      1: { run: '3', from: 10, to: 20 },
      2: { run: '3', from: 15, to: 20 },
    });
  });

  it('may bring another error', () => {
    expect(fixes(run('1', 10, 'NameError'), run('2', 12, 'TypeError'))).toEqual({ 1: { run: '2', from: 10, to: 12 } });
  });

  it('is nothing without a later run, an edit between, or the file in the run', () => {
    expect(fixes(run('1', 10, 'NameError'))).toEqual({});
    expect(fixes(run('1', 10, 'NameError'), run('2', 10))).toEqual({});
    expect(fixes(run('1', null, 'NameError'), run('2', 12))).toEqual({});
    expect(fixes(run('1', 10, 'NameError'), { ...run('2', 12), finishedAt: null })).toEqual({});
    expect(fixes(run('1', 10, 'NameError'), { ...run('2', 12), entry: 'other.py' })).toEqual({});
  });

  it('takes runs in any order', () => {
    expect(fixes(run('2', 12), run('1', 10, 'NameError'))).toEqual({ 1: { run: '2', from: 10, to: 12 } });
  });
});
