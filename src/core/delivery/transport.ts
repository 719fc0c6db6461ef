/**
 * Decides what protection a connection must have before a message may use it. The ladder: plain < opportunistic <
 * verified < authenticated. It opens no connection.
 */
import type { Why } from './reasons.ts';

export type MinimumTransport = 'plain' | 'opportunistic' | 'verified' | 'authenticated';

const ladder: readonly MinimumTransport[] = ['plain', 'opportunistic', 'verified', 'authenticated'];

/** The floor at acceptance and the floor now: the stricter holds. */
export const stricter = (one: MinimumTransport, other: MinimumTransport): MinimumTransport =>
  ladder.indexOf(one) >= ladder.indexOf(other) ? one : other;

/** What is known of a connection's TLS. */
export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The certificate is trusted and valid for the host's name. */
  readonly verified: boolean;
}

/**
 * `if-offered`: TLS when the next hop has it, of any strength, else clear text (RFC 7435: some protection is better
 * than none). `verified`: TLS 1.2 or later with a certificate for the host's name, or nothing.
 */
export type TlsDemand = 'if-offered' | 'verified';

export type TransportPlan =
  | { readonly kind: 'connect'; readonly tls: TlsDemand }
  | { readonly kind: 'unreachable'; readonly why: Why };

export function planTransport(floor: MinimumTransport): TransportPlan {
  // MTA-STS, DANE and pinned certificates are what would authenticate a next hop; without them nothing can.
  if (floor === 'authenticated') return { kind: 'unreachable', why: 'tls.no_authenticated_route' };
  return { kind: 'connect', tls: floor === 'verified' ? 'verified' : 'if-offered' };
}

const strongProtocols = new Set(['TLSv1.2', 'TLSv1.3']);

/** The last look before MAIL FROM: may a message with this demand use a connection with these facts? */
export function meetsDemand(demand: TlsDemand, facts: TlsFacts | null): boolean {
  if (demand === 'if-offered') return true;
  return facts?.verified === true && strongProtocols.has(facts.protocol);
}
