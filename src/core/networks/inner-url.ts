/** Whether a URL stays within this machine or the operator's own network, where a list may come over plain http. */
import ipaddr from 'ipaddr.js';

export function isInnerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost') return true;
  if (!ipaddr.isValid(host)) return false;
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range());
}
