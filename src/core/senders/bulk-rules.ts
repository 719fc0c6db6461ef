/**
 * Would a domain's mail from here pass DMARC (RFC 9989), and meet what Gmail, Yahoo and Microsoft ask of bulk senders? It
 * is told what was seen; where something cannot be told it says so instead of guessing.
 */
import { type DmarcRecord, isAligned } from './dmarc-record.ts';

export interface AlignmentFacts {
  readonly domain: string;
  readonly organisation: string;
  /** Null: none holds. */
  readonly dmarc: DmarcRecord | null;
  readonly dmarcDomain: string | null;
  readonly dmarcFault: 'several' | 'unreadable' | 'no-answer' | null;
  /** The domain that envelopes name, where SPF is checked (RFC 7208 §2.4). */
  readonly envelope: { readonly domain: string; readonly organisation: string };
  /** Of the envelope's domain, by address of ours; `why` is a sentence. */
  readonly spf: readonly { readonly address: string; readonly result: string; readonly why: string }[];
  readonly isDkimSigning: boolean;
  /** Null: no answer. Keys that sign and are not in the DNS as they should be. */
  readonly brokenKeys: readonly string[] | null;
  /** By address of ours: the confirmed name (RFC 8601 §3), null: none, undefined: no answer. */
  readonly names: readonly { readonly address: string; readonly name: string | null | undefined }[];
  readonly oneClick: {
    /** The account wants it in marketing mail. */
    readonly isAdded: boolean;
    /** Undefined: links lead to this machine. */
    readonly trackingUrl: string | undefined;
  };
}

type Told = { readonly ok: boolean | null; readonly why: string };
type Rule = Told & { readonly rule: string };

export interface ProviderRules {
  readonly provider: 'gmail' | 'yahoo' | 'microsoft';
  /** Null: one of them cannot be told, and none is broken. */
  readonly met: boolean | null;
  readonly rules: Rule[];
}

function spfOf({ spf, domain, envelope }: AlignmentFacts): Told {
  if (spf.length === 0)
    return { ok: null, why: 'It is not known from which address mail leaves here: set WAXWING_SENDING_ADDRESSES.' };
  if (spf.some(({ result }) => result === 'temperror')) return { ok: null, why: 'The DNS gave no full answer.' };
  const failing = spf.find(({ result }) => result !== 'pass');
  if (failing !== undefined) return { ok: false, why: failing.why };
  const whose =
    envelope.domain === domain ? 'and the domain is the same' : `for the return address at ${envelope.domain}`;
  return { ok: true, why: `The SPF record allows every address from which mail leaves here, ${whose}.` };
}

/** RFC 9989 §4.4: what passes helps only a domain that it belongs to. */
export function alignedSpfOf(facts: AlignmentFacts): Told {
  const { domain, organisation, envelope, dmarc } = facts;
  const passes = spfOf(facts);
  if (passes.ok !== true || isAligned(dmarc?.spf ?? 'relaxed', { domain, organisation }, envelope)) return passes;
  return {
    ok: false,
    why: `SPF passes for the return address at ${envelope.domain}, which does not count for ${domain}: DMARC rests on DKIM.`,
  };
}

export function dkimOf({ isDkimSigning, brokenKeys }: AlignmentFacts): Told {
  if (!isDkimSigning)
    return { ok: false, why: 'No key of the domain signs yet: publish the keys and verify the domain.' };
  if (brokenKeys === null) return { ok: null, why: 'The DNS gave no answer about the keys.' };
  return brokenKeys.length === 0
    ? { ok: true, why: 'Mail is signed in the name of the domain, and the keys are in the DNS.' }
    : { ok: false, why: `Mail is signed by ${brokenKeys.join(' and ')}, which the DNS does not have (any more).` };
}

