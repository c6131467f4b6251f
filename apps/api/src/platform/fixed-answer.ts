import type { Request, Response } from 'express';

/** How long a browser may keep what never changes, seconds: a year, the most that is asked for. */
const FOR_EVER = 31_536_000;

/**
 * Sets the headers of an answer that is the same for ever (`fixed`) or may be another one next time, and tells whether who
 * asks has it already: then the answer is 304 without a body, and need not be made. Access has been checked by then. `Vary`
 * keeps one person's answers from another who uses the same browser.
 */
export function isKnown(request: Request, response: Response, tag: string, fixed: boolean): boolean {
  response.set({
    ETag: `"${tag}"`,
    'Cache-Control': fixed ? `private, max-age=${FOR_EVER}, immutable` : 'private, no-cache',
    Vary: 'Cookie, Authorization, Accept-Encoding',
  });
  if (!request.fresh) return false;
  response.status(304);
  return true;
}
