/**
 * DMARC as RFC 9989 has it: which names are asked in the tree walk, what a record says, whose domain an organisation's
 * is, and whether two domains are aligned. It asks nobody.
 */
import { readTags } from './dkim-record.ts';

export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface DmarcRecord {
  readonly policy: DmarcPolicy;
  readonly subdomainPolicy: DmarcPolicy;
  readonly dkim: 'relaxed' | 'strict';
  readonly spf: 'relaxed' | 'strict';
  /** `y`: a public suffix; `n`: the organisation's own domain; `u`: it does not say. */
  readonly psd: 'y' | 'n' | 'u';
  readonly hasReports: boolean;
  readonly isTest: boolean;
}

/** What was found at a name of the walk. */
export interface DmarcStep {
  readonly domain: string;
  readonly record: DmarcRecord;
}

export const isDmarc = (text: string): boolean => /^v\s*=\s*DMARC1\s*(;|$)/.test(text);

const policies: Readonly<Record<string, DmarcPolicy>> = { none: 'none', quarantine: 'quarantine', reject: 'reject' };

/** Null: its `p` is none that there is, and it says nothing else to go by (§4.7: with `rua` it counts as `none`). */
export function readDmarc(text: string): DmarcRecord | null {
  const tags = readTags(text);
  const hasReports = /^mailto:/i.test(tags.get('rua') ?? '');
  const policy = policies[(tags.get('p') ?? '').toLowerCase()] ?? (hasReports ? 'none' : undefined);
  if (policy === undefined) return null;
  const psd = tags.get('psd')?.toLowerCase();
  return {
    policy,
    subdomainPolicy: policies[(tags.get('sp') ?? '').toLowerCase()] ?? policy,
    dkim: tags.get('adkim')?.toLowerCase() === 's' ? 'strict' : 'relaxed',
    spf: tags.get('aspf')?.toLowerCase() === 's' ? 'strict' : 'relaxed',
    psd: psd === 'y' || psd === 'n' ? psd : 'u',
    hasReports,
    isTest: tags.get('t')?.toLowerCase() === 'y',
  };
}

/** §4.10: the domain, then each above it; of names with more than eight labels those between are skipped. */
export function walkOf(domain: string): string[] {
  const labels = domain.split('.');
  const above = labels.length > 8 ? labels.length - 7 : 1;
  return [domain, ...labels.slice(above).map((_, place) => labels.slice(above + place).join('.'))];
}

/** §4.10.2, of the records that the walk found from the domain upwards. */
export function organisationOf(domain: string, found: readonly DmarcStep[]): string {
  for (const [place, { domain: at, record }] of found.entries()) {
    if (record.psd === 'n') return at;
    if (record.psd === 'y' && !(place === 0 && at === domain)) return below(domain, at);
  }
  return found.at(-1)?.domain ?? domain;
}

function below(domain: string, suffix: string): string {
  const labels = domain.split('.');
  return labels.slice(labels.length - suffix.split('.').length - 1).join('.');
}

/** §4.4: strict wants the same domain, relaxed the same organisation. */
export const isAligned = (
  mode: 'relaxed' | 'strict',
  one: { readonly domain: string; readonly organisation: string },
  other: { readonly domain: string; readonly organisation: string },
): boolean => (mode === 'strict' ? one.domain === other.domain : one.organisation === other.organisation);
