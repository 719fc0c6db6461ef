/** Signs and checks the checkpoints of audit chains with the installation's key. */
import type { KeyObject } from 'node:crypto';
import { type Checkpoint, type CheckpointClaim, checkpointText } from '../core/audit/chain.ts';
import { type InstallationSigner, isSignedWith } from '../platform/signing.ts';

export function signCheckpoint(signer: InstallationSigner, claim: Omit<CheckpointClaim, 'type' | 'key'>): Checkpoint {
  const full: CheckpointClaim = { type: 'checkpoint', key: signer.keyId, ...claim };
  return { ...full, signature: signer.sign(checkpointText(full)) };
}

export const isCheckpointOf = (publicKey: KeyObject, checkpoint: Checkpoint): boolean =>
  isSignedWith(publicKey, checkpointText(checkpoint), checkpoint.signature);
