/** Where a visitor comes from, in words that a person can recognise and in blocks that are counted together. */
import ipaddr from 'ipaddr.js';
import { browserName } from '../core/access/browser-name.ts';

export interface Visitor {
  readonly address: string;
  readonly agent: string;
}

export const visitorOf = (request: {
  readonly address: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}): Visitor => ({ address: request.address, agent: (request.headers['user-agent'] ?? '').slice(0, 500) });

/** The /24 of an IPv4 address, the /48 of an IPv6 one; what is no address is its own block. */
export function networkBlock(address: string): string {
  if (!ipaddr.isValid(address)) return 'an unknown network';
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4'
    ? `${ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/24`)}/24`
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/48`)}/48`;
}

/** What one household or server has: the address, or the /64 of an IPv6 one. */
export function sourceBlock(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/64`).toString();
}

export const placeWords = ({ address, agent }: Visitor): { readonly browser: string; readonly network: string } => ({
  browser: browserName(agent),
  network: networkBlock(address),
});
