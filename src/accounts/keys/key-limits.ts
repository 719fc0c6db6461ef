/** How long a new API key works and from where. A key that makes keys gives away no more of either than it has itself. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Problem } from '../../contract/problem.ts';
import type { StoredApiKey } from '../store.ts';

export type WhenAndWhere = Pick<StoredApiKey, 'expiresAt' | 'allowedNetworks'>;

/** What is not said is as the making key's. Throws request.malformed. */
export const whenAndWhere = (
  wish: { readonly expiresAt?: string | undefined; readonly allowedNetworks?: readonly string[] | undefined },
  maker: WhenAndWhere,
  now: Date,
): WhenAndWhere => ({
  expiresAt: wish.expiresAt === undefined ? maker.expiresAt : futureOf(wish.expiresAt, now),
  allowedNetworks: wish.allowedNetworks?.map(networkOf) ?? maker.allowedNetworks,
});

/** Throws key.beyond_caller. */
export function assertWithinMaker(made: WhenAndWhere, maker: WhenAndWhere): void {
  const outlasts = maker.expiresAt !== null && (made.expiresAt === null || made.expiresAt > maker.expiresAt);
  if (outlasts || !isWithin(made.allowedNetworks, maker.allowedNetworks)) throw new Problem('key.beyond_caller');
}

function isWithin(inner: readonly string[] | null, outer: readonly string[] | null): boolean {
  if (outer === null) return true;
  return inner?.every((one) => outer.some((whole) => isPartOf(one, whole))) ?? false;
}

function isPartOf(inner: string, outer: string): boolean {
  const [address, length] = ipaddr.parseCIDR(inner);
  const [whole, wholeLength] = ipaddr.parseCIDR(outer);
  return address.kind() === whole.kind() && length >= wholeLength && address.match(whole, wholeLength);
}

function futureOf(instant: string, now: Date): Date {
  const at = new Date(instant);
  if (at <= now) throw new Problem('request.malformed', [{ field: 'expiresAt', message: 'is not in the future' }]);
  return at;
}

/**
 * PostgreSQL takes no network with bits behind its length, so they are cut off. Old ways to write an address, such as
 * 010.1 for 8.0.0.1, are not taken: another one than was meant would be let in.
 */
function networkOf(text: string, index: number): string {
  const isPlain = isIP(text.split('/', 1)[0] ?? '') > 0;
  if (isPlain && ipaddr.isValidCIDR(text)) {
    const [, length] = ipaddr.parseCIDR(text);
    const isV4 = ipaddr.parseCIDR(text)[0].kind() === 'ipv4';
    const network = isV4 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
    return `${network}/${length}`;
  }
  if (isPlain && ipaddr.isValid(text) && !text.includes('%')) {
    const address = ipaddr.process(text);
    return `${address}/${address.kind() === 'ipv4' ? 32 : 128}`;
  }
  throw new Problem('request.malformed', [{ field: `allowedNetworks.${index}`, message: 'is no address or network' }]);
}
