/**
 * Decides what protection a connection must have before a message may use it. The ladder: plain < opportunistic <
 * verified < authenticated. It opens no connection.
 */
import type { Tlsa } from './dane.ts';
import { namesHost, type StsState } from './mta-sts.ts';
import type { Why } from './reasons.ts';

export type MinimumTransport = 'plain' | 'opportunistic' | 'verified' | 'authenticated';

/**
 * What one recipient's mail was let go to, below its floor: `opportunistic` to TLS 1.2 or later whoever the other side
 * is, never to clear text; `plain` to clear text too, where no TLS is offered.
 */
export type Released = Extract<MinimumTransport, 'plain' | 'opportunistic'>;

const ladder: readonly MinimumTransport[] = ['plain', 'opportunistic', 'verified', 'authenticated'];

/** The floor at acceptance and the floor now: the stricter holds. */
export const stricter = (one: MinimumTransport, other: MinimumTransport): MinimumTransport =>
  ladder.indexOf(one) >= ladder.indexOf(other) ? one : other;

/** Who asks for a floor. `acceptance`: what account, departments and the message asked for when it was accepted. */
export type FloorSource = 'account' | 'department' | 'message' | 'domain_rule' | 'acceptance';

export interface Floor {
  readonly level: MinimumTransport;
  readonly from: FloorSource;
}

/** The strictest wins; of equals the one named first. */
export const strictestFloor = (first: Floor, ...others: readonly Floor[]): Floor =>
  others.reduce((held, one) => (ladder.indexOf(one.level) > ladder.indexOf(held.level) ? one : held), first);

/** The certificate that a next hop showed. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notAfter: string;
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint: string;
  /** `trusted`, or why the authorities of the web do not vouch for it: a code. */
  readonly verdict: string;
}

/** What is known of a connection's TLS. */
export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The certificate is trusted and valid for the host's name. */
  readonly verified: boolean;
  /** What else proved the host, when the demand asked for it: its TLSA records or the pinned key. */
  readonly proof: 'dane' | 'pin' | null;
  readonly certificate: CertificateFacts | null;
}

/**
 * `if-offered`: TLS when the next hop has it, of any strength, else clear text (RFC 7435: some protection is better
 * than none). `encrypted`: TLS 1.2 or later, whoever the other side is. `verified`: that with a certificate for the
 * host's name. `dane`, `pin`: that with a certificate that TLSA records or a pinned key vouch for.
 */
export type TlsDemand =
  | 'if-offered'
  | 'encrypted'
  | 'verified'
  | { readonly kind: 'dane'; readonly records: readonly Tlsa[]; readonly names: readonly string[] }
  /** SHA-256 of the public key (SPKI), in hexadecimal. */
  | { readonly kind: 'pin'; readonly spkiSha256: string };

/**
 * What DNSSEC says of a host. `off`: nobody validates it. `none`: no records, or nothing that DNSSEC vouches for.
 * `unusable`: records that ask for encryption and name no certificate that could be checked.
 */
export type DaneState =
  | { readonly kind: 'off' | 'none' | 'bogus' }
  /** `base`: the name that they stand under. */
  | { readonly kind: 'unusable'; readonly records: readonly Tlsa[]; readonly base: string }
  | { readonly kind: 'usable'; readonly records: readonly Tlsa[]; readonly names: readonly string[] };

export interface HopFacts {
  readonly host: string;
  readonly floor: MinimumTransport;
  readonly sts: StsState;
  readonly dane: DaneState;
  readonly pin: string | null;
  /** Somebody let this mail go below a floor of `verified` or more. */
  readonly released?: Released | null;
}

/** Which rule decided how the next hop must prove itself. */
export type Grounds = 'floor' | 'mta-sts' | 'dane' | 'dane-unusable' | 'pin' | 'release';

export type HopPlan =
  | { readonly kind: 'connect'; readonly tls: TlsDemand; readonly grounds: Grounds }
  | { readonly kind: 'barred'; readonly why: Why; readonly grounds: Grounds };

/**
 * DANE wins over MTA-STS (RFC 8461 §2), a pin over both: whoever set it knows the host. A release lowers the floor alone.
 */
export function planHop(facts: HopFacts): HopPlan {
  const { floor, sts, dane, pin, host } = facts;
  if (pin !== null) return { kind: 'connect', tls: { kind: 'pin', spkiSha256: pin }, grounds: 'pin' };
  // RFC 7672 §2.1.2: a lookup that fails must not be taken for a host without records.
  if (dane.kind === 'bogus') return { kind: 'barred', why: 'dane.bogus', grounds: 'dane' };
  if (dane.kind === 'usable')
    return { kind: 'connect', tls: { kind: 'dane', records: dane.records, names: dane.names }, grounds: 'dane' };
  if (sts.kind === 'policy' && sts.policy.mode === 'enforce') {
    if (!namesHost(sts.policy, host)) return { kind: 'barred', why: 'mta_sts.host_not_listed', grounds: 'mta-sts' };
    return { kind: 'connect', tls: 'verified', grounds: 'mta-sts' };
  }
  const isReleased = (facts.released ?? null) !== null && (floor === 'verified' || floor === 'authenticated');
  if (isReleased && dane.kind !== 'unusable')
    return { kind: 'connect', tls: facts.released === 'plain' ? 'if-offered' : 'encrypted', grounds: 'release' };
  if (isReleased) return { kind: 'connect', tls: 'encrypted', grounds: 'dane-unusable' };
  if (floor === 'authenticated') return { kind: 'barred', why: 'tls.no_authenticated_route', grounds: 'floor' };
  if (floor === 'verified') return { kind: 'connect', tls: 'verified', grounds: 'floor' };
  // RFC 7672 §2.2: encryption is still mandatory, and nobody can be authenticated.
  if (dane.kind === 'unusable') return { kind: 'connect', tls: 'encrypted', grounds: 'dane-unusable' };
  return { kind: 'connect', tls: 'if-offered', grounds: 'floor' };
}

const strongProtocols = new Set(['TLSv1.2', 'TLSv1.3']);

/** The last look before MAIL FROM: may a message with this demand use a connection with these facts? */
export function meetsDemand(demand: TlsDemand, facts: TlsFacts | null): boolean {
  if (demand === 'if-offered') return true;
  if (facts === null || !strongProtocols.has(facts.protocol)) return false;
  if (demand === 'encrypted') return true;
  return demand === 'verified' ? facts.verified : facts.proof === demand.kind;
}

/** What a rung means for a connection that met this demand. */
export function rungOf(demand: TlsDemand, grounds: Grounds, facts: TlsFacts | null): MinimumTransport {
  if (facts === null) return 'plain';
  if (typeof demand !== 'string' || grounds === 'mta-sts') return 'authenticated';
  return facts.verified && strongProtocols.has(facts.protocol) ? 'verified' : 'opportunistic';
}
