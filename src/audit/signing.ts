/** Signs and checks the checkpoints of audit chains with the installation's key. */
import type { KeyObject } from 'node:crypto';
import {
  type ChainedEntry,
  type Checkpoint,
  type CheckpointClaim,
  checkpointText,
  type LossClaim,
  lossText,
} from '../core/audit/chain.ts';
import { type InstallationSigner, isSignedWith } from '../platform/signing.ts';

export function signCheckpoint(signer: InstallationSigner, claim: Omit<CheckpointClaim, 'type' | 'key'>): Checkpoint {
  const full: CheckpointClaim = { type: 'checkpoint', key: signer.keyId, ...claim };
  return { ...full, signature: signer.sign(checkpointText(full)) };
}

export const isCheckpointOf = (publicKey: KeyObject, checkpoint: Checkpoint): boolean =>
  isSignedWith(publicKey, checkpointText(checkpoint), checkpoint.signature);

export function signLoss(signer: InstallationSigner, entryHash: string, at: Date): LossClaim {
  const claim = { at: at.toISOString(), key: signer.keyId };
  return { ...claim, signature: signer.sign(lossText(entryHash, claim)) };
}

export function isSignedAsLost(publicKey: KeyObject, { hash, address }: ChainedEntry): boolean {
  const lost = address?.lost;
  if (lost === undefined || typeof lost.signature !== 'string') return false;
  return isSignedWith(publicKey, lossText(hash, lost), lost.signature);
}
