import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvent } from '@palimpsest/domain';
import type {
  CourseDto,
  InvitationDto,
  MemberDto,
  NewInvitationDto,
  ProblemDto,
  RosterPreviewDto,
  SignedInDto,
} from '@palimpsest/protocol';
import { TestApi } from '../testing/test-api.js';

describe('invitations', () => {
  let api: TestApi;
  let hopper: string;
  let course: string;
  beforeAll(async () => {
    api = await TestApi.start();
    hopper = await api.signIn('hopper');
    course = (await api.call<CourseDto[]>('GET', '/api/courses', { token: hopper })).body[0]?.id ?? '';
  });
  afterAll(() => api.stop());

  const path = () => `/api/courses/${course}/invitations`;
  const invite = (days: number, mostUses: number, token = hopper) =>
    api.call<NewInvitationDto>('POST', path(), { token, body: { days, mostUses } });
  const accept = (token: string, username: string, password = 'a password of mine') =>
    api.call<SignedInDto & ProblemDto>('POST', '/api/invitations/accept', {
      body: { token, username, displayName: `New ${username}`, password },
    });
  const look = (token: string) => api.call<ProblemDto>('POST', '/api/invitations/look', { body: { token } });
  const list = async () => (await api.call<InvitationDto[]>('GET', path(), { token: hopper })).body;

  it('bring somebody in who chooses name and password, signed in and enrolled', async () => {
    const { body } = await invite(7, 2);
    expect((await look(body.token)).body).toEqual({ course: 'Introduction to Python' });
    const { status, body: welcome, headers } = await accept(body.token, ' Dora ');
    expect(status).toBe(200);
    expect(welcome.user).toMatchObject({ username: 'dora', role: 'student' });
    expect(headers.get('set-cookie')).toMatch(/^palimpsest_session=/);
    const courses = await api.call<CourseDto[]>('GET', '/api/courses', { token: welcome.accessToken });
    expect(courses.body.map(({ id }) => id)).toEqual([course]);
    const again = await api.call('POST', '/api/auth/sign-in', {
      body: { username: 'dora', password: 'a password of mine' },
    });
    expect(again.status).toBe(200);
    expect(await list()).toMatchObject([{ uses: 1, mostUses: 2, problem: null }]);
  });

  it('refuse a name that is taken without using up anything, a bad one, and a short password', async () => {
    const { body } = await invite(7, 1);
    expect(await accept(body.token, 'ada')).toMatchObject({
      status: 409,
      body: { code: 'already-exists', detail: expect.stringContaining('"ada" is taken') },
    });
    expect((await accept(body.token, '9lives')).status).toBe(422);
    expect((await accept(body.token, 'emil', 'x'.repeat(9))).status).toBe(400);
    expect((await list())[0]).toMatchObject({ uses: 0 });
    expect((await accept(body.token, 'emil', 'x'.repeat(10))).status).toBe(200);
  });

  it('end with the last use, also when two come for it at once', async () => {
    const { body } = await invite(7, 2);
    const answers = await Promise.all(['f1', 'f2', 'f3', 'f4'].map((name) => accept(body.token, name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect((await list())[0]).toMatchObject({ uses: 2, problem: expect.stringContaining('used up') });
    expect(await look(body.token)).toMatchObject({ status: 403, body: { code: 'invitation-over' } });
  });

  it('bring in somebody who has an account, once', async () => {
    const admin = await api.signIn('admin');
    const ben = await api.signIn('ben');
    const join = (token: string, as?: string) =>
      api.call<ProblemDto & { id: string }>('POST', '/api/invitations/join', {
        ...(as !== undefined && { token: as }),
        body: { token },
      });
    const students = (await api.call<MemberDto[]>('GET', `/api/courses/${course}/members`, { token: hopper })).body
      .filter(({ username, role }) => role === 'student' && username !== 'ben')
      .map(({ username }) => username);
    const roster = { text: `username\n${students.join('\n')}\n`, removeMissing: true };
    const { digest } = (
      await api.call<RosterPreviewDto>('POST', `/api/courses/${course}/roster/preview`, { token: hopper, body: roster })
    ).body;
    await api.call('POST', `/api/courses/${course}/roster`, { token: hopper, body: { ...roster, digest } });
    const courses = async () => (await api.call<CourseDto[]>('GET', '/api/courses', { token: ben })).body.length;
    expect(await courses()).toBe(0);
    const { body } = await invite(7, 2);
    expect((await join(body.token)).status).toBe(401);
    expect((await join('x'.repeat(43), ben)).status).toBe(403);
    expect(await join(body.token, ben)).toMatchObject({ status: 200, body: { id: course } });
    expect(await courses()).toBe(1);
    expect((await join(body.token, ben)).status).toBe(200);
    expect((await list())[0]).toMatchObject({ uses: 1 });
    // The role that somebody has in the course stays.
    expect((await join(body.token, hopper)).status).toBe(200);
    expect((await list())[0]).toMatchObject({ uses: 1 });
    expect((await join(body.token, admin)).status).toBe(200);
    expect((await list())[0]).toMatchObject({ uses: 2 });
  });

  it('end when they are revoked, once', async () => {
    const { body } = await invite(7, 5);
    const revoke = () => api.call('DELETE', `${path()}/${body.id}`, { token: hopper });
    expect((await revoke()).body['position']).not.toBeNull();
    expect((await revoke()).body['position']).toBeNull();
    expect((await accept(body.token, 'greta')).status).toBe(403);
    expect((await api.call('DELETE', `${path()}/x`, { token: hopper })).status).toBe(404);
  });

  it.each([
    [0, 1],
    [181, 1],
    [1, 0],
    [1, 1001],
    [1.5, 1],
  ])('for %s days and %s people are refused', async (days, mostUses) => {
    expect((await invite(days, mostUses)).status).toBe(400);
  });

  it('are made by professors of the course and administrators alone', async () => {
    expect((await invite(1, 1, await api.signIn('ada'))).status).toBe(403);
    expect((await invite(180, 1000, await api.signIn('admin'))).status).toBe(200 + 1);
    expect((await look('x'.repeat(43))).status).toBe(403);
    expect((await look('x')).status).toBe(400);
  });

  it('are events without their tokens, which are nowhere in plain', async () => {
    const { body } = await invite(7, 1);
    await accept(body.token, 'henri');
    const events: string[] = [];
    for await (const recorded of api.store.readStream(`course-${course}`)) {
      const event = readEvent(recorded);
      if (JSON.stringify(event.data).includes(body.id)) events.push(event.type);
      expect(JSON.stringify(event)).not.toContain(body.token);
    }
    expect(events).toEqual(['InvitationCreated', 'InvitationUsed']);
    const { rows } = await api.pool.query('select token_hash::text as hash from ops.invitation');
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(body.token).toString('hex'));
  });
});
