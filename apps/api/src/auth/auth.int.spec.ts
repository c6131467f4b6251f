import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProblemDto, SignedInDto, UserDto } from '@palimpsest/protocol';
import { eventually } from '@palimpsest/test-support';
import type { OpenAPIObject } from '@nestjs/swagger';
import { TestApi } from '../testing/test-api.js';

describe('signing in', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.stop());

  const signIn = (body: unknown, headers = {}) =>
    api.call<SignedInDto & ProblemDto>('POST', '/api/auth/sign-in', { body, headers });

  it('answers the person and a token, and sets a cookie that scripts and other sites cannot use', async () => {
    await api.signIn('ada');
    const { status, body, headers } = await signIn({ username: ' ADA ', password: api.password('ada') });
    expect(status).toBe(200);
    expect(body.user).toMatchObject({ username: 'ada', displayName: 'Ada', role: 'student' });
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^palimpsest_session=[\w-]{43}; /);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    for (const credential of [
      { cookie: cookie.split(';')[0] ?? '' },
      { authorization: `Bearer ${body.accessToken}` },
    ]) {
      const me = await api.call<UserDto>('GET', '/api/auth/me', { headers: credential as Record<string, string> });
      expect(me.body.username).toBe('ada');
    }
  });

  it('does not tell which of name and password is wrong, and records the refusal', async () => {
    const wrongPassword = await signIn({ username: 'ada', password: 'wrong' });
    const wrongName = await signIn({ username: 'nobody', password: 'wrong' });
    expect(wrongPassword.status).toBe(401);
    expect(wrongPassword.body).toEqual(wrongName.body);
    expect(wrongPassword.headers.get('content-type')).toContain('application/problem+json');
    const token = await api.signIn('auditor');
    const refusals = await eventually(async () => {
      const { body } = await api.call<{ entries: { object: string; summary: string }[] }>(
        'GET',
        '/api/audit/events?q=type:SignInRefused',
        { token },
      );
      return body.entries.length >= 2 && body.entries;
    }, 'the refusals in the log');
    // Nobody waits for the record, so either may be first; before them may be those of the start, when the accounts were not listed yet.
    const newest = refusals.slice(0, 2).map(({ summary }) => summary);
    expect(newest.sort()).toEqual(['sign-in refused: unknown-user', 'sign-in refused: wrong-password']);
    expect(JSON.stringify(refusals)).not.toContain('"wrong"');
  });

  it.each([
    ['an unknown field', { username: 'ada', password: 'x', admin: true }],
    ['no password', { username: 'ada' }],
    ['a number for a name', { username: 1, password: 'x' }],
    ['a name of 81 characters', { username: 'x'.repeat(81), password: 'x' }],
    ['a password of 201 characters', { username: 'ada', password: 'x'.repeat(201) }],
    ['no JSON', '{"username":'],
    ['a list', []],
  ])('refuses %s with 400', async (_, body) => {
    expect((await signIn(body)).status).toBe(400);
  });

  it('takes a password of 200 characters for what it is: wrong', async () => {
    expect((await signIn({ username: 'ada', password: 'x'.repeat(200) })).status).toBe(401);
  });

  it('refuses requests from pages of other sites', async () => {
    const body = { username: 'ada', password: api.password('ada') };
    expect((await signIn(body, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await signIn(body, { origin: 'null' })).status).toBe(403);
    expect((await signIn(body, { origin: `http://${api.address}` })).status).toBe(200);
  });

  it('ends with signing out', async () => {
    const token = await api.signIn('ben');
    expect((await api.call('POST', '/api/auth/sign-out', { token })).status).toBe(204);
    expect((await api.call('GET', '/api/auth/me', { token })).status).toBe(401);
  });

  it('is needed for every address of the api but those of coming in', async () => {
    const { body } = await api.call<OpenAPIObject>('GET', '/api/openapi.json');
    const open: string[] = [];
    for (const [path, methods] of Object.entries(body.paths)) {
      for (const method of Object.keys(methods)) {
        const { status } = await api.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'), {
          ...(method !== 'get' && { body: {} }),
        });
        if (status !== 401) open.push(`${method} ${path}`);
      }
    }
    expect(open.sort()).toEqual([
      'get /api/auth/openid/callback',
      'get /api/auth/openid/start',
      'get /api/auth/ways',
      'get /api/health',
      'post /api/auth/sign-in',
      'post /api/invitations/accept',
      'post /api/invitations/look',
    ]);
  });

  it('describes every body and answer that it names', async () => {
    const { body } = await api.call<OpenAPIObject>('GET', '/api/openapi.json');
    const named = [...JSON.stringify(body.paths).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(body.components?.schemas).toHaveProperty(name ?? '');
  });
});
