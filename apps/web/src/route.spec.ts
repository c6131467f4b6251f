import { describe, expect, it } from '@jest/globals';
import { coursePath, metricsPath, parseRoute, peoplePath, workspacePath } from './route.js';

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
    expect(parseRoute(workspacePath('a', null))).toEqual({ page: 'workspace', workspace: 'a', file: null });
  });
});
