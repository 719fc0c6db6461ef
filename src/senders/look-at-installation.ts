/** Looks at the DNS of the names that all mail bears: where it comes back to, and where its links lead. It decides nothing. */
import type { InstallationNames, InstallationSeen } from '../core/senders/installation-records.ts';
import type { Seen } from '../core/senders/setup-record.ts';
import type { LookUp } from '../platform/look-up.ts';
import { isPublicAddress } from '../platform/public-address.ts';

export type InstallationView = Omit<InstallationSeen, 'bounceSpfFaults'>;

export async function lookAtInstallation(dns: LookUp, names: InstallationNames): Promise<InstallationView> {
  const { hostname, bounceDomain, trackingHost } = names;
  const [mailHosts, bounceTexts, trackingAddresses] = await Promise.all([
    bounceDomain === null ? [] : mailHostsOf(dns, bounceDomain),
    bounceDomain === null ? [] : textsOf(dns, bounceDomain),
    trackingHost === null ? [] : addressesOf(dns, trackingHost),
  ]);
  return {
    ...{ mailHosts, bounceTexts, trackingAddresses },
    isMailLedHere: hostname === null || mailHosts === null ? null : await isOneOf(dns, hostname, mailHosts),
    innerAddresses: (trackingAddresses ?? []).filter((one) => !isPublicAddress(one)),
  };
}

async function textsOf(dns: LookUp, name: string): Promise<Seen> {
  const found = await dns.texts(name);
  return found.kind === 'failed' ? null : found.kind === 'none' ? [] : found.records;
}

async function mailHostsOf(dns: LookUp, name: string): Promise<Seen> {
  const found = await dns.mailHosts(name);
  if (found.kind === 'failed') return null;
  return found.kind === 'none' ? [] : found.records.map((host) => host.replace(/\.$/, '').toLowerCase());
}

async function addressesOf(dns: LookUp, name: string): Promise<Seen> {
  const found = await Promise.all([dns.addresses(name, 4), dns.addresses(name, 6)]);
  const records = found.flatMap((one) => (one.kind === 'found' ? one.records : []));
  return records.length === 0 && found.some(({ kind }) => kind === 'failed') ? null : records;
}

/** By name, or by an address that both have: a server may be known by several names. Null: the DNS gave no full answer. */
async function isOneOf(dns: LookUp, hostname: string, mailHosts: readonly string[]): Promise<boolean | null> {
  if (mailHosts.includes(hostname)) return true;
  const [ours, ...theirs] = await Promise.all(
    [hostname, ...mailHosts.filter(Boolean)].map((name) => addressesOf(dns, name)),
  );
  if (theirs.some((addresses) => addresses?.some((one) => ours?.includes(one)))) return true;
  return ours === null || theirs.includes(null) ? null : false;
}
