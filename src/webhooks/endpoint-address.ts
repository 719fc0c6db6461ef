/** Which addresses an endpoint may have. Where its name leads is looked at when it is connected to, not here. */
import { isIP } from 'node:net';
import { hostOf, isLoopbackHost, isPublicAddress } from '../platform/public-address.ts';

const httpsPort = 443;
/** Below it other services of the internet live, which take offence at HTTP. */
const firstFreePort = 1024;

/** https to a public host; where the operator allows private networks, also those, and http on this machine itself. */
export function isTellable(text: string, allowsPrivate: boolean): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  const host = hostOf(url);
  if (url.protocol === 'http:') return allowsPrivate && isLoopbackHost(host);
  if (url.protocol !== 'https:') return false;
  const port = url.port === '' ? httpsPort : Number(url.port);
  if (port !== httpsPort && port < firstFreePort) return false;
  return allowsPrivate || (isIP(host) > 0 ? isPublicAddress(host) : host.replace(/\.$/, '') !== 'localhost');
}
