/**
 * Where a request came from. `X-Forwarded-For` is anyone's claim: it is followed only as far as the hop that made it is a
 * proxy we were told to trust.
 */
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface Origin {
  /** In canonical text; null where a trusted proxy did not say one. */
  readonly ip: string | null;
  /** Whether the hop that spoke to us is a trusted proxy, so that what else it says is believed. */
  readonly isProxied: boolean;
}

export interface TrustedProxies {
  originOf(remoteAddress: string | undefined, forwardedFor: string | undefined): Origin;
}

/** @param cidrs such as `10.0.0.0/8`, `::1/128` or a single address; throws on anything else */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  const ranges = cidrs.map(parseRange);
  // Nearly every request comes from the same few proxies, or from nowhere twice.
  const hops = remembered((text) => hopOf(text, ranges));
  return {
    originOf(remote, forwardedFor) {
      const nearest = hops(remote ?? '');
      if (!nearest.isTrusted || forwardedFor === undefined) return { ip: nearest.ip, isProxied: nearest.isTrusted };
      return { ip: clientOf(nearest, forwardedFor, ranges), isProxied: true };
    },
  };
}

interface Hop {
  readonly ip: string | null;
  readonly isTrusted: boolean;
}

/** From the nearest hop to the farthest, as long as each is trusted. The first that is not is the client. */
function clientOf(nearest: Hop, forwardedFor: string, ranges: readonly Range[]): string | null {
  const claimed = forwardedFor.split(',');
  let hop = nearest;
  while (hop.isTrusted) {
    const next = claimed.pop();
    if (next === undefined) break;
    hop = hopOf(hostOf(next.trim()), ranges);
  }
  return hop.ip;
}

type Range =
  | { readonly family: 4; readonly network: number; readonly mask: number }
  | { readonly family: 6; readonly network: ipaddr.IPv6; readonly bits: number };

function hopOf(text: string, ranges: readonly Range[]): Hop {
  if (text.length > 60) return { ip: null, isTrusted: false };
  const bare = text.includes('%') ? text.slice(0, text.indexOf('%')) : text; // RFC 4007 §11: a zone means something to us alone
  if (isIPv4(bare)) return { ip: bare, isTrusted: holdsV4(ranges, numberOf(bare)) };
  if (!ipaddr.IPv6.isValid(bare)) return { ip: null, isTrusted: false };
  const address = ipaddr.process(bare);
  const ip = address.toString();
  const isTrusted = address instanceof ipaddr.IPv6 ? holdsV6(ranges, address) : holdsV4(ranges, numberOf(ip));
  return { ip, isTrusted };
}

const holdsV4 = (ranges: readonly Range[], address: number): boolean =>
  ranges.some((range) => range.family === 4 && (address & range.mask) >>> 0 === range.network);

const holdsV6 = (ranges: readonly Range[], address: ipaddr.IPv6): boolean =>
  ranges.some((range) => range.family === 6 && address.match(range.network, range.bits));

/** Dotted decimal that is known to be well formed. */
function numberOf(text: string): number {
  let number = 0;
  let octet = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      number = number * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - 48;
  }
  return number * 256 + octet;
}

/** Some proxies add a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hostOf(text: string): string {
  if (isIPv4(text)) return text;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}

function parseRange(cidr: string): Range {
  const [address, bits] = cidr.includes('/') ? ipaddr.parseCIDR(cidr) : whole(ipaddr.parse(cidr));
  if (address instanceof ipaddr.IPv4) return rangeV4(address, bits);
  if (address.isIPv4MappedAddress() && bits >= 96) return rangeV4(address.toIPv4Address(), bits - 96);
  return { family: 6, network: address, bits };
}

function rangeV4(address: ipaddr.IPv4, bits: number): Range {
  const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
  return { family: 4, network: (numberOf(address.toString()) & mask) >>> 0, mask };
}

const whole = (address: ipaddr.IPv4 | ipaddr.IPv6): [ipaddr.IPv4 | ipaddr.IPv6, number] => [
  address,
  address.kind() === 'ipv4' ? 32 : 128,
];

function remembered(make: (text: string) => Hop): (text: string) => Hop {
  const known = new Map<string, Hop>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= 10_000) known.clear();
    const made = make(text);
    known.set(text, made);
    return made;
  };
}
