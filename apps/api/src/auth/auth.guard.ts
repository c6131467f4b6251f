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
import type { AuthenticatedRequest, Principal } from './principal.js';
import { isForeignOrigin, requestToken } from './request-token.js';
import { Sessions } from './sessions.js';

const PUBLIC = 'palimpsest:public';

/** Lets everybody in. Every other handler needs a session. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC, true), ApiSecurity({}));

/** The signed-in person. Only in handlers that are not `@Public()`. */
export const Person = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new UnauthorizedException('Sign in first.');
  return principal;
});

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Denies by default: without a session nothing is reached that is not marked `@Public()`. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: Sessions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (!READS.has(request.method) && isForeignOrigin(request))
      throw new ForbiddenException('This request came from a page of another site, so it was not carried out.');
    const isPublic = this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]);
    if (isPublic) return true;
    const token = requestToken(request);
    const principal = token === undefined ? undefined : await this.sessions.principal(token);
    if (!principal) throw new UnauthorizedException('You are not signed in, or your session has ended: sign in again.');
    request.principal = principal;
    return true;
  }
}
