import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SignedInDto } from '@palimpsest/protocol';
import { TestApi } from '../testing/test-api.js';

/** Status of an attempt to open a socket, or of a plain request with `Connection: close`. */
function upgrade(address: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`http://${address}${path}`, {
      headers: {
        ...{ Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' },
        ...(headers['Connection'] === undefined && { Upgrade: 'websocket' }),
        ...{ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
      },
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}

describe('what keeps strangers out', () => {
  let api: TestApi;

  beforeAll(async () => {
    process.env['TRUSTED_PROXIES'] = 'loopback';
    api = await TestApi.start();
    await api.signIn('ada'); // the directory has her by now
  });
  afterAll(() => api.stop());

  const signIn = (headers: Record<string, string> = {}) =>
    api.call<SignedInDto>('POST', '/api/auth/sign-in', {
      body: { username: 'ada', password: api.password('ada') },
      headers,
    });

  it('a session cookie goes to this site alone; over TLS no other host can set it', async () => {
    const plain = await signIn();
    expect(plain.headers.get('set-cookie')).toMatch(/^palimpsest_session=[^;]+;.*HttpOnly; SameSite=Strict$/);
    const secure = await signIn({ 'x-forwarded-proto': 'https' });
    const cookie = secure.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^__Host-palimpsest_session=[^;]+; Max-Age=\d+; Path=\/;.*HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(cookie).not.toContain('Domain');
    const me = await api.call('GET', '/api/auth/me', { headers: { cookie: cookie.split(';')[0]! } });
    expect(me).toMatchObject({ status: 200, body: { username: 'ada' } });
  });

  it('of two cookies the one that no other host can set counts', async () => {
    const own = (await signIn()).body.accessToken;
    const cookies = `palimpsest_session=planted; __Host-palimpsest_session=${own}`;
    expect((await api.call('GET', '/api/auth/me', { headers: { cookie: cookies } })).status).toBe(200);
    const planted = `palimpsest_session=${own}; __Host-palimpsest_session=planted`;
    expect((await api.call('GET', '/api/auth/me', { headers: { cookie: planted } })).status).toBe(401);
  });

  it.each(['/collab/', '/runs/'])('%s opens for no page of another site', async (path) => {
    const token = (await signIn()).body.accessToken;
    const file = await api.file(token, /Ada/);
    const cookie = `palimpsest_session=${token}`;
    const open = (origin: string) => upgrade(api.address, `${path}${file.id}`, { cookie, origin });
    expect(await open('https://evil.example')).toBe(403);
    expect(await open('null')).toBe(403);
    expect(await open(`http://${api.address}.evil.example`)).toBe(403);
    expect(await open(`http://${api.address}`)).toBe(101);
  });

  it('a new secret key keeps the sessions of the one before while that is given, and opens none with it', async () => {
    const old = (await signIn()).body.accessToken;
    const me = (node: TestApi, token: string) => node.call('GET', '/api/auth/me', { token });
    const before = process.env['IDE_SECRET_KEY']!;
    const another = 'the next key for tests that is long enough';
    const rotated = await api.anotherNode({ IDE_SECRET_KEY: another, IDE_SECRET_KEY_PREVIOUS: before });
    expect((await me(rotated, old)).status).toBe(200);
    const fresh = (
      await rotated.call<SignedInDto>('POST', '/api/auth/sign-in', {
        body: { username: 'ada', password: api.password('ada') },
      })
    ).body.accessToken;
    expect((await me(rotated, fresh)).status).toBe(200);
    expect((await me(api, fresh)).status).toBe(401); // the old key alone does not know it
    await rotated.stop();
    delete process.env['IDE_SECRET_KEY_PREVIOUS'];
    const done = await api.anotherNode({ IDE_SECRET_KEY: another });
    expect([(await me(done, old)).status, (await me(done, fresh)).status]).toEqual([401, 200]);
    await done.stop();
  });

  it('answers with a policy that lets a page run nothing but its own files', async () => {
    const { headers } = await api.call('GET', '/api/health');
    const policy = headers.get('content-security-policy') ?? '';
    for (const part of [
      "default-src 'self'",
      "script-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/script-src[^;]*(unsafe|\*|data:)/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  it('gives an answer with a tag, and not again to whoever has it', async () => {
    const token = (await signIn()).body.accessToken;
    const first = await api.call('GET', '/api/courses', { token });
    const etag = first.headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    // Not by fetch, which adds that nothing kept may be used.
    const ask = (tag: string) =>
      upgrade(api.address, '/api/courses', {
        Connection: 'close',
        authorization: `Bearer ${token}`,
        'if-none-match': tag,
      });
    expect(await ask(etag)).toBe(304);
    expect(await ask('"another"')).toBe(200);
  });
});
