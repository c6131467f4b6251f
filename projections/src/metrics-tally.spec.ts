import { describe, expect, it } from '@jest/globals';
import type { Counts, Fact } from './metrics-facts.js';
import { IDLE_MS, type NamedWhat, Tally } from './metrics-tally.js';

const COURSE = '00000000-0000-4000-8000-00000000000c';
const OTHER = '00000000-0000-4000-8000-00000000000d';
const ADA = '00000000-0000-4000-8000-0000000000ad';
const NINE = Date.UTC(2026, 10, 26, 9);
const MIDNIGHT = Date.UTC(2026, 10, 27);
const DAY = '2026-11-26';

const act = (at: number, counts: Counts = {}, course = COURSE): Fact => ({
  ...{ kind: 'act', person: ADA, course, at: new Date(at), counts },
});

function tallied(...facts: readonly Fact[]): Tally {
  const tally = new Tally([], []);
  for (const fact of facts) tally.add(fact);
  return tally;
}

function counts(tally: Tally, day = DAY, course = COURSE): Counts {
  return tally.days.get(`${course} ${ADA} ${day}`)?.counts ?? {};
}

function named(tally: Tally, what: NamedWhat): Record<string, number> {
  const found = [...tally.named.values()].filter((one) => one.what === what);
  return Object.fromEntries(found.map(({ name, count }) => [name, count]));
}

let runs = 0;

/** A script that ends as told: '' well, else with this exception. */
function script(error: string, at = NINE): Fact[] {
  const run = `run-${runs++}`;
  const asked: Fact = { kind: 'asked', run, person: ADA, course: COURSE, at: new Date(at), isPrompt: false };
  const end = error === '' ? ({ kind: 'completed' } as const) : ({ kind: 'raised', exception: error } as const);
  const raised: Fact[] = error === '' ? [] : [{ kind: 'raised', run, exception: error }];
  const over: Fact = { kind: 'ended', run, outcome: { kind: 'cancelled' } };
  return [asked, ...raised, { kind: 'result', run, end }, over];
}

/** Error figures of consecutive results, straight from their definitions. */
function reference(errors: readonly string[]) {
  let [points, density, repeats] = [0, 0, 0];
  for (const [n, error] of errors.entries()) {
    const before = errors[n - 1] ?? '';
    if (error !== '' && before !== '') points += error === before ? 11 : 8;
    if (error !== '' && error === before) repeats += 1;
    else {
      density += repeats ** 2 / (repeats + 1);
      repeats = 0;
    }
  }
  return { points, density: density + repeats ** 2 / (repeats + 1), pairs: errors.length - 1 };
}

describe('active time', () => {
  it('is the sum of the pauses up to the limit, which itself is still work', () => {
    const times = [0, 1_000, 61_000, 61_000 + IDLE_MS, 61_001 + 2 * IDLE_MS, 61_001 + 2 * IDLE_MS];
    expect(counts(tallied(...times.map((ms) => act(NINE + ms)))).active_ms).toBe(61_000 + IDLE_MS);
  });

  it('of a pause over midnight counts for the day on which it ended', () => {
    const tally = tallied(act(MIDNIGHT - 60_000), act(MIDNIGHT + 60_000));
    expect(counts(tally).active_ms).toBeUndefined();
    expect(counts(tally, '2026-11-27').active_ms).toBe(120_000);
  });

  it('is of one course; a clock that goes back takes nothing away and is not counted twice', () => {
    const tally = tallied(
      act(NINE),
      act(NINE + 1_000, {}, OTHER),
      act(NINE + 10_000),
      act(NINE + 4_000),
      act(NINE + 12_000),
    );
    expect(counts(tally).active_ms).toBe(12_000);
    expect(counts(tally, DAY, OTHER).active_ms).toBeUndefined();
  });
});

