import { describe, expect, it } from '@jest/globals';
import type { StudentMetricsDto } from '@palimpsest/protocol/wire';
import { durationInWords, inOrder, ORDERS, type Order, ratioInWords } from './figures-in-words.js';

describe('a duration', () => {
  it.each([
    [0, '0 min'],
    [59, 'under 1 min'],
    [60, '1 min'],
    [3_569, '59 min'],
    [3_570, '1 h 0 min'],
    [7_260, '2 h 1 min'],
  ])('of %i s is %s', (seconds, words) => expect(durationInWords(seconds)).toBe(words));
});

describe('students in order', () => {
  const student = (person: string, lastSeenAt: string | null, figures: object) =>
    ({
      person,
      lastSeenAt,
      figures: { activeSeconds: 0, failed: 0, limited: 0, errorQuotient: null, repeatedErrorDensity: null, ...figures },
    }) as StudentMetricsDto;
  const students = [
    student('ada', '2026-11-26T09:00:00Z', {
      activeSeconds: 900,
      failed: 1,
      limited: 4,
      errorQuotient: 0.2,
      repeatedErrorDensity: 3,
    }),
    student('ben', null, {}),
    student('chloe', '2026-11-20T09:00:00Z', {
      activeSeconds: 60,
      failed: 4,
      errorQuotient: 0.9,
      repeatedErrorDensity: 0.5,
    }),
  ];
  const order = (by: Order) => inOrder(students, by).map(({ person }) => person);

  it('begin with who may need help, and end with those of whom nothing is known', () => {
    expect(Object.fromEntries(Object.keys(ORDERS).map((by) => [by, order(by as Order)]))).toEqual({
      name: ['ada', 'ben', 'chloe'],
      lastSeen: ['ben', 'chloe', 'ada'],
      activeTime: ['ben', 'chloe', 'ada'],
      failed: ['ada', 'chloe', 'ben'],
      errorQuotient: ['chloe', 'ada', 'ben'],
      density: ['ada', 'chloe', 'ben'],
    });
  });

  it('what is not defined is shown as a dash', () =>
    expect([ratioInWords(null), ratioInWords(0.456)]).toEqual(['–', '0.46']));
});
