import { Inject, Injectable } from '@nestjs/common';
import * as client from 'openid-client';
import type { Configuration } from '../configuration.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { isLoopback, type OpenIdSettings } from './openid-settings.js';

/** How long the provider is waited for, seconds. */
const TIMEOUT = 10;

/** What has to come back with the person: kept by the browser, for ten minutes. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Who the provider says it is. `subject` is its own id of the person, the same for ever. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** In small letters; undefined if there is none, or the provider does not say that it is this person's. */
  readonly verifiedEmail: string | undefined;
  readonly username: string | undefined;
  readonly displayName: string | undefined;
}

/**
 * The code flow of OpenID Connect with PKCE, state and nonce, by openid-client; which signature, issuer, audience and times
 * are right is that library's knowledge. The provider is asked for its addresses at the first sign-in, so that the classroom
 * starts without it.
 */
@Injectable()
export class OpenIdClient {
  readonly #settings: OpenIdSettings | undefined;
  #provider: Promise<client.Configuration> | undefined;

  constructor(@Inject(CONFIGURATION) configuration: Configuration) {
    this.#settings = configuration.openId;
  }

  /** Undefined: there is no provider. */
  get settings(): OpenIdSettings | undefined {
    return this.#settings;
  }

  /** Where to send the browser, and what to keep for the way back to `redirectUri`. Throws when the provider is away. */
  async begin(redirectUri: URL): Promise<{ readonly address: URL; readonly pending: Pending }> {
    const pending = {
      ...{ state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() },
    };
    const address = client.buildAuthorizationUrl(await this.#discover(), {
      redirect_uri: redirectUri.href,
      scope: 'openid email profile',
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
    });
    return { address, pending };
  }

  /** Who came back to `address`, the redirect address with its query. Throws if any part does not fit what was begun. */
  async complete(address: URL, { state, nonce, verifier }: Pending): Promise<Identity> {
    const provider = await this.#discover();
    const tokens = await client.authorizationCodeGrant(provider, address, {
      ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('The provider sent no ID token.');
    // Many providers put only the subject into the token, and the rest where it has to be asked for.
    const more = provider.serverMetadata().userinfo_endpoint
      ? await client.fetchUserInfo(provider, tokens.access_token, claims.sub)
      : {};
    return identityOf(claims.iss, claims.sub, { ...more, ...claims });
  }

  async #discover(): Promise<client.Configuration> {
    const settings = this.#settings;
    if (!settings) throw new Error('No OpenID provider is configured.');
    this.#provider ??= discovered(settings);
    try {
      return await this.#provider;
    } catch (error) {
      this.#provider = undefined; // the next sign-in asks again
      throw error;
    }
  }
}

function discovered({ issuer, clientId, clientSecret }: OpenIdSettings): Promise<client.Configuration> {
  // Settings let http through for this machine only; the library's own name for it is a warning to everybody else.
  const execute = issuer.protocol === 'http:' && isLoopback(issuer) ? [client.allowInsecureRequests] : [];
  return client.discovery(issuer, clientId, clientSecret, undefined, { execute, timeout: TIMEOUT });
}

function identityOf(issuer: string, subject: string, claims: Readonly<Record<string, unknown>>): Identity {
  const text = (name: string) => {
    const value = claims[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  return {
    ...{ issuer, subject },
    verifiedEmail: claims['email_verified'] === true ? text('email')?.toLowerCase() : undefined,
    username: text('preferred_username')?.toLowerCase(),
    displayName: text('name'),
  };
}
