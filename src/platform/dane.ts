/**
 * DANE for mail (RFC 7672): asks a validating resolver for a host's TLSA records, and checks a certificate chain against
 * them. Without such a resolver it says so, and nothing is believed.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import QuickLru from 'quick-lru';
import { endEntityUsage, isUsable, type Tlsa, trustAnchorUsage } from '../core/delivery/dane.ts';
import type { DaneState } from '../core/delivery/transport.ts';
import { askSecurely, type QueryOptions, type RecordType, type SecureAnswer } from './dns-query.ts';

export interface Dane {
  /** What holds for a mail host that a domain names in its MX records, or for the domain itself where it names none. */
  ofMailHost(domain: string, host: string, port: number): Promise<DaneState>;
  /** What holds for a host that was chosen here, such as a relay: no MX record leads to it. */
  ofHost(host: string, port: number): Promise<DaneState>;
}

const off: DaneState = { kind: 'off' };
const none: DaneState = { kind: 'none' };
const bogus: DaneState = { kind: 'bogus' };

export const noDane: Dane = { ofMailHost: () => Promise.resolve(off), ofHost: () => Promise.resolve(off) };

const keepMostMs = 300_000;
const keepFailureMs = 30_000;
const maxKept = 20_000;
const mostRecords = 50;

type Ask = (name: string, type: RecordType) => Promise<SecureAnswer>;

