import { describe, expect, it } from '@jest/globals';
import { formatFilter, fromField, NO_FILTER, parseFilter, toField } from './audit-query.js';

describe('the query in the address', () => {
  it.each([
    ['', NO_FILTER],
    ['?actor=ada', { ...NO_FILTER, actor: 'ada' }],
    ['?actor=ada&type=File*', { ...NO_FILTER, actor: 'ada', type: 'File*' }],
    ['?from=2026-10-01T08%3A00%3A00.000Z', { ...NO_FILTER, from: '2026-10-01T08:00:00.000Z' }],
  ])('%s is read and written', (query, filter) => {
    expect(parseFilter(query)).toEqual(filter);
    expect(parseFilter(formatFilter(filter))).toEqual(filter);
  });

  it('leaves out what it does not know', () => {
    expect(formatFilter(parseFilter('?x=1&type=SignedIn'))).toBe('?type=SignedIn');
  });

  it('carries what only the server needs', () => {
    expect(formatFilter({ ...NO_FILTER, actor: 'ada' }, { before: '17' })).toBe('?actor=ada&before=17');
  });
});

describe('the field for a moment', () => {
  it('gives back to the minute what it was given', () => {
    const iso = '2026-10-01T08:15:00.000Z';
    expect(fromField(toField(iso))).toBe(iso);
  });

  it.each(['', 'yesterday'])('is empty for %j', (text) => {
    expect([toField(text), fromField(text)]).toEqual(['', '']);
  });
});
