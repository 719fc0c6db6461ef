/** What is kept of how a copy travelled: what policy asked and why, and each host that was tried. It holds no word of the message. */
import type { StsState } from './mta-sts.ts';
import type { Why } from './reasons.ts';
import type { DaneState, Floor, Grounds, MinimumTransport, Released, TlsDemand, TlsFacts } from './transport.ts';

export interface TransportEvidence {
  /** By which route it went, and why; absent in what was kept before there were routes. */
  readonly route?: RouteEvidence;
  readonly floor: Floor;
  /** Below the floor somebody had let it go so far; absent: nobody had. */
  readonly released?: Released;
  readonly mtaSts: StsEvidence;
  readonly tries: readonly HopEvidence[];
  /** SHA-256 of the copy's bytes as they were handed over; null: none were made. */
  readonly sentSha256: string | null;
}

export interface RouteEvidence {
  /** Null: the installation's own way. */
  readonly name: string | null;
  readonly why: string;
}

export interface StsEvidence {
  readonly state: 'none' | 'unknown' | 'enforced' | 'testing' | 'withdrawn';
  readonly policyId: string | null;
  /** Why the policy could not be fetched anew. */
  readonly fault: string | null;
}

export interface HopEvidence {
  readonly host: string;
  readonly address: string | null;
  /** Our address, where one was chosen. */
  readonly source?: string;
  /** The host was not asked by this attempt: when it was asked a moment before, and could not be had. */
  readonly toldOf?: string;
  readonly dane: DaneState['kind'];
  /** Which rule decided. */
  readonly grounds: Grounds;
  /** Null: the rule bars the host, and no connection was made for this copy. */
  readonly demanded: 'if-offered' | 'encrypted' | 'verified' | 'dane' | 'pin' | null;
  readonly tls: TlsFacts | null;
  /** The rung that the connection reached; null where it met no demand or there was none. */
  readonly reached: MinimumTransport | null;
  /** Why the host got nothing, or did not take it; null: it answered for the message. */
  readonly why: Why | null;
}

export const demandName = (demand: TlsDemand): NonNullable<HopEvidence['demanded']> =>
  typeof demand === 'string' ? demand : demand.kind;

const stateOfMode = { enforce: 'enforced', testing: 'testing', none: 'withdrawn' } as const;

export function stsEvidence(sts: StsState): StsEvidence {
  if (sts.kind === 'none') return { state: 'none', policyId: null, fault: null };
  if (sts.kind === 'unknown') return { state: 'unknown', policyId: null, fault: sts.fault };
  return { state: stateOfMode[sts.policy.mode], policyId: sts.id, fault: sts.fault };
}
