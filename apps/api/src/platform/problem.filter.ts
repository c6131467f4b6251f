import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { RejectionCode } from '@palimpsest/domain';
import { AppendTooLarge, Unavailable } from '@palimpsest/event-store';
import { ReadModelBehind } from '@palimpsest/projections';
import type { ProblemDto } from '@palimpsest/protocol';
import type { Request, Response } from 'express';
import type { RefusalRecords } from '../audit/refusal-records.js';
import { addressOf } from '../auth/address.js';
import { type AuthenticatedRequest, contextOf } from '../auth/principal.js';
import { Rejected } from '../commands/rejected.js';
import { type Attempt, attemptOf } from '../policies/refusal.js';
import { Problem } from './problem.js';

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
  locked: 403,
} satisfies Record<RejectionCode, number>;

/** Title and, for errors of others than ours, code of each status. */
const KINDS: Readonly<Record<number, readonly [title: string, code: string]>> = {
  400: ['Bad request', 'bad-request'],
  401: ['Not signed in', 'not-signed-in'],
  403: ['Not allowed', 'not-allowed'],
  404: ['Not found', 'not-found'],
  405: ['No such method here', 'method-not-allowed'],
  409: ['Conflict', 'conflict'],
  413: ['Too large', 'too-large'],
  415: ['Not a media type that is taken here', 'unsupported-media-type'],
  416: ['No such range', 'range-not-satisfiable'],
  422: ['Not acceptable', 'not-acceptable'],
  429: ['Too many requests', 'limit-reached'],
  500: ['Fault of the server', 'fault'],
  503: ['Try again', 'unavailable'],
};

function problem(status: number, code: string, detail: string): ProblemDto {
  return { type: `urn:palimpsest:problem:${code}`, title: KINDS[status]?.[0] ?? 'Error', status, code, detail };
}

/** A problem that is no more than its status. */
export function problemOfStatus(status: number, detail: string): ProblemDto {
  return problem(status, KINDS[status]?.[1] ?? 'http-error', detail);
}

function fromProblem(error: Problem): ProblemDto {
  const { fields, limit } = error.details;
  return {
    ...problem(error.getStatus(), error.code, error.message),
    ...(fields && { fields: [...fields] }),
    ...(limit && { limit }),
  };
}

function fault(): ProblemDto {
  const id = randomUUID();
  return {
    ...problem(
      500,
      'fault',
      `Something went wrong in the server; it has been logged under ${id}. Try again, and if it stays so, tell the administrator this number.`,
    ),
    instance: `urn:uuid:${id}`,
  };
}

/** What the client is told of an error, whatever it was; nothing of the inside of the server. */
export function toProblem(error: unknown): ProblemDto {
  if (error instanceof Rejected)
    return problem(STATUS_OF_REJECTION[error.rejection.code], error.rejection.code, error.rejection.message);
  if (error instanceof Problem) return fromProblem(error);
  if (error instanceof HttpException && error.getStatus() < 500)
    return problemOfStatus(error.getStatus(), error.message);
  if (error instanceof AppendTooLarge) return problem(413, 'too-large', 'This is too large to be stored in one piece.');
  if (error instanceof ReadModelBehind) return problem(503, error.code, error.message);
  if (error instanceof Unavailable)
    return problem(
      503,
      'event-store-unavailable',
      'The event store cannot be reached just now. Nothing was changed: try again.',
    );
  return parserProblem(error) ?? fault();
}

/** Express's own parsers throw plain errors with a status and a type. Their sentences are for programmers. */
function parserProblem(error: unknown): ProblemDto | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, type, limit } = error as Error & { status?: unknown; type?: unknown; limit?: unknown };
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  switch (type) {
    case 'entity.parse.failed':
      return problem(400, 'malformed-json', 'The body is not JSON, so nothing was done: send a JSON object.');
    case 'entity.too.large':
      return problem(
        413,
        'body-too-large',
        `The body is larger than the ${String(limit)} bytes that are taken: send less.`,
      );
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return problem(
        415,
        'unsupported-encoding',
        'The body is in an encoding that is not read here: send UTF-8, as it is or with gzip.',
      );
    case 'request.aborted':
    case 'request.size.invalid':
      return problem(400, 'body-cut-off', 'The body did not arrive as a whole, so nothing was done: send it again.');
    default:
      return problem(status, KINDS[status]?.[1] ?? 'bad-request', 'The address or the body is malformed: correct it.');
  }
}

/** Methods that a path has, for those who tried another; none for a path that there is not. */
export type MethodsOf = (path: string) => readonly string[];

/** Characters of an address in the record. */
const ADDRESS_MOST = 200;

/** The route and not the address says what was wanted, so that many addresses of one route are put together. */
function byAddress(request: Request, code: string): Attempt {
  const { path } = (request.route as { path?: string } | undefined) ?? {};
  const object = request.path.slice(0, ADDRESS_MOST);
  return { what: `${request.method.slice(0, 20)} ${path ?? 'this address'} (${code})`, object };
}

/** Every error leaves as application/problem+json (RFC 9457); what somebody was refused is recorded first. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('http');

  constructor(
    private readonly methodsOf: MethodsOf,
    private readonly refusals: Pick<RefusalRecords, 'note'>,
    private readonly onFault: (code: string) => void = () => undefined,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<AuthenticatedRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const body = this.#isUnrouted(error) ? this.#unrouted(request, response) : toProblem(error);
    if (body.status >= 500) this.onFault(body.code);
    if (body.status >= 500)
      this.#log.error(`${body.instance ?? body.code}: ${error instanceof Error ? error.stack : String(error)}`);
    const noted = this.#note(request, error, body);
    // Of what does not exist for the person, nothing is to be told by how long the answer takes.
    if (body.status === 403) await noted;
    if (response.headersSent) return void response.end();
    if (error instanceof Problem) response.set(error.details.headers ?? {});
    if (body.status === 503) response.set('Retry-After', '1');
    response.set('Cache-Control', 'no-store');
    response.status(body.status).type('application/problem+json').send(JSON.stringify(body));
  }

  /** Refusals that say what they are of, and every other "not allowed" by its address. Nothing of those who are not signed in. */
  async #note(request: AuthenticatedRequest, error: unknown, { status, code }: ProblemDto): Promise<void> {
    const { principal } = request;
    const attempt = attemptOf(error) ?? (status === 403 ? byAddress(request, code) : undefined);
    if (principal && attempt)
      await this.refusals.note(attempt, contextOf(principal, 'web', { address: addressOf(request) }));
  }

  /** Nest's own answer for what no route takes. */
  #isUnrouted(error: unknown): boolean {
    return error instanceof HttpException && error.getStatus() === 404 && /^Cannot [A-Z]+ /.test(error.message);
  }

  #unrouted({ method, path }: Request, response: Response): ProblemDto {
    const methods = this.methodsOf(path);
    if (methods.length === 0)
      return problem(404, 'not-found', 'There is nothing at this address: /api/docs lists what there is.');
    const allowed = methods.join(', ');
    response.set('Allow', allowed);
    return problem(
      405,
      'method-not-allowed',
      `${method.slice(0, 20)} does nothing at this address; it takes ${allowed}.`,
    );
  }
}