export function dmarcOf(facts: AlignmentFacts): Told & { readonly policy: DmarcRecord['policy'] | null } {
  const { dmarc, dmarcFault } = facts;
  if (dmarcFault === 'no-answer') return { policy: null, ok: null, why: 'The DNS gave no answer about DMARC.' };
  if (dmarcFault === 'several')
    return { policy: null, ok: false, why: 'There are several DMARC records: none counts.' };
  if (dmarcFault === 'unreadable') return { policy: null, ok: false, why: 'The DMARC record has no policy.' };
  if (dmarc === null) return { policy: null, ok: false, why: 'There is no DMARC record.' };
  const policy = facts.dmarcDomain === facts.domain ? dmarc.policy : dmarc.subdomainPolicy;
  // What signs is the sender domain itself, which is aligned in either mode.
  const self = { domain: facts.domain, organisation: facts.organisation };
  const passing = [
    ...(dkimOf(facts).ok === true && isAligned(dmarc.dkim, self, self) ? ['DKIM'] : []),
    ...(alignedSpfOf(facts).ok === true ? ['SPF'] : []),
  ];
  if (passing.length > 0) return { policy, ok: true, why: `It passes by ${passing.join(' and ')}.` };
  const isUnknown = dkimOf(facts).ok === null || alignedSpfOf(facts).ok === null;
  return isUnknown
    ? { policy, ok: null, why: 'Neither SPF nor DKIM could be told to pass.' }
    : { policy, ok: false, why: 'Neither SPF nor DKIM passes for the domain.' };
}

function nameOfServer({ names }: AlignmentFacts): Told {
  if (names.length === 0)
    return { ok: null, why: 'It is not known from which address mail leaves here: set WAXWING_SENDING_ADDRESSES.' };
  const nameless = names.find(({ name }) => name === null);
  if (nameless !== undefined)
    return {
      ok: false,
      why: `${nameless.address} has no name in the reverse DNS that leads back to it. Whoever gives you the address sets it.`,
    };
  return names.some(({ name }) => name === undefined)
    ? { ok: null, why: 'The reverse DNS gave no answer.' }
    : { ok: true, why: 'Every address from which mail leaves here has a name that leads back to it.' };
}

/** RFC 8058: both fields, an https address (§3.1), and a signature that covers them (§4). */
function unsubscribeOf({ oneClick, isDkimSigning }: AlignmentFacts): Told {
  const { isAdded, trackingUrl } = oneClick;
  if (!isAdded)
    return {
      ok: false,
      why: 'Waxwing does not add it: it is switched off in the settings. Marketing mail must bring both fields itself, or ask for them.',
    };
  if (trackingUrl === undefined)
    return { ok: false, why: 'The links to unsubscribe lead to this machine only: set WAXWING_TRACKING_URL.' };
  if (!trackingUrl.startsWith('https:'))
    return {
      ok: false,
      why: 'The links to unsubscribe begin with http, and RFC 8058 asks for https: mail programs show no button. Set an https WAXWING_TRACKING_URL.',
    };
  return isDkimSigning
    ? {
        ok: true,
        why: 'Marketing mail gets both fields, and the signature covers them; what a message says itself comes first.',
      }
    : {
        ok: false,
        why: 'Marketing mail gets both fields, but no signature covers them: no key of the domain signs yet.',
      };
}

export function bulkRules(facts: AlignmentFacts): ProviderRules[] {
  const spf: Rule = { rule: 'SPF passes', ...spfOf(facts) };
  const dkim: Rule = { rule: 'DKIM passes', ...dkimOf(facts) };
  const { policy, ...dmarc } = dmarcOf(facts);
  const record: Rule = {
    rule: 'There is a DMARC record',
    ok: policy === null ? (facts.dmarcFault === 'no-answer' ? null : false) : true,
    why: policy === null ? dmarc.why : `Its policy is ${policy}.`,
  };
  const aligned: Rule = { rule: 'DMARC passes', ...dmarc };
  const name: Rule = { rule: 'The servers have names', ...nameOfServer(facts) };
  const oneClick: Rule = { rule: 'One-click unsubscribe', ...unsubscribeOf(facts) };
  return [
    ofProvider('gmail', [spf, dkim, record, aligned, name, oneClick]),
    ofProvider('yahoo', [spf, dkim, record, aligned, name, oneClick]),
    ofProvider('microsoft', [spf, dkim, record, aligned]),
  ];
}

function ofProvider(provider: ProviderRules['provider'], rules: Rule[]): ProviderRules {
  const met = rules.some(({ ok }) => ok === false) ? false : rules.some(({ ok }) => ok === null) ? null : true;
  return { provider, met, rules };
}
