import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import { addressOf } from '../auth/address.js';
import { type AuthenticatedRequest, contextOf } from '../auth/principal.js';
import type { CommandContext } from '../commands/context.js';
import { Problem } from '../platform/problem.js';
import { LimitRecords } from './limit-records.js';
import { type RateKind, RateLimits, type Taken, WINDOW_SECONDS } from './rate-limits.js';

const KIND = 'palimpsest:limit';

/** What a request to this route counts as. Without it: nothing for people who are signed in. */
export const Limited = (kind: RateKind) => SetMetadata(KIND, kind);

/** What the limits are about, for a person: "10 runs a minute used." */
const IN_WORDS: Readonly<Record<RateKind, readonly [used: string, next: string]>> = {
  'runs-a-minute': ['runs a minute used', 'Next run'],
  'file-operations-a-minute': ['file operations a minute used', 'Next one'],
  'messages-a-minute': ['messages a minute used', 'Next one'],
  'sign-ins-a-minute': ['sign-ins a minute from this address used', 'Next one'],
  'anonymous-requests-a-minute': ['requests a minute from this address used', 'Next one'],
};

/** The problem that says which limit it is, how much is allowed and when it is free again. */
function limitProblem(kind: RateKind, { most, resetMs }: Taken): Problem {
  const seconds = Math.max(1, Math.ceil(resetMs / 1000));
  const [used, next] = IN_WORDS[kind];
  return new Problem(429, 'limit-reached', `${most} ${used}. ${next} in ${seconds} s.`, {
    limit: { name: kind, most, windowSeconds: WINDOW_SECONDS, retryAfterSeconds: seconds },
    headers: { 'Retry-After': String(seconds) },
  });
}

/** Counts requests: a person's by the kind of their route, and those of nobody in particular by their address. */
@Injectable()
export class RequestLimits implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimits,
    private readonly records: LimitRecords,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const { principal } = request;
    const named = this.reflector.get<RateKind | undefined>(KIND, context.getHandler());
    const kind = named ?? (principal ? undefined : 'anonymous-requests-a-minute');
    if (kind === undefined) return next.handle();
    const whose = principal
      ? { id: principal.userId, role: principal.role }
      : { id: addressOf(request), role: undefined };
    const taken = await this.limits.take(kind, whose);
    tell(context.switchToHttp().getResponse<Response>(), kind, taken);
    if (taken.allowed) return next.handle();
    this.records.refused(kind, taken.most, Math.ceil(taken.resetMs / 1000), whoAsked(request));
    throw limitProblem(kind, taken);
  }
}

/** The headers of draft-ietf-httpapi-ratelimit-headers: what is allowed, what is left, and for how long that holds. */
function tell(response: Response, kind: RateKind, { most, remaining, resetMs }: Taken): void {
  response.setHeader('RateLimit-Policy', `"${kind}";q=${most};w=${WINDOW_SECONDS}`);
  response.setHeader('RateLimit', `"${kind}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`);
}

function whoAsked(request: AuthenticatedRequest): CommandContext {
  const address = addressOf(request);
  if (request.principal) return contextOf(request.principal, 'web', { address });
  return { actor: { id: 'anonymous', role: 'system', via: 'web' }, address };
}
