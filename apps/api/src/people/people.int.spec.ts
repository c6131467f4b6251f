import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DomainEvent, readEvent } from '@palimpsest/domain';
import type { NewPasswordDto, PersonDto, ProblemDto, SessionDto, SignedInDto, UserDto } from '@palimpsest/protocol';
import { WebSocket } from 'ws';
import { accountId } from '../auth/account-id.js';
import { type Answer, TestApi } from '../testing/test-api.js';

describe('what administrators do with accounts', () => {
  let api: TestApi;
  let admin: string;
  beforeAll(async () => {
    api = await TestApi.start();
    admin = await api.signIn('admin');
  });
  afterAll(() => api.stop());

  const put = (id: string, role: string, token = admin) =>
    api.call<ProblemDto>('PUT', `/api/people/${id}/role`, { token, body: { role } });
  const post = <Body = ProblemDto>(id: string, what: string, body?: unknown, token = admin) =>
    api.call<Body>('POST', `/api/people/${id}/${what}`, { token, ...(body !== undefined && { body }) });
  const signIn = (username: string, password = api.password(username)) =>
    api.call<SignedInDto>('POST', '/api/auth/sign-in', { body: { username, password } });
  const me = (token: string) => api.call<UserDto>('GET', '/api/auth/me', { token });

  async function events(stream: string): Promise<DomainEvent[]> {
    const found: DomainEvent[] = [];
    for await (const recorded of api.store.readStream(stream)) found.push(readEvent(recorded));
    return found;
  }

  it('only they; a refusal is in the log', async () => {
    const hopper = await api.signIn('hopper');
    expect((await api.call('GET', '/api/people', { token: hopper })).status).toBe(403);
    expect((await put(accountId('hopper'), 'admin', hopper)).status).toBe(403);
    expect((await post(accountId('ada'), 'reset-password', undefined, hopper)).status).toBe(403);
    const { status } = await api.call('GET', `/api/people/${accountId('ada')}/sessions`, { token: hopper });
    expect(status).toBe(403);
    const { rows } = await api.pool.query<{ data: Buffer }>("select data from es.event where type = 'AccessRefused'");
    const refused = rows.map(({ data }) => (JSON.parse(data.toString()) as { what: string }).what).sort();
    expect(refused).toEqual(['change roles', 'reset passwords', 'see all accounts', "see other people's sessions"]);
  });

  it('they find accounts by a part of the name', async () => {
    const find = async (words: string) =>
      (await api.call<PersonDto[]>('GET', `/api/people?words=${encodeURIComponent(words)}`, { token: admin })).body;
    expect((await find('GRACE')).map(({ username }) => username)).toEqual(['hopper']);
    expect((await find('%')).length).toBe(0);
    expect((await find('')).length).toBe(6);
    expect((await api.call('GET', '/api/people?limit=201', { token: admin })).status).toBe(400);
    expect((await api.call('GET', '/api/people?cursor=x', { token: admin })).status).toBe(400);
    const names: string[] = [];
    for (let next: string | undefined = '/api/people?limit=4'; next !== undefined;) {
      const { body, headers }: Answer<PersonDto[]> = await api.call<PersonDto[]>('GET', next, { token: admin });
      names.push(...body.map(({ username }) => username));
      next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(names).toEqual(['ada', 'admin', 'auditor', 'ben', 'chloe', 'hopper']);
  });

  it('a role is another at once, and that is an event', async () => {
    const ada = await api.signIn('ada');
    expect((await put(accountId('ada'), 'assistant')).status).toBe(200);
    expect((await me(ada)).body.role).toBe('assistant');
    expect((await events(`user-${accountId('ada')}`)).at(-1)).toEqual({
      type: 'UserRoleChanged',
      data: { role: 'assistant', was: 'student' },
    });
    expect((await put(accountId('ada'), 'king')).status).toBe(400);
    expect((await put(accountId('nobody'), 'student')).status).toBe(404);
    expect((await put('x', 'student')).status).toBe(404);
  });

  it('a deactivated account is refused, its sessions end, its sockets close; reactivated it comes in again', async () => {
    const ben = await api.signIn('ben');
    const file = await api.file(ben, /Pair/);
    const socket = new WebSocket(`ws://${api.address}/collab/${file.id}?token=${ben}`);
    await new Promise((done) => socket.once('message', done));
    const closed = new Promise<number>((done) => socket.once('close', done));
    const began = performance.now();
    expect((await post(accountId('ben'), 'deactivate', { reason: 'left' })).status).toBe(200);
    expect(await closed).toBe(4401);
    expect(performance.now() - began).toBeLessThan(1500);
    expect((await me(ben)).status).toBe(401);
    expect(await signIn('ben')).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('deactivated') },
    });
    // As if a process had ended before it ended this one: no access now, and none later.
    await api.pool.query(
      `insert into ops.session (token_hash, session_id, user_id, expires_at)
       values ('\\x00', gen_random_uuid(), $1, clock_timestamp() + interval '1 day')`,
      [accountId('ben')],
    );
    expect((await post(accountId('ben'), 'reactivate')).status).toBe(200);
    const left = await api.call<SessionDto[]>('GET', `/api/people/${accountId('ben')}/sessions`, { token: admin });
    expect(left.body).toEqual([]);
    expect((await signIn('ben')).status).toBe(200);
  });

  it('the last active administrator can neither be deactivated nor demoted', async () => {
    const id = accountId('admin');
    expect(await post(id, 'deactivate', { reason: '' })).toMatchObject({
      status: 409,
      body: { code: 'last-administrator' },
    });
    expect((await put(id, 'professor')).status).toBe(409);
    expect((await put(accountId('hopper'), 'admin')).status).toBe(200);
    expect((await put(accountId('hopper'), 'professor')).status).toBe(200);
  });

  it('two administrators who demote each other at once, on two nodes: one of them stays', async () => {
    expect((await put(accountId('hopper'), 'admin')).status).toBe(200);
    const [node, hopper] = [await api.anotherNode(), await api.signIn('hopper')];
    const answers = await Promise.all([
      put(accountId('hopper'), 'professor'),
      node.call('PUT', `/api/people/${accountId('admin')}/role`, { token: hopper, body: { role: 'student' } }),
    ]);
    await node.stop();
    // The slower one is refused by the rule, or is no administrator any more when its request is looked at.
    const outcomes = answers.map(({ status }) => status).sort();
    expect(outcomes[0]).toBe(200);
    expect([403, 409]).toContain(outcomes[1]);
    const { rows } = await api.pool.query("select username from read.person where role = 'admin' and active");
    expect(rows).toHaveLength(1);
    if (rows[0]?.username === 'hopper')
      await api.call('PUT', `/api/people/${accountId('admin')}/role`, { token: hopper, body: { role: 'admin' } });
  });

  it('a reset password is shown once, works for nothing but choosing another, and ends the wait', async () => {
    const before = await api.signIn('chloe');
    for (let n = 0; n < 5; n++) await signIn('chloe', 'wrong');
    const { body } = await post<NewPasswordDto>(accountId('chloe'), 'reset-password');
    expect(body.password).toMatch(/^[a-z2-9]{14}$/);
    expect((await me(before)).status).toBe(401);
    expect((await signIn('chloe')).status).toBe(401);
    const { status, body: signedIn } = await signIn('chloe', body.password);
    expect(status).toBe(200);
    expect(signedIn.user.mustChangePassword).toBe(true);
    const token = signedIn.accessToken;
    expect((await me(token)).body.mustChangePassword).toBe(true);
    expect(await api.call('GET', '/api/courses', { token })).toMatchObject({
      status: 403,
      body: { code: 'password-change-needed' },
    });
    const file = await api.file(await api.signIn('ada'), /Pair/);
    const socket = new WebSocket(`ws://${api.address}/collab/${file.id}?token=${token}`);
    const end = await new Promise((done) =>
      socket
        .once('message', () => done('open'))
        .once('close', done)
        .once('error', () => done('refused')),
    );
    expect([4401, 'refused']).toContain(end);
    const newPassword = 'mine alone from now on';
    const change = { oldPassword: body.password, newPassword };
    expect((await api.call('PUT', '/api/auth/password', { token, body: change })).status).toBe(204);
    expect((await api.call('GET', '/api/courses', { token })).status).toBe(200);
    expect((await signIn('chloe', newPassword)).body.user.mustChangePassword).toBeUndefined();
    const recorded = JSON.stringify(await events(`user-${accountId('chloe')}`));
    expect(recorded).toContain('"by":"administrator"');
    expect(recorded).not.toContain(body.password);
  });

  it('an answer with a password is not kept for whoever repeats the request', async () => {
    const reset = () =>
      api.call<NewPasswordDto>('POST', `/api/people/${accountId('chloe')}/reset-password`, {
        token: admin,
        headers: { 'idempotency-key': 'the same key twice' },
      });
    const [one, two] = [await reset(), await reset()];
    expect(two.body.password).not.toBe(one.body.password);
    const { rows } = await api.pool.query("select from ops.idempotency where key = 'the same key twice'");
    expect(rows).toEqual([]);
  });

  it("they see and end anybody's sessions", async () => {
    const ada = await api.signIn('ada');
    const path = `/api/people/${accountId('ada')}/sessions`;
    const { body } = await api.call<SessionDto[]>('GET', path, { token: admin });
    expect(body.length).toBeGreaterThan(0);
    expect((await api.call('DELETE', `${path}/${body[0]?.id}`, { token: admin })).status).toBe(204);
    expect((await me(ada)).status).toBe(401);
    expect((await events(`session-${body[0]?.id}`)).at(-1)).toEqual({
      type: 'SessionRevoked',
      data: { user: accountId('ada'), because: 'administrator' },
    });
    const again = await api.signIn('ada');
    expect((await api.call('DELETE', path, { token: admin })).status).toBe(204);
    expect((await me(again)).status).toBe(401);
  });
});
