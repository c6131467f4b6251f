import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type INestApplication, Logger } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../auth/principal.js';
import { isForeignOrigin } from '../auth/request-token.js';
import { problemOfStatus } from '../platform/problem.filter.js';

/** The request of an upgrade, as the gateways get it. */
export interface SocketRequest extends IncomingMessage {
  readonly principal: Principal;
  /** Values of the `:names` in the gateway's path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export type Authenticate = (request: IncomingMessage) => Promise<Principal | undefined>;

interface Route {
  readonly kind: string;
  readonly match: (path: string) => Record<string, string> | undefined;
  readonly server: WebSocketServer;
}

/** How long a client may take to answer a close frame, milliseconds. What it sends meanwhile is not read. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A matcher for a path with `:name` segments; each stands for one percent-decoded segment. */
export function compilePath(pattern: string): Route['match'] {
  const segments = pattern.split('/');
  return (path) => {
    const parts = path.split('/');
    if (parts.length !== segments.length) return undefined;
    const parameters: Record<string, string> = {};
    for (const [index, segment] of segments.entries()) {
      const part = parts[index] ?? '';
      if (!segment.startsWith(':')) {
        if (segment !== part) return undefined;
        continue;
      }
      try {
        parameters[segment.slice(1)] = decodeURIComponent(part);
      } catch {
        return undefined;
      }
    }
    return parameters;
  };
}

/**
 * Nest's WsAdapter matches exact paths only, has no hook for authentication before the upgrade is answered, and parses
 * every frame as JSON. This one routes by patterns, answers 401 before a socket exists, refuses pages of other sites, and
 * leaves the frames to the gateways.
 */
export class PathWsAdapter extends WsAdapter {
  readonly #routes: Route[] = [];
  readonly #authenticate: Authenticate;
  readonly #log = new Logger('sockets');
  readonly #http: Server;
  #listening = false;

  constructor(app: INestApplication, authenticate: Authenticate) {
    super(app);
    this.#http = app.getHttpServer() as Server;
    this.#authenticate = authenticate;
  }

  override create(_port: number, options: { path?: string; maxPayload?: number } = {}): WebSocketServer {
    const limits: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      maxPayload: options.maxPayload ?? 64 * 1024,
      // Compression would let a small frame unfold to a large one before it is looked at.
      perMessageDeflate: false,
      // Who is told to go and does not answer is cut off.
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    const server = new WebSocketServer(limits);
    const path = options.path ?? '/';
    this.#routes.push({ kind: path.split('/')[1] ?? '', match: compilePath(path), server });
    if (!this.#listening) this.#http.on('upgrade', this.#onUpgrade);
    this.#listening = true;
    return server;
  }

  /** Open sockets by the first part of their path: a name that the code gives. */
  openSockets(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#routes.map(({ kind, server }) => [kind, server.clients.size]));
  }

  override bindMessageHandlers(): void {
    // The gateways read their frames themselves.
  }

  override async dispose(): Promise<void> {
    this.#http.off('upgrade', this.#onUpgrade);
    for (const { server } of this.#routes) {
      for (const client of server.clients) client.terminate();
      server.close();
    }
    await Promise.resolve();
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    void this.#route(request, socket, head).catch((error: unknown) => {
      this.#log.error(error instanceof Error ? error.stack : String(error));
      refuse(socket, 503);
    });
  };

  async #route(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    for (const { match, server } of this.#routes) {
      const parameters = match(url.pathname);
      if (!parameters) continue;
      if (isForeignOrigin(request)) return refuse(socket, 403);
      const principal = await this.#authenticate(request);
      if (!principal) return refuse(socket, 401);
      if (socket.destroyed) return;
      const routed = Object.assign(request, { principal, parameters, query: url.searchParams });
      server.handleUpgrade(request, socket, head, (client: WebSocket) => server.emit('connection', client, routed));
      return;
    }
    refuse(socket, 404);
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'You are not signed in, or your session has ended: sign in again.',
  403: 'This socket was asked for by a page of another site, so it was not opened.',
  404: 'There is no socket at this address.',
  503: 'The socket cannot be opened just now: try again.',
};

function refuse(socket: Duplex, status: number): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(problemOfStatus(status, REFUSALS[status] ?? 'The socket cannot be opened.'));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
