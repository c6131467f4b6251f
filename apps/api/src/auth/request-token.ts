import type { IncomingMessage } from 'node:http';

export const SESSION_COOKIE = 'palimpsest_session';

function fromCookie(header: string | undefined): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.split('=', 2);
    if (name?.trim() === SESSION_COOKIE && value !== undefined) return value.trim();
  }
  return undefined;
}

/**
 * The session token of a request: `Authorization: Bearer`, the cookie, or `?token=` for sockets, to which a client outside
 * a browser cannot always add a header. Only sockets read the query: an address with a token ends up in logs and histories.
 */
export function requestToken(request: IncomingMessage, allowQuery = false): string | undefined {
  const bearer = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  if (allowQuery) {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams.get('token');
    if (query !== null) return query;
  }
  return fromCookie(request.headers.cookie);
}

/**
 * Whether a browser sent this from a page of another site. Cookies go along with such requests where SameSite is not
 * honoured, and with every WebSocket, so both ask. Clients that are no browsers send no Origin and no cookie of a victim.
 */
export function isForeignOrigin(request: IncomingMessage): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) return false;
  try {
    return new URL(origin).host !== request.headers.host;
  } catch {
    return true; // "null": a sandboxed frame or a local file
  }
}
