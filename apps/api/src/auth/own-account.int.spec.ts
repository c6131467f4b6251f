import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProblemDto, SessionDto, SignedInDto } from '@palimpsest/protocol';
import { WebSocket } from 'ws';
import { TestApi } from '../testing/test-api.js';

const NEW = 'a sentence that I remember';

describe("one's own password and sessions", () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.stop());

  const signIn = (username: string, password: string, userAgent = 'node') =>
    api.call<SignedInDto>('POST', '/api/auth/sign-in', {
      body: { username, password },
      headers: { 'user-agent': userAgent },
    });
  const me = async (token: string) => (await api.call('GET', '/api/auth/me', { token })).status;
  const change = (token: string, oldPassword: string, newPassword: string) =>
    api.call<ProblemDto>('PUT', '/api/auth/password', { token, body: { oldPassword, newPassword } });
  const sessions = async (token: string) => (await api.call<SessionDto[]>('GET', '/api/auth/sessions', { token })).body;

  it('needs the old password, and 10 to 200 characters for the new one', async () => {
    const token = await api.signIn('ada');
    expect(await change(token, 'wrong', NEW)).toMatchObject({ status: 403, body: { code: 'wrong-password' } });
    expect((await change(token, api.password('ada'), 'x'.repeat(9))).status).toBe(400);
    expect((await change(token, api.password('ada'), 'x'.repeat(201))).status).toBe(400);
    expect((await change(token, api.password('ada'), api.password('ada'))).status).toBe(422);
    expect((await signIn('ada', api.password('ada'))).status).toBe(200);
  });

  it('a changed password holds from then on, and the other sessions end', async () => {
    const [here, elsewhere] = [await api.signIn('ada'), await api.signIn('ada')];
    expect((await change(here, api.password('ada'), 'x'.repeat(10))).status).toBe(204);
    expect([await me(here), await me(elsewhere)]).toEqual([200, 401]);
    expect((await signIn('ada', api.password('ada'))).status).toBe(401);
    expect((await signIn('ada', 'x'.repeat(10))).status).toBe(200);
  });

  it('whoever tries old passwords has to wait as for signing in', async () => {
    const token = await api.signIn('chloe');
    for (let n = 0; n < 5; n++) expect((await change(token, 'wrong', NEW)).status).toBe(403);
    expect(await change(token, api.password('chloe'), NEW)).toMatchObject({ status: 429 });
  });

  it('lists where one is signed in, and ends one or all others; the sockets of those close', async () => {
    const here = await api.signIn('ben');
    const phone = (await signIn('ben', api.password('ben'), 'A phone')).body.accessToken;
    const tablet = (await signIn('ben', api.password('ben'), 'A tablet'.padEnd(300, '.'))).body.accessToken;
    const listed = await sessions(here);
    expect(listed.map(({ userAgent, isCurrent }) => [userAgent.slice(0, 8), isCurrent])).toEqual([
      ['A tablet', false],
      ['A phone', false],
      ['node', true],
    ]);
    expect(listed[0]?.userAgent).toHaveLength(200);
    expect(listed[1]?.address).toMatch(/127\.0\.0\.1$/);
    expect(Date.parse(listed[1]?.lastSeen ?? '')).toBeGreaterThan(Date.now() - 60_000);

    const file = await api.file(here, /Pair/);
    const socket = new WebSocket(`ws://${api.address}/collab/${file.id}?token=${phone}`);
    await new Promise((done) => socket.once('message', done));
    const closed = new Promise<number>((done) => socket.once('close', done));
    const began = performance.now();
    expect((await api.call('DELETE', `/api/auth/sessions/${listed[1]?.id}`, { token: here })).status).toBe(204);
    expect(await closed).toBe(4401);
    expect(performance.now() - began).toBeLessThan(1000);
    expect([await me(here), await me(phone), await me(tablet)]).toEqual([200, 401, 200]);
    expect((await api.call('DELETE', `/api/auth/sessions/${listed[1]?.id}`, { token: here })).status).toBe(404);

    expect((await api.call('POST', '/api/auth/sessions/end-others', { token: here })).status).toBe(204);
    expect([await me(here), await me(tablet)]).toEqual([200, 401]);
    expect(await sessions(here)).toHaveLength(1);
  });

  it("nobody ends another person's session", async () => {
    const [ben, hopper] = [await api.signIn('ben'), await api.signIn('hopper')];
    const [session] = await sessions(ben);
    expect((await api.call('DELETE', `/api/auth/sessions/${session?.id}`, { token: hopper })).status).toBe(404);
    expect((await api.call('DELETE', '/api/auth/sessions/x', { token: hopper })).status).toBe(404);
    expect(await me(ben)).toBe(200);
  });

  it('"last seen" moves by the minute, not with every request', async () => {
    const token = await api.signIn('hopper');
    const seen = async () => (await sessions(token)).find(({ isCurrent }) => isCurrent)?.lastSeen;
    const first = await seen();
    expect(await seen()).toBe(first);
    await api.pool.query("update ops.session set last_seen_at = last_seen_at - interval '61 s'");
    await me(token);
    expect(Date.parse((await seen()) ?? '')).toBeGreaterThanOrEqual(Date.parse(first ?? ''));
  });
});
