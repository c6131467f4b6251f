import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readEvent, type SignInRefused } from '@palimpsest/domain';
import type { ProblemDto, SignedInDto } from '@palimpsest/protocol';
import { TestApi } from '../testing/test-api.js';
import { accountId } from './account-id.js';
import { SignInRefusals } from './sign-in-refusals.js';

describe('repeated failures of signing in', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.stop());
  beforeEach(() => api.pool.query('delete from ops.sign_in_failure'));

  const tryOn = (node: TestApi, username: string, password: string) =>
    node.call<SignedInDto & ProblemDto>('POST', '/api/auth/sign-in', { body: { username, password } });
  const attempt = (username: string, password = 'wrong') => tryOn(api, username, password);

  async function fail(username: string, times: number): Promise<void> {
    for (let n = 0; n < times; n++) expect((await attempt(username)).status).toBe(401);
  }

  /** As if so many seconds had gone by. */
  const later = (seconds: number) =>
    api.pool.query(
      `update ops.sign_in_failure set blocked_until = blocked_until - make_interval(secs => $1),
         changed_at = changed_at - make_interval(secs => $1)`,
      [seconds],
    );

  async function refusals(username: string): Promise<SignInRefused['data'][]> {
    const found: SignInRefused['data'][] = [];
    for await (const recorded of api.store.readStream(`session-${accountId(username)}`)) {
      const event = readEvent(recorded);
      if (event.type === 'SignInRefused') found.push(event.data);
    }
    return found;
  }

  it('let people in until the fifth, then say how long to wait, in the body and in Retry-After', async () => {
    await fail('ada', 4);
    expect((await attempt('ada', api.password('ada'))).status).toBe(200);
    // The right password has emptied the account.
    await fail('ada', 5);
    const { status, body, headers } = await attempt('ada', 'wrong');
    expect(status).toBe(429);
    expect(body).toMatchObject({
      code: 'too-many-attempts',
      limit: { name: 'failed-sign-ins', most: 5, retryAfterSeconds: 10 },
    });
    expect(body.detail).toContain('Try again in 10 s');
    expect(headers.get('retry-after')).toBe('10');
  });

  it('refuse the right password as well until the wait is over, and not a moment longer; others are not concerned', async () => {
    await fail('ada', 5);
    expect((await attempt('ada', api.password('ada'))).status).toBe(429);
    expect((await attempt('ben', api.password('ben'))).status).toBe(200);
    await later(8);
    expect(await attempt('ada', api.password('ada'))).toMatchObject({ status: 429 });
    await later(2);
    expect((await attempt('ada', api.password('ada'))).status).toBe(200);
  });

  it('make the wait grow with each further one; attempts during a wait do not', async () => {
    await fail('ada', 5);
    for (let n = 0; n < 5; n++) expect((await attempt('ada')).status).toBe(429);
    await later(10);
    await fail('ada', 1);
    expect((await attempt('ada')).body.limit?.retryAfterSeconds).toBe(20);
    await later(20);
    await fail('ada', 1);
    expect((await attempt('ada')).body.limit?.retryAfterSeconds).toBe(40);
  });

  it('are forgotten with time', async () => {
    await fail('ada', 4);
    await later(3600);
    await fail('ada', 1); // four again
    expect((await attempt('ada', api.password('ada'))).status).toBe(200);
  });

  it('hold on every node and over restarts', async () => {
    await fail('ada', 5);
    const node = await api.anotherNode();
    expect((await tryOn(node, 'ada', api.password('ada'))).status).toBe(429);
    await node.stop();
  });

  it('of strangers do not keep somebody out of a browser that is known, which has its own five', async () => {
    const from = (username: string, password: string, cookie: string) =>
      api.call<SignedInDto & ProblemDto>('POST', '/api/auth/sign-in', {
        body: { username, password },
        headers: { cookie },
      });
    const known = async (username: string, cookie = '') => {
      const { headers } = await from(username, api.password(username), cookie);
      const [set] = headers.getSetCookie().filter((one) => one.startsWith('palimpsest_devices='));
      expect(set).toMatch(/; Path=\/api\/auth; .*HttpOnly; SameSite=Strict/);
      return set?.split(';', 1)[0] ?? '';
    };
    const ada = await known('ada');
    const both = await known('ben', ada);
    await fail('ada', 5);
    expect((await attempt('ada', api.password('ada'))).status).toBe(429);
    const forged = ada.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    for (const other of ['', await known('ben'), forged])
      expect((await from('ada', api.password('ada'), other)).status).toBe(429);
    for (const own of [ada, both]) expect((await from('ada', api.password('ada'), own)).status).toBe(200);
    // Coming in that way does not end the wait of strangers, and trying there has an end as well.
    expect((await attempt('ada')).status).toBe(429);
    for (let n = 0; n < 5; n++) expect((await from('ada', 'wrong', both)).status).toBe(401);
    expect((await from('ada', api.password('ada'), ada)).status).toBe(429);
  });

  it('are the same for a name that nobody has', async () => {
    await fail('nobody', 5);
    await fail('ada', 5);
    const [known, unknown] = [await attempt('ada'), await attempt('nobody')];
    expect(unknown.status).toBe(429);
    expect(unknown.body).toEqual(known.body);
  });

  it('of one address with many names are counted together', async () => {
    await api.pool.query(
      `insert into ops.sign_in_failure (key, level, changed_at, blocked_until)
       values ('address:127.0.0.1', 59, clock_timestamp(), clock_timestamp())`,
    );
    expect((await attempt('somebody')).status).toBe(401);
    expect(await attempt('ada', api.password('ada'))).toMatchObject({
      status: 429,
      body: { limit: { most: 60, retryAfterSeconds: 10 } },
    });
  });

  it('many at once are looked at one after the other, so that no more than five are', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => attempt('chloe')));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(401), count(429)]).toEqual([5, 35]);
  });

  it('a flood is three events of the log: those that were looked at apart, the first of the wait, and the rest as a number', async () => {
    await fail('ben', 5);
    for (let n = 0; n < 100; n++) await attempt('ben');
    const now = await refusals('ben');
    expect(now.map(({ reason }) => reason)).toEqual([...Array<string>(5).fill('wrong-password'), 'too-many-attempts']);
    expect(await api.app.get(SignInRefusals).recordHeld()).toBe(1);
    expect((await refusals('ben')).at(-1)).toEqual({ username: '', reason: 'too-many-attempts', attempts: 99 });
    expect(await api.app.get(SignInRefusals).recordHeld()).toBe(0);
  });
});
