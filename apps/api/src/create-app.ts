import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import compression from 'compression';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { requestToken } from './auth/request-token.js';
import { Sessions } from './auth/sessions.js';
import type { Configuration } from './configuration.js';
import { describeApi } from './platform/api-description.js';
import { ProblemFilter } from './platform/problem.filter.js';
import { CONFIGURATION } from './platform/tokens.js';
import { PathWsAdapter } from './sockets/path-ws.adapter.js';
import { VERSION } from './version.js';
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
  if (configuration.trustedProxies !== undefined) app.set('trust proxy', configuration.trustedProxies);
  app.use(security);
  app.use(compression());
  app.useBodyParser('json', { limit: MAX_BODY });
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }),
  );
  app.useGlobalFilters(new ProblemFilter());
  app.useWebSocketAdapter(
    new PathWsAdapter(app, async (request) => {
      const token = requestToken(request, true);
      const principal = token === undefined ? undefined : await sessions.principal(token);
      return principal?.mustChangePassword ? undefined : principal;
    }),
  );
  SwaggerModule.setup('api/docs', app, () => describeApi(app, VERSION), { jsonDocumentUrl: 'api/openapi.json' });
  if (configuration.webFolder !== undefined) serveWebPage(app, configuration.webFolder);
  return app;
}
