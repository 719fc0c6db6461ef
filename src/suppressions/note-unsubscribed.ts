/**
 * Puts recipients who unsubscribed by the link of their copy on the suppression list: for marketing mail, until somebody takes
 * them off. An address whose message is erased is suppressed by its hash alone, which is all that is left of it.
 */
import { record } from '../audit/index.ts';
import { normaliseAddress } from '../core/message/index.ts';
import type { Tx } from '../platform/database.ts';
import { type AccountVault, nullWhenBroken } from '../platform/vault.ts';
import { addUnsubscribed, type CopyAddress, selectCopyAddresses } from './store.ts';

export interface UnsubscribedRecipient {
  readonly recipientId: string;
  readonly at: Date;
}

const [reason, scope] = ['unsubscribed', 'marketing'] as const;

/** In the transaction that records the event. Who is on the list already stays as they are, and no entry is written. */
export async function noteUnsubscribed(
  tx: Tx,
  vault: Pick<AccountVault, 'seal' | 'openMessageKey'>,
  recipients: readonly UnsubscribedRecipient[],
): Promise<void> {
  if (recipients.length === 0) return;
  const copies = await selectCopyAddresses(
    tx,
    recipients.map(({ recipientId }) => recipientId),
  );
  const times = new Map(recipients.map(({ recipientId, at }) => [recipientId, at]));
  // An address once, however many of its copies say so: a statement may not touch a row twice.
  const byIndex = new Map(copies.map((copy) => [copy.addressIndex.toString('hex'), copy]));
  const rows = [...byIndex.values()].map((copy) => ({
    addressIndex: copy.addressIndex,
    addressSealed: resealed(vault, copy),
    ...{ reason, scope, expiresAt: null },
    createdAt: times.get(copy.recipientId) ?? new Date(0),
  }));
  const added = await addUnsubscribed(tx, rows);
  const atOf = new Map(rows.map(({ addressIndex, createdAt }) => [addressIndex.toString('hex'), createdAt]));
  await record(
    tx,
    ...added.map((id) => ({
      at: atOf.get(id) ?? new Date(0),
      actor: { kind: 'system' as const, id: 'unsubscribe' },
      action: 'suppression.set' as const,
      object: { kind: 'suppression' as const, id },
      detail: { reason, scope },
    })),
  );
}

/** Null: erased, or it does not open. The will of the recipient holds all the same. */
function resealed(vault: Pick<AccountVault, 'seal' | 'openMessageKey'>, copy: CopyAddress): Buffer | null {
  if (copy.keySealed === null) return null;
  try {
    const address = vault.openMessageKey(copy.keySealed).open('recipient.address', copy.addressSealed).toString();
    return vault.seal('suppression.address', normaliseAddress(address));
  } catch (error) {
    return nullWhenBroken(error);
  }
}
