/**
 * Which network addresses the program asks when somebody else names them: those that anybody on the internet could. What
 * was checked is what is connected to, so that a name cannot lead elsewhere in between.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The address leads into a network that is not asked. */
export class AddressRefused extends Error {}

/** RFC 4291 §2.4: what is handed out of IPv6 so far. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * No loopback, private, link-local, shared, multicast, documentation or other special network, and no form of IPv6 in which
 * such an IPv4 address could hide: mapped, translated, 6to4, Teredo.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(globalUnicast);
}

/** @param networks as CIDRs, or single addresses. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  return networks.some((network) => {
    const [base, bits] = ipaddr.isValidCIDR(network)
      ? ipaddr.parseCIDR(network)
      : ([ipaddr.parse(network), isIP(network) === 4 ? 32 : 128] as const);
    return base.kind() === parsed.kind() && parsed.match(base, bits);
  });
}

export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || (isIP(host) > 0 && ipaddr.process(host).range() === 'loopback');

/** The host as an address, without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** As the system's: every address of a name. */
export type LookupAll = (
  hostname: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** For a connection: the name is looked up once, and refused if any of its addresses is not public. */
export const publicLookup =
  (ask: LookupAll = lookup): LookupFunction =>
  (hostname, options, done) => {
    ask(hostname, { all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error !== null) done(error, '', 0);
      else if (first === undefined || !found.every(({ address }) => isPublicAddress(address)))
        done(new AddressRefused('the name leads into a network that is not asked'), '', 0);
      else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };
