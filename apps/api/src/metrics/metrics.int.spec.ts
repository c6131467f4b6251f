import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type {
  AuditPageDto,
  CourseDto,
  CourseMetricsDto,
  LookDto,
  OwnMetricsDto,
  PersonMetricsDto,
  ProblemDto,
  StudentMetricsDto,
  UserDto,
  WorkspaceDto,
  WrittenDto,
} from '@palimpsest/protocol';
import { TestApi } from '../testing/test-api.js';

describe('the figures of a course', () => {
  let api: TestApi;
  let course = '';
  let position: string | null = null;
  const tokens = new Map<string, string>();
  const ids = new Map<string, string>();

  beforeAll(async () => {
    api = await TestApi.start();
    for (const name of ['ada', 'ben', 'hopper', 'auditor', 'admin']) {
      tokens.set(name, await api.signIn(name));
      ids.set(name, (await get<UserDto>(name, '/api/auth/me')).body.id);
    }
    const own: WorkspaceDto = await api.workspace(tokens.get('ada') ?? '', /Ada/);
    course = own.course;
    const post = (path: string, body?: object) =>
      api.call<WrittenDto>('POST', path, { token: tokens.get('ada') ?? '', ...(body && { body }) });
    await post(`/api/workspaces/${own.id}/files`, { path: 'a.py', text: 'x = 1\n' });
    const asked = await post('/api/runs', { workspace: own.id, mode: 'script', entry: 'a.py' });
    ({ position } = (await post(`/api/runs/${asked.body.id}/cancel`)).body);
  });
  afterAll(() => api.stop());

  const get = <Body>(who: string, path: string) =>
    api.call<Body & ProblemDto>('GET', path, { token: tokens.get(who) ?? '' });
  const ofCourse = (who: string, query = '') =>
    get<CourseMetricsDto>(who, `/api/courses/${course}/metrics?after=${position}${query}`);
  const ofPerson = (who: string, whose: string) =>
    get<PersonMetricsDto>(who, `/api/courses/${course}/metrics/people/${ids.get(whose) ?? whose}?after=${position}`);

  it('those who teach see the class: sums, days, outcomes', async () => {
    const { status, body } = await ofCourse('hopper');
    expect(status).toBe(200);
    expect(body).toMatchObject({ people: 1, figures: { runs: 1, cancelled: 1, filesMade: 1, errorQuotient: null } });
    expect(body.days).toEqual([expect.objectContaining({ day: body.to, people: 1, runs: 1, cancelled: 1 })]);
    expect(body.named).toEqual([{ what: 'outcome', name: 'cancelled', count: 1, people: 1 }]);
    expect((Date.parse(body.to) - Date.parse(body.from)) / 86_400_000).toBe(27);
    const before = await ofCourse('hopper', '&from=2026-01-01&to=2026-01-31');
    expect(before.body).toMatchObject({ from: '2026-01-01', people: 0, days: [], figures: { runs: 0 } });
  });

  it('and every student of it, page by page', async () => {
    const path = `/api/courses/${course}/metrics/people?limit=2`;
    const first = await get<StudentMetricsDto[]>('hopper', `${path}&after=${position}`);
    const names: string[] = first.body.map(({ displayName }) => displayName);
    let next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1];
    while (next !== undefined) {
      const page = await get<StudentMetricsDto[]>('hopper', next);
      names.push(...page.body.map(({ displayName }) => displayName));
      next = /<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1];
    }
    const { body: courses } = await get<CourseDto[]>('hopper', '/api/courses');
    const students = courses[0]?.members.filter(({ role }) => role === 'student') ?? [];
    expect(names).toHaveLength(students.length);
    expect(new Set(names)).toEqual(new Set(students.map(({ displayName }) => displayName)));
    expect(first.body[0]).toMatchObject({ username: 'ada', lastSeenAt: expect.any(String), figures: { runs: 1 } });
  });

  it.each([
    ['hopper', 200, 200],
    ['admin', 200, 200],
    ['ada', 403, 200],
    ['ben', 403, 403],
  ])('%s: the class %i, Ada’s %i', async (who, ofClass, ofAda) => {
    expect((await ofCourse(who)).status).toBe(ofClass);
    expect((await get(who, `/api/courses/${course}/metrics/people`)).status).toBe(ofClass);
    expect((await ofPerson(who, 'ada')).status).toBe(ofAda);
  });

  it('a course that is not one’s own is as if it were not there; so is somebody who is not of the course', async () => {
    const nowhere = await get<object>('ben', `/api/courses/${randomUUID()}/metrics`);
    expect([nowhere.status, nowhere.body.detail]).toEqual([404, expect.stringContaining('no such course')]);
    expect((await ofPerson('hopper', randomUUID())).status).toBe(404);
  });

  it('a look at somebody else’s figures is recorded before it is granted, and told to whom they are', async () => {
    expect((await ofPerson('hopper', 'ben')).body).toMatchObject({ lastSeenAt: null, figures: { runs: 0 }, days: [] });
    const { body } = await get<AuditPageDto>(
      'auditor',
      `/api/audit/events?q=type:MetricsViewed&after=${await api.store.head()}`,
    );
    expect(body.entries[0]).toMatchObject({ actorName: 'Prof. Grace Hopper', subjectName: 'Ben', object: 'figures' });
    const { body: looks } = await get<LookDto[]>('ben', `/api/looks?after=${await api.store.head()}`);
    expect(looks).toEqual([
      expect.objectContaining({ byName: 'Prof. Grace Hopper', what: 'metrics', object: 'figures' }),
    ]);
    const before = await api.store.head();
    await ofPerson('ada', 'ada');
    expect(await api.store.head()).toBe(before); // one's own are no look
  });

  it('everybody sees their own, in each course', async () => {
    const { body } = await get<OwnMetricsDto[]>('ada', `/api/me/metrics?after=${position}`);
    expect(body).toEqual([
      expect.objectContaining({ course, title: expect.any(String), figures: expect.objectContaining({ runs: 1 }) }),
    ]);
    expect((await get<OwnMetricsDto[]>('auditor', '/api/me/metrics')).body).toEqual([]);
  });

  it.each([
    'from=yesterday',
    'from=2026-02-30',
    'to=2026-13-01',
    'from=2026-02-02&to=2026-02-01',
    'days=3',
    'from=1999-01-01',
  ])('refuses %s', async (query) => {
    for (const path of [`courses/${course}/metrics`, `courses/${course}/metrics/people`, 'me/metrics'])
      expect((await get<object>('hopper', `/api/${path}?${query}`)).status).toBe(400);
  });
});
