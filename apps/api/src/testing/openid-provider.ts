import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** Somebody whom the provider knows. */
export interface KnownPerson {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly preferred_username?: string;
  readonly name?: string;
}

/** A real OpenID provider on this machine. Whoever comes is signed in at once as `person`. For tests. */
export class TestOpenIdProvider {
  static readonly client = { id: 'palimpsest', secret: 'a secret of this test' };
  person: KnownPerson = { sub: 'nobody' };
  readonly #server: Server;

  private constructor(
    server: Server,
    readonly issuer: string,
  ) {
    this.#server = server;
  }

  /** `redirectUris` is asked when a client is wanted: the address of the api may be known later. */
  static async start(redirectUri: string): Promise<TestOpenIdProvider> {
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const started = new TestOpenIdProvider(server, issuer);
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: TestOpenIdProvider.client.id,
          client_secret: TestOpenIdProvider.client.secret,
          redirect_uris: [redirectUri],
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
      cookies: { keys: ['a key of this test'] },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...started.person, sub }) }),
    });
    const handle = provider.callback();
    server.on('request', (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return void handle(request, response);
      void started.#consent(provider, request, response);
    });
    return started;
  }

  async #consent(
    provider: Provider,
    request: Parameters<Provider['interactionDetails']>[0],
    response: Parameters<Provider['interactionDetails']>[1],
  ): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: this.person.sub, clientId: String(params['client_id']) });
    grant.addOIDCScope(String(params['scope']));
    const result = { login: { accountId: this.person.sub }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

/** A browser that follows redirects with the cookies of each host. For tests. */
export class Wanderer {
  readonly #jars = new Map<string, Map<string, string>>();

  /** Goes to `address` and on where it leads, until an answer is no redirect, or leads to a page of `stopAt`. */
  async go(address: string, stopAt?: RegExp): Promise<{ readonly address: string; readonly status: number }> {
    let at = address;
    for (let hop = 0; hop < 12; hop++) {
      const response = await fetch(at, { redirect: 'manual', headers: { cookie: this.cookies(at) } });
      this.#keep(at, response);
      await response.arrayBuffer();
      const next = response.headers.get('location');
      if (next === null) return { address: at, status: response.status };
      at = new URL(next, at).href;
      if (stopAt?.test(at)) return { address: at, status: response.status };
    }
    throw new Error(`more than 12 redirects, the last to ${at}`);
  }

  cookies(address: string): string {
    return [...this.#jar(address)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  forget(address: string): void {
    this.#jars.delete(new URL(address).host);
  }

  #jar(address: string): Map<string, string> {
    const { host } = new URL(address);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }

  #keep(address: string, response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';', 1)[0] ?? '').split(/=(.*)/s, 2);
      if (value === '') this.#jar(address).delete(name);
      else this.#jar(address).set(name, value);
    }
  }
}
