/** The addresses of recipients' copies as the suppression list keeps them: known by their hash, sealed by the account's key. */
import { normaliseAddress } from '../core/message/index.ts';
import type { Tx } from '../platform/database.ts';
import { type AccountVault, nullWhenBroken } from '../platform/vault.ts';
import { type CopyAddress, type SuppressionRow, selectCopyAddresses } from './store.ts';

export type CopyVault = Pick<AccountVault, 'seal' | 'openMessageKey'>;

export interface SpokenFor {
  readonly recipientId: string;
  readonly at: Date;
}

/** An address once, however many of its copies there are: a statement may not touch a row twice. */
export async function rowsOfCopies(
  tx: Tx,
  vault: CopyVault,
  recipients: readonly SpokenFor[],
  standing: Pick<SuppressionRow, 'reason' | 'scope'>,
): Promise<SuppressionRow[]> {
  const copies = await selectCopyAddresses(
    tx,
    recipients.map(({ recipientId }) => recipientId),
  );
  const times = new Map(recipients.map(({ recipientId, at }) => [recipientId, at]));
  const byIndex = new Map(copies.map((copy) => [copy.addressIndex.toString('hex'), copy]));
  return [...byIndex.values()].map((copy) => ({
    ...standing,
    addressIndex: copy.addressIndex,
    addressSealed: resealed(vault, copy),
    createdAt: times.get(copy.recipientId) ?? new Date(0),
    expiresAt: null,
  }));
}

/** Null: erased, or it does not open. What is known of the address holds all the same. */
function resealed(vault: CopyVault, copy: CopyAddress): Buffer | null {
  if (copy.keySealed === null) return null;
  try {
    const address = vault.openMessageKey(copy.keySealed).open('recipient.address', copy.addressSealed).toString();
    return vault.seal('suppression.address', normaliseAddress(address));
  } catch (error) {
    return nullWhenBroken(error);
  }
}
