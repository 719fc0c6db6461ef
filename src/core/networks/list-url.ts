/** Where a list may come from: over https, or over plain http within this machine or the operator's own network. */
import ipaddr from 'ipaddr.js';

export function isInnerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost') return true;
  if (!ipaddr.isValid(host)) return false;
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range());
}

/**
 * Whether a redirect is followed. Within an own network http leads to http; from a publisher nothing leads out of https, and
 * nothing into the operator's network, which he is not to ask about.
 */
export const mayFollow = (from: string, to: string): boolean =>
  isInnerUrl(from) ? to.startsWith('https://') || isInnerUrl(to) : to.startsWith('https://') && !isInnerUrl(to);
