import type { IncomingMessage } from 'node:http';

/** The peer's address, for the record. Behind a proxy it is the proxy's: see docs/OPERATIONS.md. */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}
