import { describe, expect, it } from '@jest/globals';
import { durationInWords, phaseInWords } from './phase-in-words.js';

describe('where an item stands, in words', () => {
  it.each([
    [0, '1 s'],
    [59_001, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
    [86_400_000 + 59_000, '1 d'],
  ])('%s ms are %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });

  const item = {
    kind: 'assignment',
    phase: 'open',
    releaseAt: '2026-01-01T00:00:00.000Z',
    startAt: null,
    deadline: '2026-01-02T00:00:00.000Z',
    closesAfterDue: false,
  } as const;
  const say = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const now = Date.parse('2026-01-01T23:00:00Z');

  it.each([
    [{}, 'due in 1 h', 'orange'],
    [{ deadline: '2026-01-05T00:00:00Z' }, 'due in 3 d 1 h', 'teal'],
    [{ closesAfterDue: true }, 'locks in 1 h', 'orange'],
    [{ kind: 'test' }, 'locks in 1 h', 'orange'],
    [{ deadline: null }, 'open', 'teal'],
    [{ phase: 'late' }, 'late: was due 2026-01-02', 'red'],
    [{ phase: 'locked' }, 'locked since 2026-01-02', 'gray'],
    [{ phase: 'announced', startAt: '2026-01-03T00:00:00Z' }, 'begins 2026-01-03', 'gray'],
    [{ phase: 'draft', releaseAt: null }, 'draft, not released', 'gray'],
    [{ phase: 'draft' }, 'released 2026-01-01', 'gray'],
  ] as const)('%j: %s', (more, text, colour) => {
    expect(phaseInWords({ ...item, ...more }, now, say)).toEqual({ text, colour });
  });
});
