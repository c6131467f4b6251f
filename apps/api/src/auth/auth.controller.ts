import { Body, Controller, Get, HttpCode, Post, Put, Req, Res, UnauthorizedException } from '@nestjs/common';
import { asId, type SessionId, type SignInRefusal, streamOf, userDecider, type UserId } from '@palimpsest/domain';
import { DirectoryQueries } from '@palimpsest/projections';
import { ChangePasswordDto, SignedInDto, SignInDto, UserDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { CommandHandler } from '../commands/command-handler.js';
import { NotKept } from '../commands/idempotency.interceptor.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Takes } from '../platform/api-description.js';
import { Problem } from '../platform/problem.js';
import { Access } from '../policies/access.js';
import { accountId } from './account-id.js';
import { addressOf, placeOf } from './address.js';
import { Person, Public, WithOneTimePassword } from './auth.guard.js';
import { Credentials } from './credentials.js';
import { KnownDevices } from './known-devices.js';
import { contextOf, type Principal } from './principal.js';
import { sessionCookie } from './request-token.js';
import { SessionEnding } from './session-ending.js';
import { ServiceMeters } from '../service-metrics/service-meters.js';
import { Sessions } from './sessions.js';
import { ANONYMOUS } from './sign-in-refusals.js';
import { type Attempt, SignInThrottle, type Wait } from './sign-in-throttle.js';
import { userDto } from './user-dto.js';
import { Welcome, type Welcomed } from './welcome.js';

@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly credentials: Credentials,
    private readonly sessions: Sessions,
    private readonly ending: SessionEnding,
    private readonly throttle: SignInThrottle,
    private readonly devices: KnownDevices,
    private readonly welcome: Welcome,
    private readonly commands: CommandHandler,
    private readonly meters: ServiceMeters,
  ) {}

  @Public()
  @Post('sign-in')
  @Access('open')
  @Limited('sign-ins-a-minute')
  @HttpCode(200)
  @Takes(SignInDto, { username: 'ada', password: 'correct horse battery staple' })
  @Answers(SignedInDto)
  async signIn(
    @Body() body: SignInDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedInDto> {
    const username = body.username.trim().toLowerCase();
    const attempt = this.#attempt(accountId(username), request);
    const person = await this.throttle.inTurn(attempt, () => this.#identify(username, body.password, attempt, request));
    return this.welcome.open(person, request, response);
  }

  @Post('sign-out')
  @Access('self')
  @HttpCode(204)
  @WithOneTimePassword()
  async signOut(@Person() person: Principal, @Req() request: Request, @Res({ passthrough: true }) response: Response) {
    await this.sessions.close(person.sessionId);
    for (const isSecure of request.secure ? [true, false] : [false])
      response.clearCookie(sessionCookie(isSecure), {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: isSecure,
      });
    await this.commands.record(
      streamOf.session(asId<SessionId>(person.sessionId)),
      [{ type: 'SignedOut', data: { user: person.userId } }],
      contextOf(person, 'web', { address: addressOf(request) }),
    );
  }

  @Get('me')
  @Access('self')
  @WithOneTimePassword()
  @Answers(UserDto)
  me(@Person() person: Principal): UserDto {
    return userDto({ ...person, id: person.userId });
  }

  /** Whoever changes a password may do so because somebody else knows it: the other sessions end. */
  @Put('password')
  @Access('self')
  @NotKept()
  @HttpCode(204)
  @WithOneTimePassword()
  @Takes(ChangePasswordDto, { oldPassword: 'correct horse battery staple', newPassword: 'another horse, another day' })
  async changePassword(@Person() person: Principal, @Body() body: ChangePasswordDto, @Req() request: Request) {
    const attempt = this.#attempt(person.userId, request);
    await this.throttle.inTurn(attempt, () => this.#proveOldPassword(person, body.oldPassword, attempt, request));
    if (body.newPassword === body.oldPassword)
      throw new Problem(422, 'invalid-value', 'The new password is the old one: choose another.');
    const context = contextOf(person, 'web', { address: addressOf(request) });
    const command = { kind: 'recordPasswordChange', by: 'self' } as const;
    await this.commands.execute(streamOf.user(asId<UserId>(person.userId)), userDecider, command, context);
    await this.credentials.set(person.userId, body.newPassword);
    await this.sessions.passwordChosen(person.sessionId);
    await this.ending.endAll(person.userId, 'password-changed', context, person.sessionId);
  }

  #attempt(account: string, request: Request): Attempt {
    return { account, place: placeOf(addressOf(request)), device: this.devices.find(account, request) };
  }

  async #proveOldPassword(person: Principal, password: string, attempt: Attempt, request: Request): Promise<void> {
    const wait = await this.throttle.wait(attempt);
    if (wait) await this.#refuseForNow(person.username, wait, request);
    if (await this.credentials.matches(person.userId, password)) return this.throttle.succeeded(attempt);
    await this.throttle.failed(attempt);
    await this.#record(person.username, 'wrong-password', request);
    throw new Problem(403, 'wrong-password', 'The old password is wrong, so nothing was changed.');
  }

  /** The account with this name and password. Throws 429 during a wait, whatever the password is, and 401. */
  async #identify(username: string, password: string, attempt: Attempt, request: Request): Promise<Welcomed> {
    const wait = await this.throttle.wait(attempt);
    if (wait) await this.#refuseForNow(username, wait, request);
    const person = await this.directory.personByUsername(username);
    const matches = await this.credentials.matches(person?.id ?? attempt.account, password);
    if (person && matches && person.active) {
      await this.throttle.succeeded(attempt);
      return person;
    }
    const refusal = !person ? 'unknown-user' : matches ? 'deactivated' : 'wrong-password';
    if (refusal !== 'deactivated') await this.throttle.failed(attempt);
    await this.#record(username, refusal, request);
    // The answer does not tell which of name and password was wrong.
    throw new UnauthorizedException(
      refusal === 'deactivated'
        ? 'This account is deactivated: ask your professor or the administrator.'
        : 'User name or password is wrong.',
    );
  }

  async #refuseForNow(username: string, { seconds, isFirst, rule }: Wait, request: Request): Promise<never> {
    if (isFirst) await this.#record(username, 'too-many-attempts', request);
    else this.meters.signInRefusals.add({ reason: 'too-many-attempts' });
    throw new Problem(
      429,
      'too-many-attempts',
      `Too many sign-ins have failed, so none is looked at for now, not even with the right password. Try again in ${seconds} s.`,
      {
        limit: {
          ...{ name: 'failed-sign-ins', most: rule.free, windowSeconds: rule.free * rule.drainSeconds },
          retryAfterSeconds: seconds,
        },
        headers: { 'Retry-After': String(seconds) },
      },
    );
  }

  /** For the one whose name was tried. */
  async #record(username: string, reason: SignInRefusal, request: Request): Promise<void> {
    this.meters.signInRefusals.add({ reason });
    const target = accountId(username);
    await this.commands.record(
      streamOf.session(asId<SessionId>(target)),
      [{ type: 'SignInRefused', data: { username: username.slice(0, 80), reason } }],
      { actor: ANONYMOUS, subject: target, address: addressOf(request) },
    );
  }
}
