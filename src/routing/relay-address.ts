/** Which hosts an account may name as relays. Where a name leads is looked at when it is connected to, not here. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { isPublicAddress, isWithin } from '../platform/public-address.ts';

const labels = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** A public address, one in the networks that the operator allows, or null. */
export const mayBeRelay = (address: string, networks: readonly string[]): boolean =>
  isPublicAddress(address) || isWithin(address, networks);

/** As it is kept: in ASCII form and lower case. Null: it cannot be one. */
export function relayHostOf(wished: string, networks: readonly string[]): string | null {
  const address = wished.replace(/^\[|\]$/g, '');
  if (isIP(address) > 0) return mayBeRelay(address, networks) ? address : null;
  const name = asciiOf(wished);
  // What URL parsers take for an address in disguise, such as 0x7f.1, is none that anybody means.
  return labels.test(name) && isIP(name) === 0 && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(name) ? name : null;
}

/** `example.org` or `*.example.org`, in ASCII form. Null: neither. */
export function domainPatternOf(wished: string): string | null {
  const [star, rest] = wished.startsWith('*.') ? ['*.', wished.slice(2)] : ['', wished];
  const name = asciiOf(rest);
  return labels.test(name) ? `${star}${name}` : null;
}

/** Empty: no name. What URLs end a host with, or pass over, would otherwise be cut off and another host be meant. */
const asciiOf = (name: string): string =>
  /[\p{Cc}\s/\\?#@:%]/u.test(name) ? '' : domainToASCII(name.replace(/\.$/, ''));
