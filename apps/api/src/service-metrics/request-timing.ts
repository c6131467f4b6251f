import type { NextFunction, Request, Response } from 'express';
import type { ServiceMeters } from './service-meters.js';

/** Measures every request from here to the end of its answer. */
export function requestTiming({ requests }: ServiceMeters) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const start = performance.now();
    response.once('close', () => {
      const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'aborted';
      requests.observe(
        { method: request.method, route: templateOf(request), status },
        (performance.now() - start) / 1000,
      );
    });
    next();
  };
}

/** The route's pattern as it stands in the code, never the address that was asked for. */
function templateOf(request: Request): string {
  const { path } = (request.route ?? {}) as { readonly path?: unknown };
  return typeof path === 'string' ? path : '';
}
