/** From which addresses this installation's mail leaves, and the names it bears, as its receivers see them: as it was told, or as its name leads to. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { InstallationNames } from '../core/senders/installation-records.ts';
import type { LookUp } from '../platform/look-up.ts';

export interface SendersOptions {
  readonly dnsServers?: readonly string[] | undefined;
  /** Default: those of the host name, where mail goes out directly. */
  readonly sendingAddresses?: readonly string[] | undefined;
  /** The name that this server gives itself. */
  readonly hostname: string;
  /** Mail goes through a relay, whose addresses are its own. */
  readonly hasSmarthost: boolean;
  /** Of envelope senders. */
  readonly bounceDomain?: string | undefined;
  readonly trackingUrl?: string | undefined;
  /** Where the console and the API are reached. */
  readonly publicUrl?: string | undefined;
}

export function ownNames({ hostname, bounceDomain, trackingUrl, publicUrl }: SendersOptions): InstallationNames {
  const host = URL.parse(trackingUrl ?? '')?.hostname.replace(/\.$/, '') ?? '';
  const isName = host.includes('.') && isIP(host) === 0;
  return {
    hostname: hostname.includes('.') ? hostname.toLowerCase() : null,
    bounceDomain: bounceDomain?.toLowerCase() ?? null,
    trackingHost: isName ? host : null,
    publicUrl: publicUrl?.startsWith('https:') === true ? publicUrl : null,
  };
}

/** None: it is not known. */
export function ownAddresses(dns: LookUp, options: SendersOptions): () => Promise<readonly string[]> {
  const { sendingAddresses, hostname, hasSmarthost } = options;
  if (sendingAddresses !== undefined) return () => Promise.resolve(sendingAddresses);
  if (hasSmarthost || !hostname.includes('.')) return () => Promise.resolve([]);
  return async () => {
    const found = await Promise.all([dns.addresses(hostname, 4), dns.addresses(hostname, 6)]);
    return found.flatMap((one) => (one.kind === 'found' ? one.records.filter(isPublic) : []));
  };
}

const isPublic = (address: string): boolean => ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast';
