import { Controller, Get, Logger, NotFoundException, Req, Res } from '@nestjs/common';
import { asId, type SessionId, streamOf } from '@palimpsest/domain';
import { ApiResponse } from '@nestjs/swagger';
import { DirectoryQueries } from '@palimpsest/projections';
import { SignInWaysDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { addressOf } from '../auth/address.js';
import { Public } from '../auth/auth.guard.js';
import { ANONYMOUS } from '../auth/sign-in-refusals.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { Welcome } from '../auth/welcome.js';
import { CommandHandler } from '../commands/command-handler.js';
import { Answers } from '../platform/api-description.js';
import { derivedId } from '../platform/derived-id.js';
import { Limited } from '../limits/request-limits.js';
import { Access } from '../policies/access.js';
import { OpenIdAccounts } from './openid-accounts.js';
import { type Identity, OpenIdClient, type Pending } from './openid-client.js';
import type { OpenIdSettings } from './openid-settings.js';

const PATH = '/api/auth/openid';
/** Over TLS with the prefix that keeps other hosts from setting it: see auth/request-token.ts. */
const cookieName = (isSecure: boolean) => `${isSecure ? '__Host-' : ''}palimpsest_openid`;
/** How long somebody may take at the provider, milliseconds. */
const PATIENCE_MS = 600_000;

const NO_PROVIDER = { status: 404, description: 'No OpenID provider is configured.' };

/** What the page says when somebody comes back without being signed in: `/?openid=<code>`. */
type Failure = 'unavailable' | 'failed' | 'no-account' | 'deactivated';

/** Signing in with an account of an OpenID provider, where one is configured. */
@Controller('api/auth')
export class OpenIdController {
  readonly #log = new Logger(OpenIdController.name);

  constructor(
    private readonly client: OpenIdClient,
    private readonly accounts: OpenIdAccounts,
    private readonly directory: DirectoryQueries,
    private readonly welcome: Welcome,
    private readonly commands: CommandHandler,
    private readonly meters: ServiceMeters,
  ) {}

  @Public()
  @Get('ways')
  @Access('open')
  @Answers(SignInWaysDto)
  ways(): SignInWaysDto {
    return { openId: this.client.settings?.label ?? null };
  }

  /** Sends the browser to the provider. */
  @Public()
  @Get('openid/start')
  @Access('open')
  @Limited('sign-ins-a-minute')
  @ApiResponse({ status: 303, description: 'To the provider.' })
  @ApiResponse(NO_PROVIDER)
  async start(@Req() request: Request, @Res() response: Response): Promise<void> {
    const settings = this.#required();
    try {
      const { address, pending } = await this.client.begin(wayBack(request, settings));
      response.cookie(cookieName(request.secure), Buffer.from(JSON.stringify(pending)).toString('base64url'), {
        // Lax: the browser comes back from another site. It says nothing of who somebody is.
        ...{ httpOnly: true, sameSite: 'lax', secure: request.secure, path: '/', maxAge: PATIENCE_MS },
      });
      response.redirect(303, address.href);
    } catch (error) {
      this.#log.warn(`the OpenID provider cannot be used: ${reasonOf(error)}`);
      back(response, 'unavailable');
    }
  }

  /** Where the provider sends the browser to. */
  @Public()
  @Get('openid/callback')
  @Access('open')
  @Limited('sign-ins-a-minute')
  @ApiResponse({ status: 303, description: 'To the page, signed in or with the reason why not.' })
  @ApiResponse(NO_PROVIDER)
  async callback(@Req() request: Request, @Res() response: Response): Promise<void> {
    const settings = this.#required();
    const pending = pendingOf(request);
    response.clearCookie(cookieName(request.secure), { secure: request.secure, path: '/' });
    if (!pending) return back(response, 'failed');
    const address = wayBack(request, settings);
    address.search = new URL(request.url, 'http://localhost').search;
    let identity: Identity;
    try {
      identity = await this.client.complete(address, pending);
    } catch (error) {
      this.#log.warn(`a sign-in by OpenID failed: ${reasonOf(error)}`);
      return back(response, 'failed');
    }
    await this.#signIn(identity, settings, request, response);
  }

  async #signIn(identity: Identity, settings: OpenIdSettings, request: Request, response: Response): Promise<void> {
    const user = await this.accounts.find(identity, settings, addressOf(request));
    const person = user && (await this.directory.person(user));
    if (!person) return this.#refuse(identity, 'no-account', request, response);
    if (!person.active) return this.#refuse(identity, 'deactivated', request, response);
    await this.welcome.open(person, request, response, 'openid');
    response.redirect(303, '/');
  }

  async #refuse(
    { issuer, subject, username }: Identity,
    reason: 'no-account' | 'deactivated',
    request: Request,
    response: Response,
  ): Promise<void> {
    this.meters.signInRefusals.add({ reason });
    await this.commands.record(
      streamOf.session(asId<SessionId>(derivedId(`openid ${issuer} ${subject}`))),
      [{ type: 'SignInRefused', data: { username: (username ?? '').slice(0, 80), reason } }],
      { actor: ANONYMOUS, address: addressOf(request) },
    );
    back(response, reason);
  }

  #required(): OpenIdSettings {
    if (!this.client.settings) throw new NotFoundException('No OpenID provider is configured here.');
    return this.client.settings;
  }
}

function back(response: Response, failure: Failure): void {
  response.redirect(303, `/?openid=${failure}`);
}

function wayBack(request: Request, { publicUrl }: OpenIdSettings): URL {
  return new URL(`${PATH}/callback`, publicUrl ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`);
}

function pendingOf(request: Request): Pending | undefined {
  const value = new RegExp(`(?:^|; )${cookieName(request.secure)}=([\\w-]{1,2000})`).exec(
    request.headers.cookie ?? '',
  )?.[1];
  if (value === undefined) return undefined;
  try {
    const { state, nonce, verifier } = JSON.parse(Buffer.from(value, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const isWhole = [state, nonce, verifier].every((part) => typeof part === 'string' && part.length > 20);
    return isWhole ? ({ state, nonce, verifier } as Pending) : undefined;
  } catch {
    return undefined;
  }
}

/** Without what the provider or the browser sent: a code or a token must not come into a log of the server. */
function reasonOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  return [name, code, message]
    .filter((part) => typeof part === 'string')
    .join(', ')
    .slice(0, 300);
}
