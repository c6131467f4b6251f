import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import compression from 'compression';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { RefusalRecords } from './audit/refusal-records.js';
import { clientAddress, type TrustsProxy } from './auth/address.js';
import { requestToken } from './auth/request-token.js';
import { Sessions } from './auth/sessions.js';
import type { Configuration } from './configuration.js';
import { describeApi, methodsByPath } from './platform/api-description.js';
import { type MethodsOf, ProblemFilter } from './platform/problem.filter.js';
import { CONFIGURATION } from './platform/tokens.js';
import { requestValidation } from './platform/validation.js';
import { PathWsAdapter } from './sockets/path-ws.adapter.js';
import { VERSION } from './version.js';
import { requestTiming } from './service-metrics/request-timing.js';
import { serveMetrics } from './service-metrics/serve-metrics.js';
import { ServiceMeters } from './service-metrics/service-meters.js';
import { ServiceState } from './service-metrics/service-state.js';
import { serveWebPage } from './web-page/serve-web-page.js';

/** Bytes of a request's body: a file's first text of 1,000,000 characters as JSON. */
const MAX_BODY = '8mb';

const security = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      // The editor and the component library write style elements and attributes.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      fontSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // Over plain HTTP, which a classroom's network often has, the header is ignored; a proxy with TLS sets its own.
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
});

/** The whole api, configured from the environment, ready to listen. Throws SettingFault. */
export async function createApp(): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: ['error', 'warn', 'fatal'],
    bodyParser: false,
    abortOnError: false,
  });
  const configuration = app.get<Configuration>(CONFIGURATION);
  const sessions = app.get(Sessions);
  app.disable('x-powered-by');
  app.set('trust proxy', configuration.trustedProxies.length > 0 ? configuration.trustedProxies : false);
  const meters = app.get(ServiceMeters);
  app.use(requestTiming(meters));
  app.use(security);
  app.use(compression());
  // Answers are one person's: nothing between keeps them. What may be kept, such as files by their hash, says so itself.
  app.use('/api', (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Cache-Control', 'private, no-store');
    next();
  });
  app.useBodyParser('json', { limit: MAX_BODY });
  app.useGlobalPipes(requestValidation());
  // Made when somebody asks for it first: it walks all routes.
  let description: OpenAPIObject | undefined;
  const describe = () => (description ??= describeApi(app, VERSION));
  let methodsOf: MethodsOf | undefined;
  const methods: MethodsOf = (path) => (methodsOf ??= methodsByPath(describe()))(path);
  const onFault = (code: string) => meters.faults.add({ code });
  app.useGlobalFilters(new ProblemFilter(methods, app.get(RefusalRecords), onFault));
  const express = app.getHttpAdapter().getInstance() as { get(setting: string): unknown };
  const trustsProxy = express.get('trust proxy fn') as TrustsProxy;
  const sockets = new PathWsAdapter(app, async (request) => {
    // Sockets do not come by Express, which knows the addresses of other requests.
    Object.assign(request, { ip: clientAddress(request, trustsProxy) });
    const token = requestToken(request, true);
    const principal = token === undefined ? undefined : await sessions.principal(token);
    return principal?.mustChangePassword ? undefined : principal;
  });
  app.useWebSocketAdapter(sockets);
  app.get(ServiceState).countSockets(() => sockets.openSockets());
  serveMetrics(app);
  SwaggerModule.setup('api/docs', app, describe, { jsonDocumentUrl: 'api/openapi.json' });
  if (configuration.webFolder !== undefined) serveWebPage(app, configuration.webFolder);
  return app;
}
