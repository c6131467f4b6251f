import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ProblemDto } from '@palimpsest/protocol';
import type { Response } from 'express';
import { firstValueFrom, from, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../auth/principal.js';
import { invalidRequest, Problem } from '../platform/problem.js';
import { toProblem } from '../platform/problem.filter.js';
import { withIdentity } from './command-identity.js';
import { fingerprint, IdempotencyKeys, type KeptAnswer } from './idempotency-keys.js';

const COMMANDS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

const NOT_KEPT = 'palimpsest:not-kept';

/**
 * The request or its answer holds a secret, such as a password: neither is kept, so a repetition is another request whatever
 * its Idempotency-Key.
 */
export const NotKept = () => SetMetadata(NOT_KEPT, true);

/** Visible ASCII: a UUID is usual. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** Refusals that say nothing about the command: the same may be asked again with the same key. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

/**
 * The header Idempotency-Key: a command is carried out once for a person and a key, and its answer given again to whoever
 * repeats it. What is promised, and what not, is in docs/API.md. Comes before the limits: a repetition uses nothing up.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  readonly #log = new Logger(IdempotencyInterceptor.name);

  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = request.headers['idempotency-key'];
    // Without a session there is nobody whose key it could be: signing in twice gives two sessions.
    if (context.getType() !== 'http' || key === undefined || !request.principal || !COMMANDS.has(request.method))
      return next.handle();
    if (this.reflector.get<boolean | undefined>(NOT_KEPT, context.getHandler())) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key))
      throw invalidRequest([{ field: 'Idempotency-Key', problem: 'must be 1 to 200 visible ASCII characters' }]);
    return from(this.#once(request.principal.userId, key, request, context.switchToHttp().getResponse(), next));
  }

  async #once(
    person: string,
    key: string,
    request: AuthenticatedRequest,
    response: Response,
    next: CallHandler,
  ): Promise<unknown> {
    const print = fingerprint(request.method, request.originalUrl, request.body);
    const claim = await this.keys.claim(person, key, print);
    switch (claim.kind) {
      case 'ours':
        return this.#carryOut(person, key, `${person} ${key} ${print.toString('hex')}`, response, next);
      case 'answered':
        response.setHeader('Idempotency-Replayed', 'true');
        return again(claim.answer);
      case 'other-request':
        throw new Problem(
          422,
          'idempotency-key-reused',
          'This Idempotency-Key was used for another request, so this one was not carried out: use a new key.',
        );
      case 'under-way':
        throw new Problem(
          409,
          'request-under-way',
          'The same request is under way: ask again in a second, with the same key, for its answer.',
          { headers: { 'Retry-After': '1' } },
        );
    }
  }

  async #carryOut(person: string, key: string, seed: string, response: Response, next: CallHandler): Promise<unknown> {
    try {
      const body = await withIdentity(seed, () => firstValueFrom(next.handle(), { defaultValue: undefined }));
      await this.#keep(person, key, { status: response.statusCode, body });
      return body;
    } catch (error) {
      const refusal = toProblem(error);
      if (refusal.status < 500 && !PASSING.has(refusal.status))
        await this.#keep(person, key, { status: refusal.status, body: refusal });
      else await this.keys.release(person, key).catch(() => undefined); // it is free again after a minute
      throw error;
    }
  }

  /** The command has been carried out: that its answer could not be kept is no reason to say otherwise. */
  async #keep(person: string, key: string, answer: KeptAnswer): Promise<void> {
    await this.keys
      .answered(person, key, answer)
      .catch((error: unknown) => this.#log.warn(`an answer was not kept: ${String(error)}`));
  }
}

function again({ status, body }: KeptAnswer): unknown {
  if (status < 400) return body;
  const { code, detail, fields, limit } = body as ProblemDto;
  throw new Problem(status, code, detail, { ...(fields && { fields }), ...(limit && { limit }) });
}
