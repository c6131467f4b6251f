import type { IncomingMessage } from 'node:http';

/** Whether the word of a proxy with this address is taken; `hop` counts from the server, the first is 0. */
export type TrustsProxy = (address: string, hop: number) => boolean;

/**
 * The client's address: the peer's, or what trusted proxies before it say (`X-Forwarded-For`, from the right as far as each
 * is trusted; what stands further left could be written by anybody).
 */
export function clientAddress(request: IncomingMessage, trusts: TrustsProxy): string {
  const header = request.headers['x-forwarded-for'];
  const told = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim());
  const hops = [request.socket.remoteAddress ?? '', ...told.filter((part) => part !== '').reverse()];
  const first = hops.findIndex((address, hop) => !trusts(address, hop));
  return (hops[first] ?? hops.at(-1) ?? '').slice(0, 64);
}

/** The client's address, for the record and for limits. Express knows it as `ip`; sockets are given the same. */
export function addressOf(request: IncomingMessage): string {
  const { ip } = request as IncomingMessage & { ip?: unknown };
  return typeof ip === 'string' ? ip.slice(0, 64) : (request.socket.remoteAddress ?? '');
}
