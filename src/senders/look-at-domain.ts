/** Looks at the DNS of one sender domain: everything that its set-up and its check are judged by. It decides nothing. */
import { keyName, proofName, type SetupPlan, type SetupSeen } from '../core/senders/setup.ts';
import type { Seen } from '../core/senders/setup-record.ts';
import type { Found, LookUp } from '../platform/look-up.ts';
import { type DmarcFacts, readDmarcOf } from './check-dmarc.ts';
import { checkSpf, type SpfVerdict } from './check-spf.ts';
import { lookAtInstallation } from './look-at-installation.ts';

export interface DomainView {
  readonly seen: SetupSeen;
  readonly dmarc: DmarcFacts;
  /** By our addresses; empty where none is known. Of the domain. */
  readonly spf: readonly SpfView[];
  /** Of the domain that envelopes name: the bounce domain where one is set. */
  readonly envelope: { readonly domain: string; readonly organisation: string; readonly spf: readonly SpfView[] };
}

interface SpfView {
  readonly address: string;
  readonly verdict: SpfVerdict;
}

/** RFC 5737: nobody's. It shows whether a record can be read at all where no address of ours is known. */
const nobodysAddress = '192.0.2.1';

export async function lookAtDomain(dns: LookUp, plan: SetupPlan): Promise<DomainView> {
  const { domain, keys, addresses, names } = plan;
  const [ownership, spfTexts, dmarc, dmarcTexts, mtaSts, tlsReports, installation, found] = await Promise.all([
    dns.texts(proofName(domain)),
    dns.texts(domain),
    readDmarcOf(dns, domain),
    dns.texts(`_dmarc.${domain}`),
    dns.texts(`_mta-sts.${domain}`),
    dns.texts(`_smtp._tls.${domain}`),
    lookAtInstallation(dns, names),
    Promise.all(
      keys.map(async ({ selector }) => [selector, seenOf(await dns.texts(keyName(selector, domain)))] as const),
    ),
  ]);
  const spf = await spfViews(dns, domain, addresses);
  const envelope = await lookAtEnvelope(dns, plan, { domain, organisation: dmarc.organisation, spf });
  return {
    ...{ dmarc, spf, envelope },
    seen: {
      ownership: seenOf(ownership),
      keys: new Map(found),
      spf: seenOf(spfTexts),
      spfFaults: await spfFaults(dns, domain, spf),
      dmarc: dmarcTexts.kind === 'failed' ? null : dmarc.ownTexts,
      dmarcInForce:
        dmarc.record === null ? null : { record: dmarc.record, domain: dmarc.recordDomain ?? dmarc.organisation },
      mtaSts: seenOf(mtaSts),
      tlsReports: seenOf(tlsReports),
      installation: { ...installation, bounceSpfFaults: await spfFaults(dns, envelope.domain, envelope.spf) },
    },
  };
}

const spfViews = (dns: LookUp, domain: string, addresses: readonly string[]): Promise<SpfView[]> =>
  Promise.all(addresses.map(async (address) => ({ address, verdict: await checkSpf(dns, address, domain) })));

async function lookAtEnvelope(dns: LookUp, { names, addresses }: SetupPlan, own: DomainView['envelope']) {
  const domain = names.bounceDomain;
  if (domain === null || domain === own.domain) return own;
  const [{ organisation }, spf] = await Promise.all([readDmarcOf(dns, domain), spfViews(dns, domain, addresses)]);
  return { domain, organisation, spf };
}

const seenOf = (found: Found<string>): Seen =>
  found.kind === 'failed' ? null : found.kind === 'none' ? [] : found.records;

async function spfFaults(dns: LookUp, domain: string, spf: readonly SpfView[]): Promise<string[]> {
  if (spf.length > 0) return [...new Set(spf.flatMap(({ address, verdict }) => spfSentence(address, verdict) ?? []))];
  const verdict = await checkSpf(dns, nobodysAddress, domain);
  return verdict.why === null ? [] : [verdict.why];
}

/** Undefined: it passes. */
export function spfSentence(address: string, { result, why }: SpfVerdict): string | undefined {
  if (result === 'pass') return undefined;
  if (why !== null) return why;
  return result === 'none'
    ? 'There is no SPF record.'
    : `The record does not allow ${address}, from where mail leaves here (${result}).`;
}
