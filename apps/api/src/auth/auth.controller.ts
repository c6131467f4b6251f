import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res, UnauthorizedException } from '@nestjs/common';
import { asId, type SessionEvent, type SessionId, streamOf } from '@palimpsest/domain';
import { DirectoryQueries, type PersonRow } from '@palimpsest/projections';
import { SignedInDto, SignInDto, UserDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import { CommandHandler } from '../commands/command-handler.js';
import type { Configuration } from '../configuration.js';
import { Limited } from '../limits/request-limits.js';
import { Answers, Takes } from '../platform/api-description.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { Access } from '../policies/access.js';
import { accountId } from './account-id.js';
import { addressOf } from './address.js';
import { Person, Public } from './auth.guard.js';
import { Credentials } from './credentials.js';
import { contextOf, type Principal } from './principal.js';
import { sessionCookie } from './request-token.js';
import { Sessions } from './sessions.js';

type Refusal = Extract<SessionEvent, { type: 'SignInRefused' }>['data']['reason'];

function userDto(person: { id: string; username: string; displayName: string; role: string }): UserDto {
  const { id, username, displayName, role } = person;
  return { id, username, displayName, role: role as UserDto['role'] };
}

@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly directory: DirectoryQueries,
    private readonly credentials: Credentials,
    private readonly sessions: Sessions,
    private readonly commands: CommandHandler,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
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
    const person = await this.directory.personByUsername(username);
    const matches = await this.credentials.matches(person?.id ?? accountId(username), body.password);
    const refusal: Refusal | undefined = !person
      ? 'unknown-user'
      : !matches
        ? 'wrong-password'
        : !person.active
          ? 'deactivated'
          : undefined;
    if (!person || refusal !== undefined) return this.#refuse(username, refusal ?? 'unknown-user', request);
    return this.#welcome(person, request, response);
  }

  @Post('sign-out')
  @Access('self')
  @HttpCode(204)
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
  @Answers(UserDto)
  me(@Person() person: Principal): UserDto {
    return userDto({ ...person, id: person.userId });
  }

  async #welcome(person: PersonRow, request: Request, response: Response): Promise<SignedInDto> {
    const { sessionId, token } = await this.sessions.open(person.id);
    const userAgent = (request.headers['user-agent'] ?? '').slice(0, 200);
    await this.commands.record(
      streamOf.session(asId<SessionId>(sessionId)),
      [{ type: 'SignedIn', data: { user: person.id, userAgent } }],
      {
        actor: { id: person.id, role: person.role as Principal['role'], via: 'web' },
        session: sessionId,
        address: addressOf(request),
      },
    );
    response.cookie(sessionCookie(request.secure), token, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.secure,
      path: '/',
      maxAge: this.configuration.sessionSeconds * 1000,
    });
    return { user: userDto(person), accessToken: token };
  }

  /** Recorded for the one whose name was tried; the answer does not tell which of name and password was wrong. */
  async #refuse(username: string, reason: Refusal, request: Request): Promise<never> {
    const target = accountId(username);
    await this.commands.record(
      streamOf.session(asId<SessionId>(target)),
      [{ type: 'SignInRefused', data: { username: username.slice(0, 80), reason } }],
      { actor: { id: 'anonymous', role: 'system', via: 'web' }, subject: target, address: addressOf(request) },
    );
    throw new UnauthorizedException(
      reason === 'deactivated'
        ? 'This account is deactivated: ask your professor or the administrator.'
        : 'User name or password is wrong.',
    );
  }
}
