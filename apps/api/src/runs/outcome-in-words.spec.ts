import { describe, expect, it } from '@jest/globals';
import type { RunOutcome } from '@palimpsest/domain';
import { outcomeInWords } from './outcome-in-words.js';

const MEGABYTE = 1024 * 1024;

describe('an outcome in words', () => {
  it.each<readonly [RunOutcome, string]>([
    [{ kind: 'exited', code: 0 }, 'The program ended.'],
    [{ kind: 'exited', code: 3 }, 'The program ended with exit code 3.'],
    [{ kind: 'timed-out', limit: 'idle', seconds: 900 }, 'Closed after 900 s without input. Run it again to go on.'],
    [
      { kind: 'workspace-limit', limit: 'bytes', most: 150 * MEGABYTE },
      'Stopped: the files of the program took more than 150 MB together.',
    ],
    [
      { kind: 'workspace-limit', limit: 'entries', most: 10_000 },
      'Stopped: the program made more than 10000 files and folders.',
    ],
    [
      { kind: 'workspace-limit', limit: 'depth', most: 100 },
      'Stopped: the program made more than 100 folders inside each other.',
    ],
  ])('%j', (outcome, words) => {
    expect(outcomeInWords(outcome)).toBe(words);
  });
});
