/**
 * Where a request came from. `X-Forwarded-For` is anyone's claim: it is followed only as far as the hop that made it is a
 * proxy we were told to trust.
 */
import ipaddr from 'ipaddr.js';

export interface TrustedProxies {
  /** The address is in canonical text; null where a trusted proxy did not say one. */
  clientOf(remoteAddress: string | undefined, forwardedFor: string | undefined): string | null;
  trusts(remoteAddress: string | undefined): boolean;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** @param cidrs such as `10.0.0.0/8`, `::1/128` or a single address; throws on anything else */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  const ranges = cidrs.map(parseRange);
  const isTrusted = (address: Address): boolean => ranges.some((range) => isWithin(address, range));
  const plain = plainAddresses();
  return {
    trusts: (remote) => {
      const address = ranges.length === 0 ? undefined : parseAddress(remote);
      return address !== undefined && isTrusted(address);
    },
    clientOf(remote, forwardedFor) {
      if (ranges.length === 0 || forwardedFor === undefined) return plain(remote);
      return walk(remote, forwardedFor, isTrusted);
    },
  };
}

/** From the nearest hop to the farthest, as long as each is trusted. The first that is not is the client. */
function walk(
  remote: string | undefined,
  forwardedFor: string,
  isTrusted: (address: Address) => boolean,
): string | null {
  const claimed = forwardedFor.split(',');
  let address = parseAddress(remote);
  while (address !== undefined && isTrusted(address)) {
    const next = claimed.pop();
    if (next === undefined) break;
    address = parseAddress(hostOf(next.trim()));
  }
  return address?.toString() ?? null;
}

/** Some proxies add a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hostOf(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}

function parseAddress(text: string | undefined): Address | undefined {
  if (text === undefined || text.length > 60) return undefined;
  const bare = text.replace(/%.*$/, ''); // RFC 4007 §11: the zone of a link-local address means something to us alone
  const isPlain = bare.includes(':') ? ipaddr.IPv6.isValid(bare) : ipaddr.IPv4.isValidFourPartDecimal(bare);
  return isPlain ? ipaddr.process(bare) : undefined;
}

function parseRange(cidr: string): Range {
  const [address, bits] = cidr.includes('/') ? ipaddr.parseCIDR(cidr) : whole(ipaddr.parse(cidr));
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? [address.toIPv4Address(), bits - 96] : [address, bits];
}

const whole = (address: Address): Range => [address, address.kind() === 'ipv4' ? 32 : 128];

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/** Without proxies the socket says it all; only its IPv4-mapped form is unwrapped, and answers are remembered. */
function plainAddresses(): (remote: string | undefined) => string | null {
  const known = new Map<string, string | null>();
  return (remote) => {
    if (remote === undefined) return null;
    const found = known.get(remote);
    if (found !== undefined) return found;
    if (known.size >= 10_000) known.clear();
    const address = parseAddress(remote)?.toString() ?? null;
    known.set(remote, address);
    return address;
  };
}
