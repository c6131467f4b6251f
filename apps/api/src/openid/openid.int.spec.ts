import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type DomainEvent, readEvent } from '@palimpsest/domain';
import type { SignInWaysDto, UserDto } from '@palimpsest/protocol';
import { derivedId } from '../platform/derived-id.js';
import { accountId } from '../auth/account-id.js';
import { TestApi } from '../testing/test-api.js';
import { type KnownPerson, TestOpenIdProvider, Wanderer } from '../testing/openid-provider.js';

const LINK = { OIDC_LINK: 'email,username' };
const MAKE = { OIDC_NEW_ACCOUNTS: 'student' };

describe('signing in by an OpenID provider', () => {
  let first: TestApi;
  let provider: TestOpenIdProvider;
  let publicUrl: string;
  let node: TestApi | undefined;

  beforeAll(async () => {
    first = await TestApi.start();
    publicUrl = `http://127.0.0.1:${await freePort()}`;
    provider = await TestOpenIdProvider.start(`${publicUrl}/api/auth/openid/callback`);
  });
  afterEach(async () => {
    await node?.stop();
    node = undefined;
    for (const name of Object.keys(process.env)) if (/^(OIDC_|PUBLIC_URL)/.test(name)) delete process.env[name];
  });
  afterAll(async () => {
    await provider.stop();
    await first.stop();
  });

  /** An api with the provider configured, which calls itself by the address that the provider knows. */
  async function configured(more: Record<string, string>): Promise<TestApi> {
    Object.assign(process.env, {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: TestOpenIdProvider.client.id,
      OIDC_CLIENT_SECRET: TestOpenIdProvider.client.secret,
      PUBLIC_URL: publicUrl,
      ...more,
    });
    return (node = await first.anotherNode());
  }

  /** Comes as `person`; returns where the way ends, and who is signed in then. */
  async function come(api: TestApi, person: KnownPerson, wanderer = new Wanderer()) {
    provider.person = person;
    const own = `http://${api.address}`;
    // The provider sends to PUBLIC_URL, where a proxy would be: the test goes to the api instead, with its cookies.
    const back = await wanderer.go(`${own}/api/auth/openid/start`, new RegExp(`^${publicUrl}`));
    const end = await wanderer.go(back.address.replace(publicUrl, own), /^http:\/\/[^/]+\/(\?|$)/);
    const me = await api.call<UserDto>('GET', '/api/auth/me', { headers: { cookie: wanderer.cookies(own) } });
    return { end: new URL(end.address), me: me.status === 200 ? me.body : undefined, back, wanderer };
  }

  async function eventsOf(stream: string): Promise<DomainEvent[]> {
    const found: DomainEvent[] = [];
    for await (const recorded of first.store.readStream(stream)) found.push(readEvent(recorded));
    return found;
  }

  it('is offered where it is configured, and is not there otherwise', async () => {
    const ways = async (api: TestApi) => (await api.call<SignInWaysDto>('GET', '/api/auth/ways')).body.openId;
    expect(await ways(first)).toBeNull();
    expect((await first.call('GET', '/api/auth/openid/start')).status).toBe(404);
    expect((await first.call('GET', '/api/auth/openid/callback?code=x')).status).toBe(404);
    expect(await ways(await configured({ OIDC_LABEL: 'With my school' }))).toBe('With my school');
  });

  it('nobody is let in whom nothing links, unless so configured; that is recorded', async () => {
    const api = await configured({});
    const person = { sub: 's-1', email: 'ada@school.example', email_verified: true, preferred_username: 'ada' };
    const { end, me } = await come(api, person);
    expect(end.search).toBe('?openid=no-account');
    expect(me).toBeUndefined();
    const refused = await eventsOf(`session-${derivedId(`openid ${provider.issuer} s-1`)}`);
    expect(refused).toEqual([{ type: 'SignInRefused', data: { username: 'ada', reason: 'no-account' } }]);
  });

  it('a verified address finds its account, once and for all; an unverified one does not', async () => {
    await first.pool.query('insert into ops.email (user_id, email) values ($1, $2)', [
      accountId('ada'),
      'ada@school.example',
    ]);
    const api = await configured({ OIDC_LINK: 'email' });
    const unverified = await come(api, { sub: 's-2', email: 'ada@school.example', email_verified: false });
    expect(unverified.end.search).toBe('?openid=no-account');
    const found = await come(api, { sub: 's-3', email: 'ADA@school.example', email_verified: true });
    expect(found.me).toMatchObject({ username: 'ada' });
    // The address may be another's by now: issuer and subject decide.
    const again = await come(api, { sub: 's-3', email: 'other@school.example', email_verified: true });
    expect(again.me).toMatchObject({ username: 'ada' });
    // Whoever is given ada's address after her is somebody else.
    const heir = await come(api, { sub: 's-12', email: 'ada@school.example', email_verified: true });
    expect([heir.end.search, heir.me]).toEqual(['?openid=no-account', undefined]);
    const events = await eventsOf(`user-${accountId('ada')}`);
    expect(events.filter(({ type }) => type === 'IdentityLinked')).toEqual([
      { type: 'IdentityLinked', data: { issuer: provider.issuer, by: 'email' } },
    ]);
    expect(JSON.stringify(events)).not.toContain('s-3');
  });

  it('a user name finds its account only if so configured, and never an administrator’s', async () => {
    const api = await configured(LINK);
    expect((await come(api, { sub: 's-4', preferred_username: 'ben' })).me).toMatchObject({ username: 'ben' });
    expect((await come(api, { sub: 's-13', preferred_username: 'ben' })).end.search).toBe('?openid=no-account');
    expect((await come(api, { sub: 's-5', preferred_username: 'admin' })).end.search).toBe('?openid=no-account');
    expect((await come(api, { sub: 's-6', preferred_username: 'auditor' })).end.search).toBe('?openid=no-account');
  });

  it('makes accounts of students if so configured, under a name that is free', async () => {
    const api = await configured(MAKE);
    const nina = { sub: 's-7', preferred_username: 'Nina', name: 'Nina Simone' };
    expect((await come(api, nina)).me).toMatchObject({ username: 'nina', displayName: 'Nina Simone', role: 'student' });
    expect((await come(api, nina)).me).toMatchObject({ username: 'nina' });
    expect((await come(api, { sub: 's-8', preferred_username: 'nina' })).me).toMatchObject({ username: 'nina-2' });
    // Without linking, the name of an account that is there is only a name that is taken.
    expect((await come(api, { sub: 's-9', preferred_username: 'chloe' })).me).toMatchObject({ username: 'chloe-2' });
    const both = await Promise.all([0, 1, 2].map(() => come(api, { sub: 's-10', preferred_username: 'omar' })));
    expect(new Set(both.map(({ me }) => me?.username))).toEqual(new Set(['omar']));
  });

  it('a deactivated account stays out', async () => {
    const api = await configured(LINK);
    await come(api, { sub: 's-11', preferred_username: 'chloe' });
    const admin = await first.signIn('admin');
    const path = `/api/people/${accountId('chloe')}/deactivate`;
    await first.call('POST', path, { token: admin, body: { reason: '' } });
    const { end, me } = await come(api, { sub: 's-11' });
    expect([end.search, me]).toEqual(['?openid=deactivated', undefined]);
  });

  it('what comes back must be what was begun: state, browser, code, once', async () => {
    const api = await configured(LINK);
    const own = `http://${api.address}`;
    const wanderer = new Wanderer();
    provider.person = { sub: 's-4' };
    const back = async () =>
      new URL((await wanderer.go(`${own}/api/auth/openid/start`, new RegExp(`^${publicUrl}`))).address);
    const arrive = async (query: string) =>
      new URL((await wanderer.go(`${own}/api/auth/openid/callback${query}`, /\/\?openid=|\/$/)).address).search;

    const forged = await back();
    forged.searchParams.set('state', 'another');
    expect(await arrive(forged.search)).toBe('?openid=failed');
    const guessed = await back();
    guessed.searchParams.set('code', 'guessed');
    expect(await arrive(guessed.search)).toBe('?openid=failed');
    const stolen = await back();
    wanderer.forget(own);
    expect(await arrive(stolen.search)).toBe('?openid=failed');
    const good = await back();
    expect(await arrive(good.search)).toBe('');
    expect(await arrive(good.search)).toBe('?openid=failed');
    expect(await arrive('?error=access_denied')).toBe('?openid=failed');
  });

  it('a provider that is away is said, and asked again the next time', async () => {
    const api = await configured({ OIDC_ISSUER: `http://127.0.0.1:${await freePort()}` });
    const { address } = await new Wanderer().go(`http://${api.address}/api/auth/openid/start`, /\/\?openid=/);
    expect(new URL(address).search).toBe('?openid=unavailable');
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