describe('outcomes', () => {
  it('a script counts as it ended; what its prompt does later are errors, but no outcome', () => {
    const [asked, raised, result, over] = script('NameError') as [Fact, Fact, Fact, Fact];
    const atPrompt: Fact = { ...raised, exception: 'KeyError' } as Fact;
    const tally = tallied(asked, raised, result, atPrompt, atPrompt, over);
    expect(counts(tally)).toMatchObject({ runs: 1, failed: 1, errors: 3, results: 1 });
    expect(counts(tally).cancelled).toBeUndefined();
    expect([named(tally, 'outcome'), named(tally, 'error')]).toEqual([{ raised: 1 }, { NameError: 1, KeyError: 2 }]);
    expect([...tally.runs]).toEqual([]);
  });

  it.each([
    ['exited', { kind: 'exited', code: 0 }, { completed: 1, results: 1 }],
    ['exited with another code', { kind: 'exited', code: 3 }, { failed: 1, results: 1 }],
    ['a limit', { kind: 'timed-out', limit: 'cpu', seconds: 10 }, { limited: 1, results: 1, result_errors: 1 }],
    ['stopped', { kind: 'cancelled' }, { cancelled: 1 }],
    ['a fault of the server', { kind: 'failed', reason: 'x' }, { lost: 1 }],
  ] as const)('of a run that ends before its prompt: %s', (_, outcome, expected) => {
    const [asked] = script('') as [Fact & { kind: 'asked' }];
    const tally = tallied(asked, { kind: 'ended', run: asked.run, outcome });
    expect(counts(tally)).toEqual({ runs: 1, ...expected });
  });

  it('a prompt is counted and has no outcome; what belongs to no known run counts nowhere', () => {
    const asked: Fact = { kind: 'asked', run: 'p', person: ADA, course: COURSE, at: new Date(NINE), isPrompt: true };
    const ended: Fact = { kind: 'ended', run: 'p', outcome: { kind: 'exited', code: 1 } };
    expect(counts(tallied(asked, { kind: 'result', run: 'p', end: null }, ended, ended))).toEqual({ prompts: 1 });
  });

  it('everything of a run counts for the day of its request', () => {
    const [asked, ...rest] = script('NameError', MIDNIGHT - 1) as [Fact, ...Fact[]];
    const tally = tallied(asked, act(MIDNIGHT + 1), ...rest);
    expect(counts(tally)).toMatchObject({ runs: 1, failed: 1, errors: 1 });
  });
});

describe('Error Quotient and Repeated Error Density', () => {
  it.each([
    [['', '', '']],
    [['NameError']],
    [['NameError', 'NameError']],
    [['NameError', 'TypeError']],
    [['NameError', '', 'NameError']],
    [['NameError', 'NameError', 'NameError', 'NameError', '', 'KeyError', 'KeyError', 'NameError']],
  ])('%j', (errors) => {
    const found = counts(tallied(...errors.flatMap((error) => script(error))));
    const { points, density, pairs } = reference(errors);
    expect(found.results).toBe(errors.length);
    expect(found.result_pairs ?? 0).toBe(pairs);
    expect(found.error_points ?? 0).toBe(points);
    expect((found.repeated_error_micros ?? 0) / 1e6).toBeCloseTo(density, 5);
  });

  it('agree with their definitions on random days, which are sessions: no pair reaches over midnight', () => {
    let seed = 11;
    const next = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
    const days = [DAY, '2026-11-27'].map(() => Array.from({ length: 60 }, () => ['', 'A', 'A', 'B'][next(4)] ?? ''));
    const facts = days.flatMap((errors, n) => errors.flatMap((error) => script(error, NINE + n * 86_400_000)));
    const tally = tallied(...facts);
    for (const [n, errors] of days.entries()) {
      const found = counts(tally, [DAY, '2026-11-27'][n]);
      const { points, density, pairs } = reference(errors);
      expect([found.result_pairs, found.error_points]).toEqual([pairs, points]);
      expect((found.repeated_error_micros ?? 0) / 1e6).toBeCloseTo(density, 4);
    }
  });

  it('pass over a script that was stopped: it says nothing about an error', () => {
    const [asked] = script('') as [Fact & { kind: 'asked' }];
    const stopped: Fact[] = [asked, { kind: 'ended', run: asked.run, outcome: { kind: 'cancelled' } }];
    const found = counts(tallied(...script('KeyError'), ...stopped, ...script('KeyError')));
    expect(found).toMatchObject({ runs: 3, results: 2, result_pairs: 1, error_points: 11 });
  });
});

describe('limits', () => {
  const limit = (course?: string): Fact => ({
    ...{ kind: 'limit', person: ADA, course, at: new Date(NINE + 5_000), limit: 'runs-a-minute', refusals: 4 },
  });

  it('count for the course in which the person was last where they name none', () => {
    const tally = tallied(act(NINE), act(NINE + 1_000, {}, OTHER), limit());
    expect(counts(tally, DAY, OTHER).limits).toBe(4);
    expect(named(tally, 'limit')).toEqual({ 'runs-a-minute': 4 });
    expect(counts(tallied(act(NINE, {}, OTHER), limit(COURSE))).limits).toBe(4);
  });

  it('of somebody who was in no course count nowhere', () => {
    expect([...tallied(limit()).days]).toEqual([]);
  });
});
