import { describe, expect, it } from '@jest/globals';
import type { ProjectionStateDto, RebuildStateDto } from '@palimpsest/protocol/wire';
import { allInWords, percent, rebuildInWords, sandboxInWords, stateInWords, versionInWords } from './state-in-words.js';

const CURRENT: ProjectionStateDto = {
  name: 'runs',
  kind: 'read-model',
  programVersion: 2,
  storedVersion: 2,
  state: 'current',
  position: '7',
  share: 1,
  fault: null,
  faultPosition: null,
  updatedAt: null,
  skipped: 0,
  rebuild: null,
};

const one = (more: Partial<ProjectionStateDto>): ProjectionStateDto => ({ ...CURRENT, ...more });

const REBUILD: RebuildStateDto = {
  ...{ version: 2, events: 12_345, share: 0.5, startedAt: '2026-10-01T08:00:00.000Z', running: true, fault: null },
};

describe('the state of a projection', () => {
  it.each<[Partial<ProjectionStateDto>, string, string]>([
    [{}, 'up to date', 'good'],
    [{ state: 'behind', share: 0.439 }, 'catching up 43 %', 'working'],
    [{ state: 'behind', share: 1 }, 'catching up 99 %', 'working'],
    [{ state: 'stopped', faultPosition: '12' }, 'stopped at position 12', 'bad'],
    [{ state: 'outdated', storedVersion: 1 }, 'older version: rebuild needed', 'bad'],
    [{ state: 'outdated', storedVersion: null }, 'not built yet: rebuild needed', 'bad'],
    [{ state: 'outdated', storedVersion: 1, rebuild: REBUILD }, 'older version: being rebuilt', 'working'],
    [{ state: 'outdated', rebuild: { ...REBUILD, running: false } }, 'older version: rebuild needed', 'bad'],
    [{ state: 'too-new', storedVersion: 3 }, 'newer version: upgrade needed', 'bad'],
    [{ state: 'foreign-log' }, 'of another log: rebuild needed', 'bad'],
    [{ state: 'foreign-log', kind: 'reactor' }, 'of another log: restart needed', 'bad'],
    [{ state: 'never-run' }, 'not started yet', 'open'],
    [{ state: 'unknown', share: null }, 'not known', 'open'],
  ])('%j: %s', (more, text, weight) => {
    expect(stateInWords(one(more))).toEqual({ text, weight });
  });

  it.each<[Partial<ProjectionStateDto>, string]>([
    [{}, '2'],
    [{ storedVersion: 1 }, '1, program needs 2'],
    [{ storedVersion: null }, 'none, program needs 2'],
    [{ programVersion: null }, '2, unknown to this program'],
  ])('version of %j: %s', (more, text) => {
    expect(versionInWords(one(more))).toBe(text);
  });

  it.each([
    [0, 0],
    [0.999, 99],
    [1, 100],
    [1.2, 100],
    [-1, 0],
  ])('%d is %d %%', (share, shown) => {
    expect(percent(share)).toBe(shown);
  });
});

describe('a rebuild', () => {
  it.each<[Partial<RebuildStateDto>, RegExp]>([
    [{}, /^Rebuild of version 2 under way: 50 %, 12,345 events\./],
    [{ events: 1 }, /50 %, 1 event\./],
    [{ share: null }, /under way: 12,345 events\./],
    [{ running: false }, /^A rebuild of version 2 was interrupted: 50 %.*goes on from there\.$/],
    [{ running: false, fault: 'why' }, /^A rebuild of version 2 has stopped: 50 %/],
  ])('%j: %s', (more, words) => {
    expect(rebuildInWords({ ...REBUILD, ...more })).toMatch(words);
  });
});

describe('all of them', () => {
  it.each<[Partial<ProjectionStateDto>[], string]>([
    [[{}, {}], 'All 2 are up to date.'],
    [[{}, { state: 'behind' }], '1 of 2 is being brought up to date.'],
    [[{ state: 'behind' }, { state: 'stopped' }, { state: 'unknown' }], '1 of 3 needs attention.'],
    [[{ state: 'outdated' }, { state: 'too-new' }], '2 of 2 need attention.'],
    [[{}, { state: 'never-run' }], '1 of 2 is up to date.'],
    [[{ state: 'unknown' }], 'Whether they are up to date is not known while the event store does not answer.'],
  ])('%j: %s', (states, text) => {
    expect(allInWords(states.map(one)).text).toBe(text);
  });
});

describe('the sandbox in words', () => {
  it.each([
    ['full', 'good'],
    ['no-cgroup', 'working'],
    ['none', 'bad'],
    ['unknown', 'open'],
  ] as const)('at level %s', (level, weight) => {
    expect(sandboxInWords(level).weight).toBe(weight);
  });
});
