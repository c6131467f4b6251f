import { describe, expect, it } from '@jest/globals';
import {
  addressOfQuery,
  auditApi,
  choosing,
  chosen,
  fromField,
  queryInAddress,
  termsOf,
  toField,
  withoutTerm,
} from './audit-query.js';

describe('the query in the address', () => {
  it.each(['', 'actor:ada', 'actor:ada -action:file.* "a & b = c"', 'object:"1+1 %.py"'])('%j comes back', (query) => {
    expect(queryInAddress(addressOfQuery(query).slice('/audit'.length))).toBe(query);
  });

  it('is what the server is asked', () => {
    expect(auditApi('events', 'actor:ada x', { before: '17' })).toBe('/api/audit/events?q=actor%3Aada+x&before=17');
    expect(auditApi('events', '')).toBe('/api/audit/events');
  });
});

describe('fields and chips', () => {
  it.each([
    ['', 'actor', 'ada', 'actor:ada'],
    ['actor:ben outcome:refused', 'actor', 'ada', 'outcome:refused actor:ada'],
    ['actor:ben,ada -actor:system x', 'actor', '', 'x'],
    ['x', 'action', 'file.*', 'x action:file.*'],
    ['x', 'course', 'Python 1', 'x course:"Python 1"'],
  ] as const)('%j with %s %j is %j', (query, key, value, result) => {
    expect(choosing(termsOf(query), key, value)).toBe(result);
    expect(chosen(termsOf(result), key)).toBe(value);
  });

  it.each(['actor:ada,ben', '-actor:ada', 'actor:ada actor:ben', ''])('%j chooses nobody', (query) => {
    expect(chosen(termsOf(query), 'actor')).toBe('');
  });

  it('take a term away', () => {
    expect(withoutTerm(termsOf('a actor:ada b'), 1)).toBe('a b');
  });

  it('have nothing of a query that cannot be read', () => {
    expect(termsOf('acton:ada')).toEqual([]);
  });
});

describe('the field for a moment', () => {
  it('gives back to the minute what it was given', () => {
    const query = termsOf('after:2026-10-01T08:15Z before:2026-10-02T00:00Z');
    expect(fromField(toField(query, 'after'))).toBe('2026-10-01T08:15Z');
    expect(fromField(toField(query, 'before'))).toBe('2026-10-02T00:00Z');
  });

  it.each(['', 'yesterday'])('is empty for %j', (text) => {
    expect([toField([], 'after'), fromField(text)]).toEqual(['', '']);
  });
});
