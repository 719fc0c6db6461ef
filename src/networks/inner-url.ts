/** Whether a URL stays within this machine or the operator's own network, where a list may come over plain http. */
import ipaddr from 'ipaddr.js';

export function isInnerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost') return true;
  if (!ipaddr.isValid(host)) return false;
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range());
}
