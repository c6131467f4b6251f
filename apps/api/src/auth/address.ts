import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

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

/**
 * What attempts from one place have in common: the address, without the form in which IPv6 writes one of IPv4; of IPv6 the
 * first 64 bits, since a single machine has all the others.
 */
export function placeOf(address: string): string {
  const [plain = ''] = address.toLowerCase().split('%', 1); // without the zone
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(plain) ? `${firstGroups(plain).join(':')}::/64` : plain;
}

/** The first four of eight groups, each without leading zeros. */
function firstGroups(address: string): string[] {
  const [before = '', after] = address.split('::', 2);
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  // An IPv4 address at the end stands for two groups.
  const tailLength = tail.length + (tail.at(-1)?.includes('.') ? 1 : 0);
  const gap = after === undefined ? 0 : 8 - head.length - tailLength;
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...tail];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
}
