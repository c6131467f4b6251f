import { createHash, timingSafeEqual } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { addressOf, placeOf } from '../auth/address.js';
import type { Configuration } from '../configuration.js';
import { problemOfStatus } from '../platform/problem.filter.js';
import { CONFIGURATION } from '../platform/tokens.js';
import { CONTENT_TYPE, exposition } from './exposition.js';
import { ownGauges, sharedGauges } from './gauges.js';
import { ServiceMeters } from './service-meters.js';
import { ServiceState } from './service-state.js';

/** Whoever shows the token may read them; without one, whoever asks from this machine and not through a proxy on it. */
function refusal(
  request: Request,
  token: string | undefined,
): readonly [status: 401 | 403, sentence: string] | undefined {
  if (token !== undefined) {
    const shown = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    return isSame(shown, token) ? undefined : [401, 'The metrics are for who shows METRICS_TOKEN as a bearer token.'];
  }
  const { 'x-forwarded-for': forwardedFor, forwarded } = request.headers;
  const address = placeOf(addressOf(request));
  const isHere = address.startsWith('127.') || request.socket.remoteAddress === '::1';
  if (isHere && forwardedFor === undefined && forwarded === undefined) return undefined;
  return [403, 'The metrics are for this machine alone: to read them from elsewhere, set METRICS_TOKEN and show it.'];
}

/** In the same time whatever was shown. */
function isSame(shown: string, token: string): boolean {
  const [a, b] = [shown, token].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function refuse(response: Response, status: 401 | 403, sentence: string): void {
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOfStatus(status, sentence)));
}

/** `GET /metrics`, for Prometheus: outside of the api, since it is asked by a program and not by a person with a session. */
export function serveMetrics(app: NestExpressApplication): void {
  const { metricsToken } = app.get<Configuration>(CONFIGURATION);
  const [meters, state] = [app.get(ServiceMeters), app.get(ServiceState)];
  const express = app.getHttpAdapter().getInstance() as {
    get(path: string, handler: (request: Request, response: Response) => void): void;
  };
  express.get('/metrics', (request, response) => {
    response.set('Cache-Control', 'no-store');
    const refused = refusal(request, metricsToken);
    if (refused) return refuse(response, ...refused);
    void Promise.all([state.own(), state.shared()]).then(
      ([own, shared]) =>
        response
          .set('Content-Type', CONTENT_TYPE)
          .end(exposition([...meters.families, ...ownGauges(own), ...sharedGauges(shared)])),
      () => response.status(500).end(),
    );
  });
}
