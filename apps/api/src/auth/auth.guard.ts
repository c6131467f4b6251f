import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import { Problem } from '../platform/problem.js';
import { ACCESS } from '../policies/access.js';
import type { AuthenticatedRequest, Principal } from './principal.js';
import { isForeignOrigin, requestToken, showsToken } from './request-token.js';
import { Sessions } from './sessions.js';

const PUBLIC = 'palimpsest:public';

/** Lets everybody in. Every other handler needs a session. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC, true), ApiSecurity({}));

const WITH_ONE_TIME_PASSWORD = 'palimpsest:with-one-time-password';

/** Lets those in as well who must change their password first. */
export const WithOneTimePassword = () => SetMetadata(WITH_ONE_TIME_PASSWORD, true);

/** The signed-in person. Only in handlers that are not `@Public()`. */
export const Person = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new UnauthorizedException('Sign in first.');
  return principal;
});

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Denies by default: without a session nothing is reached that is not marked `@Public()`, and nobody reaches a route of which
 * nobody said with `@Access()` which rule of the permission table it is.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: Sessions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (this.reflector.get<string | undefined>(ACCESS, context.getHandler()) === undefined)
      throw new ForbiddenException('No rule says who may do this, so nobody may: tell the developers.');
    if (!READS.has(request.method) && isForeignOrigin(request))
      throw new ForbiddenException('This request came from a page of another site, so it was not carried out.');
    if (this.#is(PUBLIC, context)) return true;
    const token = requestToken(request);
    const principal = token === undefined ? undefined : await this.sessions.principal(token);
    if (!principal) throw new UnauthorizedException('You are not signed in, or your session has ended: sign in again.');
    if (principal.mustChangePassword && !this.#is(WITH_ONE_TIME_PASSWORD, context))
      throw new Problem(403, 'password-change-needed', 'Choose a password of your own first: this one was given out.');
    request.principal = showsToken(request) ? { ...principal, isProgram: true } : principal;
    return true;
  }

  #is(mark: string, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean>(mark, [context.getHandler(), context.getClass()]) === true;
  }
}
