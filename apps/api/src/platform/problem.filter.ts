import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { RejectionCode } from '@palimpsest/domain';
import { AppendTooLarge, Unavailable } from '@palimpsest/event-store';
import { ReadModelBehind } from '@palimpsest/projections';
import type { ProblemDto } from '@palimpsest/protocol';
import type { Response } from 'express';
import { Rejected } from '../commands/rejected.js';
import { RefusedRequest } from './refused-request.js';

/** HTTP status of each refusal that a decider can make. Complete by the compiler. */
const STATUS_OF_REJECTION = {
  'already-exists': 409,
  'not-found': 404,
  'not-allowed': 403,
  'invalid-path': 422,
  'path-taken': 409,
  'invalid-value': 422,
  'not-active': 403,
  'last-administrator': 409,
  'run-ended': 409,
  'run-not-started': 409,
  'too-large': 413,
} satisfies Record<RejectionCode, number>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  422: 'Not acceptable',
  429: 'Too often',
  500: 'Fault of the server',
  503: 'Try again',
};

function problem(status: number, code: string, detail: string, fields?: string[]): ProblemDto {
  return {
    type: `urn:palimpsest:problem:${code}`,
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail,
    ...(fields ? { fields } : {}),
  };
}

const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'bad-request',
  401: 'not-signed-in',
  403: 'not-allowed',
  404: 'not-found',
  413: 'too-large',
};

function fromHttpException(error: HttpException): ProblemDto {
  const status = error.getStatus();
  const body = error.getResponse();
  const code = CODE_OF_STATUS[status] ?? 'http-error';
  const messages = typeof body === 'object' && 'message' in body ? body.message : undefined;
  if (Array.isArray(messages))
    return problem(
      status,
      'invalid-request',
      `The request is not valid: ${messages.join('; ')}.`,
      messages.map(String),
    );
  return problem(status, code, error.message);
}

/** What the client is told of an error, whatever it was; nothing of the inside of the server. */
export function toProblem(error: unknown): ProblemDto {
  if (error instanceof Rejected)
    return problem(STATUS_OF_REJECTION[error.rejection.code], error.rejection.code, error.rejection.message);
  if (error instanceof RefusedRequest)
    return {
      ...problem(error.getStatus(), error.code, error.message),
      ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
    };
  if (error instanceof HttpException) return fromHttpException(error);
  if (error instanceof AppendTooLarge) return problem(413, 'too-large', 'This is too large to be stored in one piece.');
  if (error instanceof ReadModelBehind) return problem(503, error.code, error.message);
  if (error instanceof Unavailable)
    return problem(
      503,
      'event-store-unavailable',
      'The event store cannot be reached just now. Nothing was changed: try again.',
    );
  if (isBodyParserError(error))
    return problem(error.status, CODE_OF_STATUS[error.status] ?? 'bad-request', error.message);
  return problem(
    500,
    'fault',
    'Something went wrong in the server; it has been logged. Try again, and tell the administrator.',
  );
}

/** Express's own parsers throw plain errors with a status: malformed JSON, a body over the limit, a bad percent-encoding. */
function isBodyParserError(error: unknown): error is Error & { status: number } {
  const status = (error as { status?: unknown } | null)?.status;
  return error instanceof Error && typeof status === 'number' && status >= 400 && status < 500;
}

/** Every error leaves as application/problem+json (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const body = toProblem(error);
    if (body.status >= 500) this.#log.error(error instanceof Error ? error.stack : String(error));
    if (response.headersSent) return void response.end();
    if (body.retryAfterSeconds !== undefined) response.setHeader('Retry-After', body.retryAfterSeconds);
    response.status(body.status).type('application/problem+json').send(JSON.stringify(body));
  }
}
