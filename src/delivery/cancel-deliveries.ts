/**
 * Takes an erased message out of the queue and the remote servers' words out of its attempts, in the transaction that
 * erases it. A copy that is just being sent may still arrive; what came of it is recorded as it was.
 */
import { reasons } from '../core/delivery/reasons.ts';
import { type AccountKeys, recordDeliveries } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { type Forgotten, forgetReplies, unqueueMessage } from './store.ts';

export async function cancelDeliveries(
  tx: Tx,
  account: AccountKeys,
  messageId: string,
  at: Date,
): Promise<Forgotten & { readonly queued: number }> {
  const queued = await unqueueMessage(tx, messageId);
  const detail = { host: null, reply: null, why: reasons.erased };
  if (queued.length > 0)
    await recordDeliveries(
      tx,
      account,
      queued.map((recipientId) => ({ recipientId, kind: 'dropped', at, detail })),
    );
  return { queued: queued.length, ...(await forgetReplies(tx, messageId)) };
}
