import { HttpException } from '@nestjs/common';
import type { ProblemDto, WrongFieldDto } from '@palimpsest/protocol';

/** What a problem says beside status, code and detail. */
export interface ProblemDetails {
  /** Fields of the request that are wrong, each with what is wrong with it. */
  readonly fields?: readonly WrongFieldDto[];
  /** The limit that was reached, and when it is free again. */
  readonly limit?: ProblemDto['limit'];
  /** Headers of the answer, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error for whoever asked: HTTP status, a stable code for programs, and for a person what happened, why and what to do. */
export class Problem extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    detail: string,
    readonly details: ProblemDetails = {},
  ) {
    super(detail, status);
    this.name = 'Problem';
  }
}

/** The request is not what the description of the API says. */
export function invalidRequest(fields: readonly WrongFieldDto[]): Problem {
  const shown = fields.slice(0, 100);
  const sentence = shown.map(({ field, problem }) => `${field} ${problem}`).join('; ');
  return new Problem(400, 'invalid-request', `The request is not valid: ${sentence}. Correct it and send it again.`, {
    fields: shown,
  });
}
