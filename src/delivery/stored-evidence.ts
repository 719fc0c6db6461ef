/** What was kept of an attempt beside its code: the server that answered and the evidence, under the key of its message. */
import type { TransportEvidence } from '../core/delivery/evidence.ts';
import { type MessageKeys, openOfMessage, sealForMessage } from '../platform/message-seal.ts';
import type { Sealer } from '../platform/vault.ts';

const purpose = 'attempt.evidence';

export interface StoredEvidence extends TransportEvidence {
  /** Of attempts recorded by older versions it stands beside, readable. */
  readonly host?: string | null;
}

export const sealEvidence = (message: Sealer, evidence: StoredEvidence): Buffer =>
  sealForMessage(message, purpose, JSON.stringify(evidence));

/** Null: nothing was kept, or it ended with the message's key. */
export function openEvidence(keys: MessageKeys, sealed: Buffer | null): StoredEvidence | null {
  const text = sealed === null ? null : openOfMessage(keys, purpose, sealed);
  return text === null ? null : (JSON.parse(text.toString()) as StoredEvidence);
}
