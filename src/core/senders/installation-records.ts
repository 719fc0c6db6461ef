/**
 * Records of the names that all mail of the installation bears: the domain that mail comes back to, and the host of links.
 * It is told what was seen and asks nobody.
 */
import {
  addressesUnknown,
  judged,
  judgedSpf,
  type PlannedRecord,
  type Seen,
  type SetupRecord,
  spfValue,
  unchecked,
} from './setup-record.ts';
import { isSpf } from './spf-record.ts';

/** Null: not set, or not known. */
export interface InstallationNames {
  /** Of this server. */
  readonly hostname: string | null;
  /** Of envelope senders. */
  readonly bounceDomain: string | null;
  /** Of links; null where the URL has an address instead of a name, too. */
  readonly trackingHost: string | null;
  /** Of console and API, by HTTPS; null: they are not reached so. */
  readonly publicUrl: string | null;
}

export interface InstallationSeen {
  readonly mailHosts: Seen;
  /** One of them is this server, by name or by address; null: it cannot be told. */
  readonly isMailLedHere: boolean | null;
  readonly bounceTexts: Seen;
  readonly bounceSpfFaults: readonly string[];
  readonly trackingAddresses: Seen;
  /** Of those, the ones that nobody outside reaches. */
  readonly innerAddresses: readonly string[];
}

export interface InstallationPlan {
  readonly names: InstallationNames;
  /** From where mail leaves. */
  readonly addresses: readonly string[];
  /** The sender domain: what is published for it already is not asked for twice. */
  readonly domain: string;
}

export function installationRecords(plan: InstallationPlan, seen: InstallationSeen | null): SetupRecord[] {
  const { hostname, bounceDomain, trackingHost } = plan.names;
  return [
    ...(bounceDomain === null ? [] : [bounceMx(bounceDomain, hostname, seen)]),
    ...(bounceDomain === null || bounceDomain === plan.domain ? [] : [bounceSpf(bounceDomain, plan.addresses, seen)]),
    ...(trackingHost === null ? [] : [tracking(trackingHost, plan, seen)]),
  ];
}

const thisServer = 'the name of this server';
const hostnameUnknown =
  'It cannot be told whether it leads here: set WAXWING_HOSTNAME to the public name of this server.';

function bounceMx(domain: string, hostname: string | null, seen: InstallationSeen | null): SetupRecord {
  const record: PlannedRecord = {
    ...{ purpose: 'bounce-mx', name: domain, type: 'MX', value: `10 ${hostname ?? thisServer}`, isRequired: true },
    about:
      'Mail that cannot be delivered comes back here, so that dead addresses are noticed. It is the same for all sender domains of this installation.',
  };
  if (seen === null) return unchecked(record);
  const { mailHosts, isMailLedHere } = seen;
  if (mailHosts === null) return judged(record, null, []);
  if (mailHosts.length === 0)
    return judged(record, [], ['There is no MX record yet, so nothing that comes back arrives.']);
  const shown = mailHosts.map((host) => (host === '' ? '.' : host));
  if (mailHosts.every((host) => host === ''))
    return judged(record, shown, ['The record says that the domain takes no mail at all.']); // RFC 7505
  if (isMailLedHere === null) return { ...record, state: 'unknown', seen: shown, problems: [hostnameUnknown] };
  const elsewhere = `Mail that comes back goes to ${shown.join(' and ')}, which is not this server (${hostname}).`;
  return judged(record, shown, isMailLedHere ? [] : [elsewhere]);
}

function bounceSpf(domain: string, addresses: readonly string[], seen: InstallationSeen | null): SetupRecord {
  const records = seen?.bounceTexts?.filter(isSpf) ?? null;
  const value = spfValue(addresses, records ?? []);
  const record: PlannedRecord = {
    ...{ purpose: 'bounce-spf', name: domain, type: 'TXT', value, isRequired: true },
    about: `Mail leaves in the name of this domain, and receivers check SPF there.${addresses.length === 0 ? addressesUnknown : ''}`,
  };
  return seen === null ? unchecked(record) : judgedSpf(record, records, seen.bounceSpfFaults);
}

function tracking(host: string, { names, addresses }: InstallationPlan, seen: InstallationSeen | null): SetupRecord {
  const isAlias = names.hostname !== null && names.hostname !== host;
  const record: PlannedRecord = {
    ...{ purpose: 'tracking-host', name: host, type: isAlias ? 'CNAME' : 'A', isRequired: true },
    value: (isAlias ? names.hostname : addresses.find((one) => !one.includes(':'))) ?? 'the address of this server',
    about:
      'Links and pictures in mail, and the way to unsubscribe, lead to this host. An A or AAAA record, or a CNAME to a proxy in front, serves as well.',
  };
  if (seen === null) return unchecked(record);
  const { trackingAddresses, innerAddresses } = seen;
  const inner = `It leads to ${innerAddresses.join(' and ')}, which nobody outside reaches.`;
  const missing = 'The DNS knows no address of this host: links in mail lead nowhere.';
  return judged(record, trackingAddresses, [
    ...(trackingAddresses?.length === 0 ? [missing] : []),
    ...(innerAddresses.length > 0 ? [inner] : []),
  ]);
}
