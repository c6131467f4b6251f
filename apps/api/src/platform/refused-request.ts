import { HttpException } from '@nestjs/common';

/** A refusal that a program has to tell from others of the same HTTP status. `code` is part of the API and never changes. */
export class RefusedRequest extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    message: string,
    /** Whole seconds after which it is worth trying again. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message, status);
  }
}
