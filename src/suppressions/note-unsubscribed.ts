/**
 * Puts recipients who unsubscribed by the link of their copy on the suppression list: for marketing mail, until somebody takes
 * them off. An address whose message is erased is suppressed by its hash alone, which is all that is left of it.
 */
import { record } from '../audit/index.ts';
import type { Tx } from '../platform/database.ts';
import { type CopyVault, rowsOfCopies, type SpokenFor } from './copy-addresses.ts';
import { addUnsubscribed } from './store.ts';

const standing = { reason: 'unsubscribed', scope: 'marketing' } as const;

/** In the transaction that records the event. Who is on the list already stays as they are, and no entry is written. */
export async function noteUnsubscribed(tx: Tx, vault: CopyVault, recipients: readonly SpokenFor[]): Promise<void> {
  if (recipients.length === 0) return;
  const rows = await rowsOfCopies(tx, vault, recipients, standing);
  const added = new Set(await addUnsubscribed(tx, rows));
  const fresh = rows.filter(({ addressIndex }) => added.has(addressIndex.toString('hex')));
  await record(
    tx,
    ...fresh.map(({ addressIndex, createdAt }) => ({
      at: createdAt,
      actor: { kind: 'system' as const, id: 'unsubscribe' },
      action: 'suppression.set' as const,
      object: { kind: 'suppression' as const, id: addressIndex.toString('hex') },
      detail: standing,
    })),
  );
}
