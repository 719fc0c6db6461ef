/**
 * What a domain's owner is to publish, and what is to be said of what stands there. It is told what was seen and asks
 * nobody.
 */
import { dkimRecord, faultOfDkimRecords, type PublicDkimKey } from './dkim-record.ts';
import { type DmarcRecord, readDmarc } from './dmarc-record.ts';
import { type InstallationNames, type InstallationSeen, installationRecords } from './installation-records.ts';
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

export interface SetupKey extends PublicDkimKey {
  readonly selector: string;
  readonly isRetired: boolean;
}

export interface SetupPlan {
  readonly domain: string;
  readonly proof: string;
  readonly keys: readonly SetupKey[];
  /** From where the installation's mail leaves, as far as it is known. */
  readonly addresses: readonly string[];
  readonly names: InstallationNames;
}

export interface SetupSeen {
  readonly ownership: Seen;
  /** By selector. */
  readonly keys: ReadonlyMap<string, Seen>;
  readonly spf: Seen;
  /** What is wrong with SPF for our addresses, in sentences; empty: they pass. */
  readonly spfFaults: readonly string[];
  readonly dmarc: Seen;
  /** That holds for the domain, its own or its organisation's. */
  readonly dmarcInForce: { readonly record: DmarcRecord; readonly domain: string } | null;
  readonly mtaSts: Seen;
  readonly tlsReports: Seen;
  readonly installation: InstallationSeen;
}

export const proofName = (domain: string): string => `_waxwing.${domain}`;
export const proofText = (proof: string): string => `waxwing-domain=${proof}`;
export const keyName = (selector: string, domain: string): string => `${selector}._domainkey.${domain}`;

/** @param seen null: nobody looked yet */
export function setupRecords(plan: SetupPlan, seen: SetupSeen | null): SetupRecord[] {
  return [
    ownership(plan, seen),
    ...plan.keys.filter(({ isRetired }) => !isRetired).map((key) => dkim(plan, key, seen)),
    spf(plan, seen),
    dmarc(plan, seen),
    ...installationRecords(plan, seen?.installation ?? null),
    advice(plan, seen, 'mta-sts'),
    advice(plan, seen, 'tls-rpt'),
  ];
}

function ownership({ domain, proof }: SetupPlan, seen: SetupSeen | null): SetupRecord {
  const record: PlannedRecord = {
    ...{ purpose: 'ownership', name: proofName(domain), type: 'TXT', value: proofText(proof), isRequired: true },
    about: 'Shows that the domain is yours, so that nobody else can send by it here.',
  };
  if (seen === null) return unchecked(record);
  const found = seen.ownership ?? [];
  const problem = found.length === 0 ? 'Nothing is published under this name yet.' : 'Another text stands there.';
  return judged(record, seen.ownership, found.some((text) => text.trim() === record.value) ? [] : [problem]);
}

function dkim({ domain }: SetupPlan, key: SetupKey, seen: SetupSeen | null): SetupRecord {
  const record: PlannedRecord = {
    ...{ purpose: 'dkim', name: keyName(key.selector, domain), type: 'TXT', value: dkimRecord(key), isRequired: true },
    about:
      key.algorithm === 'rsa-sha256'
        ? 'The key by which every receiver can check that the mail is yours and unchanged.'
        : 'The same with a newer kind of key, for receivers that know it.',
  };
  if (seen === null) return unchecked(record);
  const found = seen.keys.get(key.selector) ?? null;
  const fault = found === null ? null : faultOfDkimRecords(key, found);
  return judged(record, found, fault === null ? [] : [fault]);
}

function spf(plan: SetupPlan, seen: SetupSeen | null): SetupRecord {
  const records = (seen?.spf ?? []).filter(isSpf);
  const record: PlannedRecord = {
    ...{ purpose: 'spf', name: plan.domain, type: 'TXT', value: spfValue(plan.addresses, records), isRequired: true },
    about: `Says which servers may send mail of the domain. There may be one such record only.${plan.addresses.length === 0 ? addressesUnknown : ''}`,
  };
  return seen === null ? unchecked(record) : judgedSpf(record, seen.spf === null ? null : records, seen.spfFaults);
}

function dmarc({ domain }: SetupPlan, seen: SetupSeen | null): SetupRecord {
  const value = seen?.dmarc?.length === 1 ? (seen.dmarc[0] ?? '') : `v=DMARC1; p=none; rua=mailto:dmarc@${domain}`;
  const record: PlannedRecord = {
    ...{ purpose: 'dmarc', name: `_dmarc.${domain}`, type: 'TXT', value, isRequired: true },
    about:
      'Says what receivers shall do with mail that only claims to be yours, and where they report it. Change the address of the reports to one that somebody reads.',
  };
  if (seen === null) return unchecked(record);
  return judged(record, seen.dmarc, dmarcFaults(seen.dmarc ?? [], seen.dmarcInForce));
}

function dmarcFaults(texts: readonly string[], inForce: SetupSeen['dmarcInForce']): string[] {
  if (texts.length > 1) return [`There are ${texts.length} DMARC records, so receivers use none. Keep one.`];
  if (texts[0] !== undefined && readDmarc(texts[0]) === null)
    return ['The record has no policy that there is: `p` must be `none`, `quarantine` or `reject`.'];
  return inForce === null ? ['There is no DMARC record yet, neither here nor above this domain.'] : [];
}

const advices = {
  'mta-sts': {
    ...{ prefix: '_mta-sts', value: 'v=STSv1; id=1' },
    about:
      'For mail that the domain receives: others then send to it encrypted only (RFC 8461). Needs a policy file on a web server too.',
  },
  'tls-rpt': {
    ...{ prefix: '_smtp._tls', value: 'v=TLSRPTv1; rua=' },
    about: 'For mail that the domain receives: others report where encryption failed (RFC 8460).',
  },
} as const;

/** Where reports about TLS (RFC 8460) on the way to accounts' own domains are taken: beside the bounces. */
export const tlsReportAddress = ({
  bounceDomain,
}: {
  readonly bounceDomain?: string | null | undefined;
}): string | null =>
  bounceDomain === undefined || bounceDomain === null ? null : `tlsrpt@${bounceDomain.toLowerCase()}`;

/** The same by HTTPS (RFC 8460 §5.4), for one domain; null: console and API are not reached so. */
export const tlsReportUrl = (
  { publicUrl }: { readonly publicUrl?: string | null | undefined },
  domain: string,
): string | null =>
  publicUrl?.startsWith('https:') === true
    ? `${publicUrl.replace(/\/+$/, '')}/v1/tls-reports/${encodeURIComponent(domain.toLowerCase())}`
    : null;

/** Nothing of our mail depends on these; the domain's owner may want them. */
function advice({ domain, names }: SetupPlan, seen: SetupSeen | null, purpose: keyof typeof advices): SetupRecord {
  const { prefix, value, about } = advices[purpose];
  const address = tlsReportAddress(names);
  const url = tlsReportUrl(names, domain);
  const reportsTo = address === null && url !== null ? url : `mailto:${address ?? `tls-reports@${domain}`}`;
  const text = purpose === 'tls-rpt' ? value + reportsTo : value;
  const record: PlannedRecord = {
    purpose,
    name: `${prefix}.${domain}`,
    type: 'TXT',
    value: text,
    isRequired: false,
    about,
  };
  if (seen === null) return unchecked(record);
  const found = purpose === 'tls-rpt' ? seen.tlsReports : seen.mtaSts;
  return judged(record, found, found?.length === 0 ? ['Not published. Mail goes out all the same.'] : []);
}
