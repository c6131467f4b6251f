import { describe, expect, it } from '@jest/globals';
import { activityAddress, formatActivityQuery, parseActivityQuery } from './activity-query.js';

describe('what is asked of the activity', () => {
  it.each([
    '',
    '?kinds=edit%2Crun&session=s&from=2026-11-26T08%3A00%3A00.000Z',
    '?view=runs&outcome=exited&exception=NameError&entry=main.py&failed=true',
    '?view=play&session=s&until=2026-11-26T08%3A00%3A00.000Z',
    '?view=sessions',
  ])('is read from the address as it was written: %s', (query) => {
    expect(formatActivityQuery(parseActivityQuery(query))).toBe(query);
  });

  it('leaves out what nobody knows, and what belongs to another view', () => {
    const read = parseActivityQuery('?view=nothing&kinds=nothing,run&failed=yes&outcome=exited');
    expect(read).toMatchObject({ view: 'timeline', kinds: ['run'], failed: false });
    expect(formatActivityQuery(read)).toBe('?kinds=run');
  });

  it('has an address for each view, of a workspace and of a person', () => {
    const of = (query: string, person = { person: 'p' }) => activityAddress(person, parseActivityQuery(query));
    expect(of('?kinds=run')).toBe('/api/people/p/timeline?kinds=run');
    expect(of('?view=runs&entry=+a.py+&kinds=run')).toBe('/api/people/p/runs?entry=a.py');
    expect(of('?view=play&session=s&kinds=run')).toBe('/api/people/p/timeline?session=s');
    expect(of('?view=sessions')).toBe('/api/people/p/timeline/sessions');
    expect(activityAddress({ workspace: 'w' }, parseActivityQuery(''))).toBe('/api/workspaces/w/timeline');
  });
});
