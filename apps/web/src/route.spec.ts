import { describe, expect, it } from '@jest/globals';
import {
  activityPath,
  coursePath,
  metricsPath,
  momentPath,
  parseRoute,
  peoplePath,
  runPath,
  workspacePath,
} from './route.js';

describe('parseRoute', () => {
  it.each([
    ['/', { page: 'start' }],
    ['/nowhere', { page: 'start' }],
    ['/audit', { page: 'audit', query: '?type=x' }],
    ['/system', { page: 'system' }],
    ['/system/', { page: 'system' }],
    ['/system/more', { page: 'start' }],
    ['/c', { page: 'course', course: null }],
    ['/c/1', { page: 'course', course: '1' }],
    ['/c/1/metrics', { page: 'metrics', course: '1' }],
    ['/c/1/metrics/more', { page: 'start' }],
    ['/c/1/more', { page: 'start' }],
    ['/people', { page: 'people', course: null }],
    ['/invite', { page: 'invite' }],
    ['/w/1/activity', { page: 'activity', of: { workspace: '1' }, query: '?type=x' }],
    ['/p/1/activity/', { page: 'activity', of: { person: '1' }, query: '?type=x' }],
    ['/p/1', { page: 'start' }],
    ['/r/1', { page: 'run', run: '1' }],
    ['/w/1', { page: 'workspace', workspace: '1', file: null }],
    ['/w/1/f/2', { page: 'workspace', workspace: '1', file: '2' }],
    ['/w/1/f/2/more', { page: 'start' }],
  ])('of %s', (path, expected) => {
    expect(parseRoute(path, '?type=x')).toEqual(expected);
  });

  it('reads what coursePath and workspacePath write', () => {
    expect(parseRoute(coursePath('a'))).toEqual({ page: 'course', course: 'a' });
    expect(parseRoute(metricsPath('a'))).toEqual({ page: 'metrics', course: 'a' });
    expect(parseRoute(workspacePath('a', 'b'))).toEqual({ page: 'workspace', workspace: 'a', file: 'b' });
    expect(parseRoute('/people', peoplePath('a b').slice('/people'.length))).toEqual({ page: 'people', course: 'a b' });
    for (const whose of [{ workspace: 'a' }, { person: 'a' }])
      expect(parseRoute(activityPath(whose))).toEqual({ page: 'activity', of: whose, query: '' });
    expect(parseRoute(runPath('a'))).toEqual({ page: 'run', run: 'a' });
    expect(momentPath('a', 'b', '2026-11-26T12:00:00+01:00')).toBe('/w/a/f/b?at=2026-11-26T12%3A00%3A00%2B01%3A00');
    expect(parseRoute(workspacePath('a', null))).toEqual({ page: 'workspace', workspace: 'a', file: null });
  });
});
