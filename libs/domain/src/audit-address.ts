/** Addresses of the internet as text, without the help of a platform: a query is read in a browser, too. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const GROUP = /^[0-9a-f]{1,4}$/i;

/** An address of IPv4 or IPv6, or a range of them: `10.0.0.9`, `10.0.0.0/8`, `2001:db8::/32`. No zone. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = IPV4.test(address) ? 32 : isIpv6(address) ? 128 : undefined;
  if (most === undefined || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = IPV4.test(last) && text.endsWith(last);
  const plain = endsInIpv4 ? groups.slice(0, -1) : groups;
  const length = plain.length + (endsInIpv4 ? 2 : 0);
  return plain.every((group) => GROUP.test(group)) && (halves.length === 2 ? length <= 7 : length === 8);
}

/**
 * An address as the audit log keeps it: one of IPv4 in its own form, where a socket wrote it as one of IPv6, and without a
 * zone. Null for what is no address.
 */
export function plainAddress(text: string | undefined): string | null {
  const [plain = ''] = (text ?? '').toLowerCase().split('%', 1);
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1] ?? plain;
  return !address.includes('/') && isAddressRange(address) ? address : null;
}
