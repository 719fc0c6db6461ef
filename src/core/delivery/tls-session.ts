/**
 * What one attempt to speak with a recipient's mail host is in a report about TLS (RFC 8460): under which policy, and
 * whether protection came about as that policy asks. It counts nothing.
 */
import type { Tlsa } from './dane.ts';
import { namesHost, type StsFault, type StsPolicy } from './mta-sts.ts';
import type { Why } from './reasons.ts';
import type { HopFacts, TlsFacts } from './transport.ts';

/** RFC 8460 §4.3. */
export const tlsFailures = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;
export type TlsFailure = (typeof tlsFailures)[number];

export interface TlsPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** RFC 8460 §1.1: of DANE, the name that the records stand under. */
  readonly domain: string;
  readonly lines: readonly string[];
  readonly mx: readonly string[];
}

export interface TlsSession {
  readonly policy: TlsPolicy;
  /** Null: it succeeded. */
  readonly failure: TlsFailure | null;
  /** RFC 8460 §4.4: a short code beside the result. */
  readonly reason: string | null;
  readonly host: string | null;
  readonly address: string | null;
  readonly source: string | null;
}

/** What is counted together. */
export interface TlsCounted extends TlsSession {
  readonly recipientDomain: string;
}

export interface SessionSeen {
  readonly domain: string;
  readonly facts: Omit<HopFacts, 'floor'>;
  readonly why: Why | null;
  readonly tls: TlsFacts | null;
  readonly address: string | null;
  readonly source: string | null;
  /** SMTP was spoken. */
  readonly reached: boolean;
  /** The connection was made for this attempt: each is told once, however many messages it carries. */
  readonly isNew: boolean;
  /** TLS was offered and broke, so that clear text was used. */
  readonly tlsBroke: boolean;
}

/** None: nothing was learned of TLS. */
export function readTlsSessions(seen: SessionSeen): TlsSession[] {
  const { facts, domain, address, source } = seen;
  const found = resultOf(seen);
  if (found === null) return [];
  const met = { host: facts.host, address, source };
  const sessions: TlsSession[] = [{ policy: policyOf(domain, facts), ...found, ...met }];
  if (facts.sts.kind === 'unknown') sessions.push(unfetched(domain, facts.sts.fault));
  return sessions;
}

/** The policy is announced and could not be had: mail went as without one, and its owner should know. */
const unfetched = (domain: string, failure: StsFault): TlsSession => ({
  policy: { type: 'sts', domain, lines: [], mx: [] },
  ...{ failure, reason: null, host: null, address: null, source: null },
});

type Result = Pick<TlsSession, 'failure' | 'reason'>;
const success: Result = { failure: null, reason: null };
const failed = (failure: TlsFailure, reason: string | null = null): Result => ({ failure, reason });

const barred: Partial<Record<Why, Result>> = {
  'dane.bogus': failed('dnssec-invalid'),
  'mta_sts.host_not_listed': failed('validation-failure', 'mx-not-in-policy'),
};

function resultOf(seen: SessionSeen): Result | null {
  const { why, facts, tls, reached } = seen;
  const early = why === null ? undefined : barred[why];
  if (early !== undefined) return early;
  if (why === 'tls.no_authenticated_route') return facts.dane.kind === 'none' ? failed('dane-required') : null;
  if (!seen.isNew) return null;
  if (why === 'tls.not_offered') return failed('starttls-not-supported');
  if (why === 'tls.handshake') return failed('validation-failure', 'tls-handshake');
  if (why === 'dane.mismatch') return failed('validation-failure', 'dane-no-match');
  if (why === 'tls.certificate') return certificateFault(tls);
  if (tls === null && !reached) return null;
  if (tls === null)
    return seen.tlsBroke ? failed('validation-failure', 'tls-handshake') : failed('starttls-not-supported');
  if (facts.dane.kind === 'unusable') return failed('tlsa-invalid');
  return facts.dane.kind === 'usable' ? success : underSts(facts, tls);
}

/** In testing mode too the session is judged as if the policy were enforced (RFC 8461 §5). */
function underSts({ sts, host }: SessionSeen['facts'], tls: TlsFacts): Result {
  if (!isInForce(sts)) return success;
  if (!namesHost(sts.policy, host)) return failed('validation-failure', 'mx-not-in-policy');
  if (!tls.verified) return certificateFault(tls);
  return tls.protocol === 'TLSv1.2' || tls.protocol === 'TLSv1.3'
    ? success
    : failed('validation-failure', 'tls-version');
}

const isInForce = (sts: HopFacts['sts']): sts is Extract<HopFacts['sts'], { kind: 'policy' }> =>
  sts.kind === 'policy' && sts.policy.mode !== 'none';

function certificateFault(tls: TlsFacts | null): Result {
  const verdict = tls?.certificate?.verdict ?? '';
  if (verdict === 'CERT_HAS_EXPIRED') return failed('certificate-expired');
  if (/ALTNAME|HOSTNAME/.test(verdict)) return failed('certificate-host-mismatch');
  // Trusted, and yet not enough: the protocol is too old.
  return verdict === 'trusted' ? failed('validation-failure', 'tls-version') : failed('certificate-not-trusted');
}

function policyOf(domain: string, { dane, sts, host }: SessionSeen['facts']): TlsPolicy {
  if (dane.kind === 'usable')
    return { type: 'tlsa', domain: dane.names[0] ?? host, lines: dane.records.map(tlsaLine), mx: [] };
  if (dane.kind === 'unusable') return { type: 'tlsa', domain: dane.base, lines: dane.records.map(tlsaLine), mx: [] };
  if (dane.kind === 'bogus') return { type: 'tlsa', domain: host, lines: [], mx: [] };
  if (isInForce(sts)) return { type: 'sts', domain, lines: stsLines(sts.policy), mx: sts.policy.mx };
  return { type: 'no-policy-found', domain, lines: [], mx: [] };
}

const tlsaLine = ({ usage, selector, matchingType, data }: Tlsa): string =>
  `${usage} ${selector} ${matchingType} ${data.slice(0, 256).toUpperCase()}`;

const stsLines = ({ mode, mx, maxAgeSeconds }: StsPolicy): string[] => [
  'version: STSv1',
  `mode: ${mode}`,
  ...mx.map((pattern) => `mx: ${pattern}`),
  `max_age: ${maxAgeSeconds}`,
];
