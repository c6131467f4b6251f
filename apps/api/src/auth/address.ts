import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/**
 * The peer's address, for the record. Behind a proxy it is the proxy's, unless TRUST_PROXY names it: then Express says whom
 * the proxy had before it, for HTTP. See docs/OPERATIONS.md.
 */
export function addressOf(request: IncomingMessage & { readonly ip?: string | undefined }): string {
  return request.ip ?? request.socket.remoteAddress ?? '';
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
