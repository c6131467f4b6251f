import type { ReachedLimitDto } from '@palimpsest/protocol/wire';

/** The server refused or could not be reached. `message` is for a person: what happened, why and what to do. */
export class ApiProblem extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer at all. */
    readonly status: number,
    readonly code: string,
    detail: string,
    options?: ErrorOptions & { readonly limit?: ReachedLimitDto | undefined },
  ) {
    super(detail, options);
    this.limit = options?.limit;
  }

  /** The limit that was reached, if that was it. */
  readonly limit: ReachedLimitDto | undefined;
}