/** @param options the resolver's addresses: it validates, and nobody stands between it and us (RFC 7672 §2.1.1). */
export function openDane(options: QueryOptions): Dane {
  const ask = keptAnswers(options);
  const ofHost = (host: string, port: number): Promise<DaneState> => recordsOf(ask, host, port);
  return {
    ofHost,
    async ofMailHost(domain, host, port) {
      const mx = await ask(domain, 'MX');
      if (mx.kind === 'failed') return bogus;
      // RFC 7672 §2.2.1: of a host that an unsigned answer named, nothing is proved by its own records.
      if (!mx.isSecure) return none;
      // Signed, and it names others: the host comes from an answer that is old or false. Soon both are asked anew.
      return isNamed(mx, domain, host) ? ofHost(host, port) : bogus;
    },
  };
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

function isNamed(mx: SecureAnswer, domain: string, host: string): boolean {
  if (mx.kind !== 'answer') return plainName(domain) === plainName(host);
  return mx.records.some((one) => one.type === 'MX' && plainName(one.data.exchange) === plainName(host));
}

/** RFC 7672 §2.2.2 and §2.2.3: records at the end of an alias count first, then those at the name itself. */
async function recordsOf(ask: Ask, host: string, port: number): Promise<DaneState> {
  const addresses = await addressAnswer(ask, host);
  if (addresses.kind === 'failed') return bogus;
  const alias = addresses.kind === 'answer' ? lastAlias(addresses.records, host) : null;
  const bases: string[] = [];
  if (addresses.isSecure) bases.push(...(alias === null ? [host] : [alias, host]));
  else if (alias !== null) {
    const own = await ask(host, 'CNAME');
    if (own.kind === 'failed') return bogus;
    if (own.isSecure) bases.push(host);
  }
  for (const base of bases) {
    const state = await stateAt(ask, base, port, alias === null ? [host] : [base, host]);
    if (state.kind !== 'none') return state;
  }
  return none;
}

async function addressAnswer(ask: Ask, host: string): Promise<SecureAnswer> {
  const four = await ask(host, 'A');
  const hasAddress = four.kind === 'answer' && four.records.some(({ type }) => type === 'A');
  return four.kind === 'failed' || hasAddress ? four : ask(host, 'AAAA');
}

function lastAlias(records: Extract<SecureAnswer, { kind: 'answer' }>['records'], host: string): string | null {
  const aliases = new Map(
    records.flatMap((one) => (one.type === 'CNAME' ? [[plainName(one.name), plainName(one.data)]] : [])) as [
      string,
      string,
    ][],
  );
  let at = plainName(host);
  for (let steps = aliases.size; steps > 0 && aliases.has(at); steps -= 1) at = aliases.get(at) ?? at;
  return at === plainName(host) ? null : at;
}

async function stateAt(ask: Ask, base: string, port: number, referenceNames: readonly string[]): Promise<DaneState> {
  const found = await ask(`_${port}._tcp.${base}`, 'TLSA');
  if (found.kind === 'failed') return bogus;
  if (found.kind === 'none' || !found.isSecure) return none;
  const records = found.records.flatMap((one): Tlsa[] => {
    if (one.type !== 'TLSA') return [];
    const { certificate, ...fields } = one.data;
    return [{ ...fields, data: certificate.toString('hex') }];
  });
  if (records.length === 0) return none;
  const usable = records.slice(0, mostRecords).filter((one) => isUsable(one) && isReadable(one));
  if (usable.length === 0) return { kind: 'unusable', records: records.slice(0, mostRecords), base };
  return { kind: 'usable', records: usable, names: [...new Set(referenceNames)] };
}

/** RFC 7671 §4.3: what is given whole and cannot be read is as good as absent. */
const isReadable = (record: Tlsa): boolean => record.matchingType !== 0 || wholeOf(record) !== null;

/** The certificate or the key that a record carries itself. */
function wholeOf({ selector, matchingType, data }: Tlsa): X509Certificate | KeyObject | null {
  if (matchingType !== 0) return null;
  const bytes = Buffer.from(data, 'hex');
  try {
    return selector === 0 ? new X509Certificate(bytes) : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** Each question once at a time; an answer is kept as long as it says, five minutes at most. */
function keptAnswers(options: QueryOptions): Ask {
  const kept = new QuickLru<string, { readonly answer: SecureAnswer; readonly untilMs: number }>({ maxSize: maxKept });
  const pending = new Map<string, Promise<SecureAnswer>>();
  const look = async (key: string, name: string, type: RecordType): Promise<SecureAnswer> => {
    const answer = await askSecurely(options, name, type);
    pending.delete(key);
    kept.set(key, { answer, untilMs: Date.now() + lifeMs(answer) });
    return answer;
  };
  return (name, type) => {
    const key = `${type} ${plainName(name)}`;
    const known = kept.get(key);
    if (known !== undefined && Date.now() < known.untilMs) return Promise.resolve(known.answer);
    const running = pending.get(key) ?? look(key, name, type);
    pending.set(key, running);
    return running;
  };
}

function lifeMs(answer: SecureAnswer): number {
  if (answer.kind !== 'answer') return keepFailureMs;
  const ttls = answer.records.map((one) => ('ttl' in one && typeof one.ttl === 'number' ? one.ttl : 0));
  return Math.min(keepMostMs, Math.max(1, Math.min(...ttls)) * 1_000);
}

/** @param chain the certificate that the host showed first, then those that issued it, each by the next. */
export function isVouchedFor(
  chain: readonly X509Certificate[],
  records: readonly Tlsa[],
  referenceNames: readonly string[],
  nowMs: number,
): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  // RFC 7672 §3.1.1: for usage 3 neither names nor dates count, the record alone binds the key.
  if (records.some((record) => record.usage === endEntityUsage && names(record, leaf))) return true;
  const anchors = records.filter(({ usage }) => usage === trustAnchorUsage);
  if (anchors.length === 0 || !referenceNames.some((name) => leaf.checkHost(name) !== undefined)) return false;
  return leadsToAnchor(chain, anchors, nowMs);
}

function leadsToAnchor(chain: readonly X509Certificate[], anchors: readonly Tlsa[], nowMs: number): boolean {
  const isCurrent = (one: X509Certificate): boolean =>
    one.validFromDate.getTime() <= nowMs && nowMs < one.validToDate.getTime();
  for (const [place, certificate] of chain.entries()) {
    if (!isCurrent(certificate)) return false;
    const issuer = chain[place + 1];
    if (issuer === undefined) return isSignedByAbsent(certificate, anchors, isCurrent);
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
    if (anchors.some((record) => names(record, issuer))) return isCurrent(issuer);
  }
  return false;
}

/** RFC 7671 §5.2.2: an authority that a record gives whole need not be shown by the server. */
function isSignedByAbsent(
  certificate: X509Certificate,
  anchors: readonly Tlsa[],
  isCurrent: (one: X509Certificate) => boolean,
): boolean {
  return anchors.map(wholeOf).some((anchor) => {
    if (anchor === null) return false;
    if (!(anchor instanceof X509Certificate)) return certificate.verify(anchor);
    return anchor.ca && isCurrent(anchor) && certificate.checkIssued(anchor) && certificate.verify(anchor.publicKey);
  });
}

/** RFC 6698 §2.1.2 and §2.1.3: the certificate or its key, as it is or as a digest. */
function names({ selector, matchingType, data }: Tlsa, certificate: X509Certificate): boolean {
  const selected = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  if (matchingType === 0) return selected.toString('hex') === data;
  const digest = createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(selected)
    .digest('hex');
  return digest === data;
}
