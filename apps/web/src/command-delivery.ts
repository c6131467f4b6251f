/**
 * Commands are sent with an Idempotency-Key of their own and may be sent again: where the answer was lost on the way the
 * server gives the first one once more, and what it has done is not done twice.
 */
import { ApiProblem } from './api-problem.js';

/** Milliseconds before the second and the third try. */
const WAITS: readonly number[] = [300, 1_200];

/** `crypto.randomUUID` is not there over plain HTTP, which classrooms use. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, '0')).join('');
}

/** No answer at all, one of a proxy in between or of a server that is busy with itself, or the first try is under way. */
export function mayBeLost(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return [0, 502, 503, 504].includes(error.status) || error.code === 'request-under-way';
}

/** Calls `send` with one key until there is an answer, three times at most. Rejects with the last error. */
export async function delivered<T>(
  send: (key: string) => Promise<T>,
  pause: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
): Promise<T> {
  const key = newKey();
  for (const wait of WAITS) {
    try {
      return await send(key);
    } catch (error) {
      if (!mayBeLost(error)) throw error;
      await pause(wait);
    }
  }
  return send(key);
}
