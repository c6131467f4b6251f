import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvent, RESTRICTED_MODULES, type RestrictedModule, streamOf } from '@palimpsest/domain';
import type { AuditPageDto, CourseDto, ModuleRuleDto, ProblemDto, WrittenDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import { randomUUID } from 'node:crypto';
import { TestApi } from '../testing/test-api.js';

describe('what programs of a course may use', () => {
  let api: TestApi;
  let professor: string;
  let student: string;
  let course: string;

  beforeAll(async () => {
    api = await TestApi.start();
    [professor, student] = [await api.signIn('hopper'), await api.signIn('ada')];
    const courses = await eventually(async () => {
      const { body } = await api.call<CourseDto[]>('GET', '/api/courses', { token: professor });
      return body.length > 0 && body;
    }, 'the course');
    course = courses[0]?.id ?? '';
  });
  afterAll(() => api.stop());

  const rules = (token: string, id = course) =>
    api.call<ModuleRuleDto[]>('GET', `/api/courses/${id}/modules`, { token });
  const decide = (token: string, module: string, body: unknown, id = course) =>
    api.call<WrittenDto & ProblemDto>('PUT', `/api/courses/${id}/modules/${module}`, { token, body });

  /** What a run that is asked for now has refused to it, as recorded. */
  async function refusedNow(): Promise<readonly RestrictedModule[] | undefined> {
    const workspace = await api.workspace(student, /Ada/);
    const body = { workspace: workspace.id, mode: 'script' };
    const { body: written } = await api.call<WrittenDto>('POST', '/api/runs', { token: student, body });
    for await (const recorded of api.store.readStream(streamOf.run(written.id as never), { limit: 1 })) {
      const event = readEvent(recorded);
      if (event.type === 'RunRequested') return event.data.refused;
    }
    return undefined;
  }

  it('is at first what the installation says, and captured with each run', async () => {
    const { status, body } = await rules(professor);
    expect(status).toBe(200);
    expect(body).toEqual(RESTRICTED_MODULES.map((module) => ({ module, allowed: false, decidedBy: 'installation' })));
    expect(await refusedNow()).toEqual(RESTRICTED_MODULES);
  });

  it('is decided by a professor, from the next run on, and told in the audit log', async () => {
    expect((await decide(professor, 'subprocess', { allowed: true })).status).toBe(200);
    expect(await refusedNow()).toEqual(RESTRICTED_MODULES.filter((module) => module !== 'subprocess'));
    const again = await decide(professor, 'subprocess', { allowed: true });
    expect(again.body.position).toBeNull();
    const { body } = await rules(professor);
    expect(body.find(({ module }) => module === 'subprocess')).toMatchObject({ allowed: true, decidedBy: 'course' });
    const auditor = await api.signIn('auditor');
    const entry = await eventually(async () => {
      const page = await api.call<AuditPageDto>('GET', '/api/audit/events?q=type:ModuleAllowed', { token: auditor });
      return page.body.entries[0];
    }, 'the entry');
    expect(entry).toMatchObject({ summary: 'subprocess allowed to programs', actorRole: 'professor' });
    expect((await decide(professor, 'subprocess', { allowed: false })).status).toBe(200);
    expect(await refusedNow()).toEqual(RESTRICTED_MODULES);
  });

  it('is decided by an administrator as well', async () => {
    const admin = await api.signIn('admin');
    expect((await decide(admin, 'os.fork', { allowed: true })).status).toBe(200);
    expect((await rules(admin)).status).toBe(200);
    expect(await refusedNow()).not.toContain('os.fork');
    expect((await rules(admin, randomUUID())).status).toBe(404);
    expect((await decide(admin, 'os.fork', { allowed: true }, randomUUID())).status).toBe(404);
  });

  it('is decided by nobody else; who tries is recorded', async () => {
    const before = await refusedNow();
    expect((await decide(student, 'ctypes', { allowed: true })).status).toBe(403);
    expect((await rules(student)).status).toBe(403);
    expect((await decide(await api.signIn('auditor'), 'ctypes', { allowed: true })).status).toBeGreaterThanOrEqual(403);
    expect((await decide('no-token', 'ctypes', { allowed: true })).status).toBe(401);
    expect(await refusedNow()).toEqual(before);
    const auditor = await api.signIn('auditor');
    await eventually(async () => {
      const page = await api.call<AuditPageDto>('GET', '/api/audit/events?q=type:AccessRefused%20actor:ada', {
        token: auditor,
      });
      return page.body.entries.some(({ summary }) => summary.includes('decide what programs of a course may use'));
    }, 'the refusal in the log');
  });

  it.each([
    ['os', { allowed: true }, 404],
    ['subprocess', {}, 400],
    ['subprocess', { allowed: 'yes' }, 400],
    ['subprocess', { allowed: true, more: 1 }, 400],
  ])('%s %j is answered with %s', async (module, body, status) => {
    const answer = await decide(professor, module, body);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toBeTruthy();
  });
});
