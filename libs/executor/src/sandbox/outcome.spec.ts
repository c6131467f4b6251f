import { describe, expect, test } from '@jest/globals';
import { parseHint } from './hint-pipe.js';
import { DEFAULT_LIMITS } from './limits.js';
import { outcomeOf, type Ending } from './outcome.js';

const NOTHING = { cpuMs: 20, outOfMemory: false };

function outcome(ending: Partial<Ending>) {
  const normal = { status: 0, signal: 0, begun: true, orderly: false, reading: NOTHING, lastOutput: '' };
  return outcomeOf({ ...normal, limits: DEFAULT_LIMITS, ...ending });
}

describe('the outcome', () => {
  test.each([0, 1, 7, 128])('of status %d is that exit code', (status) => {
    expect(outcome({ status })).toEqual({ kind: 'exited', code: status });
  });

  test('of a status above 128 is a signal, unless Python ended in order', () => {
    expect(outcome({ status: 139 })).toEqual({ kind: 'signalled', signal: 'SIGSEGV' });
    expect(outcome({ status: 139, orderly: true })).toEqual({ kind: 'exited', code: 139 });
  });

  test('is the CPU limit for SIGXCPU, and for SIGKILL only over the limit', () => {
    const limit = { kind: 'timed-out', limit: 'cpu', seconds: 30 };
    expect(outcome({ status: 128 + 24 })).toEqual(limit);
    expect(outcome({ status: 137, reading: { ...NOTHING, cpuMs: 30_000 } })).toEqual(limit);
    expect(outcome({ status: 137 })).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });

  test('is want of memory whenever the kernel ended any process for it', () => {
    const reading = { ...NOTHING, outOfMemory: true };
    expect(outcome({ status: 0, reading })).toEqual({ kind: 'out-of-memory', limitBytes: DEFAULT_LIMITS.memoryBytes });
  });

  test('is our fault when the program never began or the sandbox was killed', () => {
    const lastOutput = 'bwrap: No permissions\r\n';
    expect(outcome({ begun: false, status: 1, lastOutput })).toEqual({
      kind: 'failed',
      reason: 'The sandbox did not start: bwrap: No permissions',
    });
    expect(outcome({ signal: 9 })).toEqual({
      kind: 'failed',
      reason: 'The sandbox was ended from outside by SIGKILL.',
    });
  });
});

describe('a hint', () => {
  test.each([
    ['ready', { kind: 'ready' }],
    ['started', { kind: 'started' }],
    ['ending', { kind: 'ending' }],
    ['repl -', { kind: 'repl', script: null }],
    ['repl completed', { kind: 'repl', script: { kind: 'completed' } }],
    ['repl exit 3', { kind: 'repl', script: { kind: 'exit', code: 3 } }],
    ['repl raised KeyError', { kind: 'repl', script: { kind: 'raised', exception: 'KeyError' } }],
    ['repl raised Chyběla', { kind: 'repl', script: { kind: 'raised', exception: 'Chyběla' } }],
  ])('"%s" is understood', (line, hint) => expect(parseHint(line)).toEqual(hint));

  test.each([
    '',
    'repl',
    'repl exit x',
    'repl raised <b>',
    'repl raised',
    'finished',
    `repl raised ${'x'.repeat(101)}`,
  ])('"%s" is ignored', (line) => expect(parseHint(line)).toBeUndefined());
});
