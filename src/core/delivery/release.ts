/** Decides whether an attempt was kept from going by our own policy, which may be released, or by what others ask for. */
import type { TransportEvidence } from './evidence.ts';
import type { Why } from './reasons.ts';

export type { Released } from './transport.ts';

/** Why the connection was not good enough; everything else is an answer, or none. */
const protection: ReadonlySet<Why> = new Set([
  'tls.not_offered',
  'tls.handshake',
  'tls.certificate',
  'tls.no_authenticated_route',
  'tls.pin',
  'dane.bogus',
  'dane.mismatch',
  'mta_sts.host_not_listed',
]);

/** Of the last attempt: `ours` when a lower floor would have let it use one of the hosts. */
export function whatKeepsBack(evidence: TransportEvidence | null): 'ours' | 'others' | 'nothing' {
  const kept = (evidence?.tries ?? []).filter(({ why }) => why !== null && protection.has(why));
  if (kept.some(({ grounds }) => grounds === 'floor' || grounds === 'release')) return 'ours';
  return kept.length > 0 ? 'others' : 'nothing';
}
