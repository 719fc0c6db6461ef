/** Puts recipients whom a server said, within the session, do not exist on the suppression list, as returned mail does. */
import { record } from '../audit/index.ts';
import type { Tx } from '../platform/database.ts';
import { type CopyVault, rowsOfCopies, type SpokenFor } from './copy-addresses.ts';
import { upsertSuppressions } from './store.ts';

const standing = { reason: 'hard-bounce', scope: 'all' } as const;

/** In the transaction that records the bounce. */
export async function noteGone(tx: Tx, vault: CopyVault, recipients: readonly SpokenFor[]): Promise<void> {
  if (recipients.length === 0) return;
  const rows = await rowsOfCopies(tx, vault, recipients, standing);
  await upsertSuppressions(tx, rows);
  await record(
    tx,
    ...rows.map(({ addressIndex, createdAt }) => ({
      at: createdAt,
      actor: { kind: 'system' as const, id: 'delivery' },
      action: 'suppression.set' as const,
      object: { kind: 'suppression' as const, id: addressIndex.toString('hex') },
      detail: standing,
    })),
  );
}
