import type { ProblemDto } from '@palimpsest/protocol/wire';
import { ApiProblem } from './api-problem.js';
import { delivered } from './command-delivery.js';

export { ApiProblem };

const UNREACHABLE = 'The server does not answer. Check the network connection, then try again.';

/** One request to the same origin; the session's cookie goes with it. Throws ApiProblem. */
async function answer(method: string, path: string, body?: unknown, key?: string): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
  };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new ApiProblem(0, 'unreachable', UNREACHABLE, { cause });
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function request<T>(...asked: Parameters<typeof answer>): Promise<T> {
  const text = await (await answer(...asked)).text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Every page of a list, one after the other as each links to the next. Throws ApiProblem. */
async function list<T>(path: string): Promise<T[]> {
  const all: T[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const response: Response = await answer('GET', next);
    all.push(...((await response.json()) as T[]));
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return all;
}

/** A page of a list that grows, and the address of the next one; null: that was the last. */
export interface ListPage<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

/** Text as it is, or a page of a list. Throws ApiProblem. */
async function answered(path: string): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new ApiProblem(0, 'unreachable', UNREACHABLE, { cause });
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function page<Row>(path: string): Promise<ListPage<Row>> {
  const response = await answered(path);
  const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
  return { rows: (await response.json()) as Row[], next };
}

/** A proxy in between may answer with a page of its own instead of a problem. */
async function problemOf(response: Response): Promise<ApiProblem> {
  const problem = (await response.json().catch(() => ({}))) as Partial<ProblemDto>;
  const detail =
    problem.detail ?? `The server answered ${response.status} ${response.statusText}. Try again in a moment.`;
  return new ApiProblem(response.status, problem.code ?? 'unknown', detail, { limit: problem.limit });
}

/** What is answered with a password or a token: the server keeps no such answer, so sending it again would do it again. */
const NOT_REPEATED = /\/(roster|reset-password|invitations|accept|join)$/;

/** A change: sent again when its answer got lost. Signing in and out have no key: they are about the session itself. */
function command<T>(method: string, path: string, body?: unknown): Promise<T> {
  if (path.startsWith('/api/auth/') || NOT_REPEATED.test(path)) return request<T>(method, path, body);
  return delivered((key) => request<T>(method, path, body, key));
}

/** The bytes of a file. Sending them again changes nothing, so it needs no key. Throws ApiProblem. */
async function upload<T>(path: string, file: Blob): Promise<T> {
  const init: RequestInit = {
    method: 'PUT',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/octet-stream' },
    body: file,
  };
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new ApiProblem(0, 'unreachable', UNREACHABLE, { cause });
  });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

/** An answer that is not JSON. Throws ApiProblem. */
async function bytes(path: string): Promise<Uint8Array> {
  const response = await fetch(path, { credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new ApiProblem(0, 'unreachable', UNREACHABLE, { cause });
  });
  if (!response.ok) throw await problemOf(response);
  return new Uint8Array(await response.arrayBuffer());
}

export const api = {
  upload,
  list,
  page,
  text: async (path: string) => (await answered(path)).text(),
  bytes,
  get: <T>(path: string) => request<T>('GET', path),
  post: <T>(path: string, body?: unknown) => command<T>('POST', path, body),
  put: <T>(path: string, body: unknown) => command<T>('PUT', path, body),
  patch: <T>(path: string, body: unknown) => command<T>('PATCH', path, body),
  delete: <T>(path: string) => command<T>('DELETE', path),
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
