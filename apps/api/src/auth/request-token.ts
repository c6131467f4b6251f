import type { IncomingMessage } from 'node:http';

export const SESSION_COOKIE = 'palimpsest_session';

/** Over TLS: a browser takes it only from this very host, over TLS and for all of its paths, so that no other can set it. */
export const SECURE_SESSION_COOKIE = `__Host-${SESSION_COOKIE}`;

export const sessionCookie = (isSecure: boolean) => (isSecure ? SECURE_SESSION_COOKIE : SESSION_COOKIE);

function fromCookie(header: string | undefined): string | undefined {
  const cookies = new Map<string, string>();
  for (const part of header?.split(';') ?? []) {
    const [name = '', value] = part.split('=', 2);
    if (value !== undefined && !cookies.has(name.trim())) cookies.set(name.trim(), value.trim());
  }
  return cookies.get(SECURE_SESSION_COOKIE) ?? cookies.get(SESSION_COOKIE);
}

/**
 * The session token of a request: `Authorization: Bearer`, the cookie, or `?token=` for sockets, to which a client outside
 * a browser cannot always add a header. Only sockets read the query: an address with a token ends up in logs and histories.
 */
export function requestToken(request: IncomingMessage, allowQuery = false): string | undefined {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return bearer;
  if (allowQuery) {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams.get('token');
    if (query !== null) return query;
  }
  return fromCookie(request.headers.cookie);
}

/** Whether the token is in the header that programs use. */
export function showsToken(request: IncomingMessage): boolean {
  return bearerOf(request) !== undefined;
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
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
