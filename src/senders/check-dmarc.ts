/** A domain's DMARC policy and its organisation, by the tree walk of RFC 9989 §4.10. It asks the DNS and keeps nothing. */
import {
  type DmarcRecord,
  type DmarcStep,
  isDmarc,
  organisationOf,
  readDmarc,
  walkOf,
} from '../core/senders/dmarc-record.ts';
import type { LookUp } from '../platform/look-up.ts';

export interface DmarcFacts {
  /** Of the domain itself, or of its organisation; null: none. */
  readonly record: DmarcRecord | null;
  /** Where it stands. */
  readonly recordDomain: string | null;
  readonly organisation: string;
  /** The texts at the domain itself, as they stand. */
  readonly ownTexts: readonly string[];
  readonly fault: 'several' | 'unreadable' | 'no-answer' | null;
}

export async function readDmarcOf(dns: LookUp, domain: string): Promise<DmarcFacts> {
  const found: DmarcStep[] = [];
  const own = await stepAt(dns, domain);
  let hasNoAnswer = own.fault === 'no-answer';
  for (const name of walkOf(domain)) {
    const { record, fault } = name === domain ? own : await stepAt(dns, name);
    hasNoAnswer ||= fault === 'no-answer';
    if (record !== null) found.push({ domain: name, record });
    if (record !== null && record.psd !== 'u') break;
  }
  const organisation = organisationOf(domain, found);
  const used = found.find((one) => one.domain === domain) ?? found.find((one) => one.domain === organisation);
  return {
    record: used?.record ?? null,
    recordDomain: used?.domain ?? null,
    organisation,
    ownTexts: own.texts,
    fault: own.fault ?? (hasNoAnswer ? 'no-answer' : null),
  };
}

interface Step {
  readonly texts: readonly string[];
  readonly record: DmarcRecord | null;
  readonly fault: DmarcFacts['fault'];
}

/** RFC 9989 §4.7: several records count as none. */
async function stepAt(dns: LookUp, name: string): Promise<Step> {
  const answer = await dns.texts(`_dmarc.${name}`);
  if (answer.kind === 'failed') return { texts: [], record: null, fault: 'no-answer' };
  const texts = answer.kind === 'found' ? answer.records.filter(isDmarc) : [];
  if (texts.length > 1) return { texts, record: null, fault: 'several' };
  const record = texts[0] === undefined ? null : readDmarc(texts[0]);
  return { texts, record, fault: texts.length > 0 && record === null ? 'unreadable' : null };
}
