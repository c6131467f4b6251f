import { describe, expect, it } from '@jest/globals';
import { makeScenario, type Size, type TabStep } from './scenario.js';

const SIZE: Size = {
  nodes: 2,
  people: ['ada', 'ben'],
  readers: ['auditor'],
  steps: 30,
  tabWait: 10,
  kills: 3,
  serverWait: 100,
};
const SEEDS = Array.from({ length: 300 }, (_, n) => n + 1);

const tokensOf = (step: TabStep): readonly string[] =>
  step.kind === 'paste' ? step.tokens : 'token' in step ? [step.token] : [];

describe('the scenarios of the fuzz', () => {
  it('are the same for the same seed, and others for others', () => {
    expect(makeScenario(7, SIZE)).toEqual(makeScenario(7, SIZE));
    expect(new Set(SEEDS.map((seed) => JSON.stringify(makeScenario(seed, SIZE)))).size).toBe(SEEDS.length);
  });

  it('type no token twice, and every token is well-formed', () => {
    for (const seed of SEEDS) {
      const tokens = makeScenario(seed, SIZE).tabs.flatMap(({ steps }) => steps.flatMap(tokensOf));
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens.filter((token) => !/^‹\d+\.\d+:[^‹›]*›$/.test(token) || /\p{Surrogate}/u.test(token))).toEqual([]);
    }
  });

  it('have two to eight tabs, both clients and every kind of step', () => {
    const tabs = SEEDS.flatMap((seed) => makeScenario(seed, SIZE).tabs);
    const counts = SEEDS.map((seed) => makeScenario(seed, SIZE).tabs.length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([2, 8]);
    expect(new Set(tabs.map(({ client }) => client))).toEqual(new Set(['plain', 'durable']));
    expect([...new Set(tabs.flatMap(({ steps }) => steps.map(({ kind }) => kind)))].sort()).toEqual(
      ['type', 'paste', 'delete', 'undo', 'redo', 'wait', 'cut', 'stall', 'offline', 'online', 'crash', 'forge'].sort(),
    );
    const servers = SEEDS.flatMap((seed) => makeScenario(seed, SIZE).servers.map(({ kind }) => kind));
    expect(new Set(servers)).toEqual(new Set(['wait', 'kill', 'cut-store', 'audit']));
  });
});
