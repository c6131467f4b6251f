import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditPageDto, WorkspaceDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { Classroom, inMs } from '../testing/classroom.js';
import { TestApi } from '../testing/test-api.js';

describe('what a course publishes', () => {
  let api: TestApi;
  let room: Classroom;

  beforeAll(async () => {
    api = await TestApi.start();
    room = await Classroom.open(api);
  });
  afterAll(() => api.stop());

  it('is a copy of a folder, as it was then; students read it from its release on', async () => {
    const item = await room.publish(
      { section: 'Lecture Notes', kind: 'material', title: 'Week 1' },
      { 'notes.md': 'one\n', 'code/a.py': 'a = 1\n' },
    );
    expect(await room.item('hopper', item)).toMatchObject({
      phase: 'draft',
      title: 'Week 1',
      section: 'Lecture Notes',
    });
    expect(await room.item('ada', item)).toBeUndefined();
    const material = (await room.item('hopper', item))?.material ?? '';
    const see = (who: string) => room.as<WorkspaceDto>(who, 'GET', `/api/workspaces/${material}`);
    expect((await see('ada')).status).toBe(404);
    expect((await see('hopper')).body.files.map(({ path }) => path).sort()).toEqual(['code/a.py', 'notes.md']);

    const released = await room.as('hopper', 'PATCH', `/api/items/${item}`, { releaseAt: inMs(-1_000) });
    expect(released.status).toBe(200);
    expect(await room.item('ada', item, released.body.position)).toMatchObject({ phase: 'open', material });
    expect((await see('ada')).body).toMatchObject({ access: 'read', kind: 'material' });
    const file = (await see('ada')).body.files[0]?.id ?? '';
    expect((await room.as('ada', 'DELETE', `/api/workspaces/${material}/files/${file}`)).status).toBe(403);

    const withdrawn = await room.as('hopper', 'DELETE', `/api/items/${item}`);
    expect(await room.item('ada', item, withdrawn.body.position)).toBeUndefined();
    expect((await see('ada')).status).toBe(404);
    expect((await room.as('hopper', 'PATCH', `/api/items/${item}`, { title: 'x' })).body.code).toBe('not-active');
  });

  it('is released by the clock, without anybody doing anything', async () => {
    const item = await room.publish({ kind: 'material', title: 'Later', releaseAt: inMs(3_000) });
    expect(await room.item('ada', item)).toBeUndefined();
    await eventually(async () => (await room.item('ada', item))?.phase === 'open', 'the release');
  });

  it('announces a test before its start, and nothing of its contents', async () => {
    const test = { kind: 'test', section: 'Tests', title: 'Exam', releaseAt: inMs(-1) } as const;
    const item = await room.publish({ ...test, startAt: inMs(60_000), endAt: inMs(120_000) });
    const seen = await room.item('ada', item);
    expect(seen).toMatchObject({ phase: 'announced', material: null, copy: null, turnsAt: seen?.startAt });
    const refused = await room.as('ada', 'POST', `/api/items/${item}/copy`);
    expect([refused.status, refused.body.code]).toEqual([403, 'not-open-yet']);
    const material = (await room.item('hopper', item))?.material ?? '';
    const file = (await room.as<WorkspaceDto>('hopper', 'GET', `/api/workspaces/${material}`)).body.files[0]?.id;
    expect((await room.as('ada', 'GET', `/api/workspaces/${material}`)).status).toBe(404);
    expect((await room.as('ada', 'GET', `/api/workspaces/${material}/files/${file}/content`)).status).toBe(404);
    expect((await room.as('ada', 'GET', `/api/workspaces/${material}/runs`)).status).toBe(404);
  });

  it('is extended for one student, whom it is not late for', async () => {
    const item = await room.publish({ releaseAt: inMs(-2_000), dueAt: inMs(-1_000) });
    const until = inMs(60_000);
    const put = await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('ada')}`, { until });
    expect(put.status).toBe(200);
    expect(await room.item('ada', item, put.body.position)).toMatchObject({ phase: 'open', deadline: until });
    expect(await room.item('ben', item)).toMatchObject({ phase: 'late' });
    const taken = await room.as('hopper', 'DELETE', `/api/items/${item}/extensions/${room.id('ada')}`);
    expect(await room.item('ada', item, taken.body.position)).toMatchObject({ phase: 'late' });
    const before = await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('ada')}`, {
      until: inMs(-60_000),
    });
    expect([before.status, before.body.code]).toEqual([422, 'invalid-value']);
    const professor = await room.as('hopper', 'PUT', `/api/items/${item}/extensions/${room.id('hopper')}`, { until });
    expect(professor.body.code).toBe('invalid-value');
  });

  it.each([
    ['no such section', { section: 'Exams' }, 422],
    ['a test without times', { kind: 'test' }, 422],
    ['a due time before the release', { releaseAt: inMs(1_000), dueAt: inMs(0) }, 422],
    ['a folder that there is not', { path: 'nowhere' }, 422],
    ['a time without a zone', { releaseAt: '2026-11-26T10:00:00' }, 400],
    ['a day that there is not', { releaseAt: '2026-13-40T10:00:00Z' }, 422],
    ['a workspace that there is not', { workspace: randomUUID() }, 404],
    ['groups to read', { kind: 'material', groups: true }, 422],
  ])('is refused with %s', async (_, wrong, status) => {
    const { id: workspace } = await api.workspace(await room.token('hopper'), /^Lecture Notes$/);
    const body = { section: 'Assignments', kind: 'assignment', title: 'T', workspace, ...wrong };
    const answer = await room.as('hopper', 'POST', `/api/courses/${room.course}/items`, body);
    expect([answer.status, typeof answer.body.detail]).toEqual([status, 'string']);
  });

  it('is decided about by those who teach alone; who tries is recorded', async () => {
    const item = await room.publish({ releaseAt: inMs(-1) });
    const { id: workspace } = await api.workspace(await room.token('ada'), /Ada/);
    const body = { section: 'Assignments', kind: 'material', title: 'Mine', workspace };
    for (const who of ['ada', 'auditor', 'admin']) {
      expect((await room.as(who, 'POST', `/api/courses/${room.course}/items`, body)).status).toBe(403);
      expect((await room.as(who, 'PATCH', `/api/items/${item}`, { title: 'x' })).status).toBe(403);
      expect((await room.as(who, 'DELETE', `/api/items/${item}`)).status).toBe(403);
      const group = `/api/items/${item}/groups/${randomUUID()}`;
      expect((await room.as(who, 'PUT', group, { name: 'x', members: [] })).status).toBe(403);
    }
    expect((await room.as('ada', 'GET', `/api/items/${item}/overview`)).status).toBe(403);
    expect((await room.as('auditor', 'GET', `/api/items/${item}/overview`)).status).toBe(200);
    const draft = await room.publish({});
    expect((await room.as('ada', 'PATCH', `/api/items/${draft}`, { title: 'x' })).status).toBe(404);
    expect((await room.as('ada', 'GET', `/api/courses/${randomUUID()}/items`)).status).toBe(404);
    await eventually(async () => {
      const path = '/api/audit/events?q=type:AccessRefused%20actor:ada';
      const page = await room.as<AuditPageDto>('auditor', 'GET', path);
      return page.body.entries.some(({ summary }) => summary.includes('decide about what the course publishes'));
    }, 'the refusal in the log');
  });
});
