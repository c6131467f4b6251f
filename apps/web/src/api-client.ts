import type { ProblemDto } from '@palimpsest/protocol/wire';

/** The server refused or could not be reached. `message` is for a person: what happened, why and what to do. */
export class ApiProblem extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer at all. */
    readonly status: number,
    readonly code: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

const UNREACHABLE = 'The server does not answer. Check the network connection, then try again.';

/** One request to the same origin; the session's cookie goes with it. Throws ApiProblem. */
async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin' };
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new ApiProblem(0, 'unreachable', UNREACHABLE, { cause });
  });
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** A proxy in between may answer with a page of its own instead of a problem. */
async function problemOf(response: Response): Promise<ApiProblem> {
  const problem = (await response.json().catch(() => ({}))) as Partial<ProblemDto>;
  const detail =
    problem.detail ?? `The server answered ${response.status} ${response.statusText}. Try again in a moment.`;
  return new ApiProblem(response.status, problem.code ?? 'unknown', detail);
}

export const api = {
  get: <T>(path: string) => request<T>('GET', path),
  post: <T>(path: string, body?: unknown) => request<T>('POST', path, body),
  put: <T>(path: string, body: unknown) => request<T>('PUT', path, body),
  patch: <T>(path: string, body: unknown) => request<T>('PATCH', path, body),
  delete: <T>(path: string) => request<T>('DELETE', path),
};

/** Address of a socket on the same origin. */
export function socketUrl(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}

/** The sentence to show for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  return `Something went wrong in this page: ${error instanceof Error ? error.message : String(error)}. Load it again.`;
}
