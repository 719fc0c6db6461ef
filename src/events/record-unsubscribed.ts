/**
 * Records that recipients unsubscribed by the link of a copy: one event and one count for each copy, however often it was
 * said. It suppresses nobody; whoever calls does.
 */
import { CellLedger, recipientCells, unsubscribedCounts } from '../core/report/cells.ts';
import type { Tx } from '../platform/database.ts';
import { sealDelivery } from './delivery-detail.ts';
import type { AccountKeys, DeliveryDetail } from './event.ts';
import { insertEvents } from './event-store.ts';
import { lockRecipients } from './load-hits.ts';
import { insertDeltas, markUnsubscribed } from './state-store.ts';

export interface UnsubscribedCopy {
  /** The event's. */
  readonly id: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly at: Date;
  readonly detail: DeliveryDetail;
}

/** Gives the recipients that there are, those who had unsubscribed before among them. */
export async function recordUnsubscribed(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  told: readonly UnsubscribedCopy[],
): Promise<ReadonlySet<string>> {
  const recipients = await lockRecipients(
    tx,
    { accountId },
    told.map(({ recipientId }) => recipientId),
  );
  const known = told.filter((one) => recipients.get(one.recipientId)?.messageId === one.messageId);
  const first = new Map(known.toReversed().map((one) => [one.recipientId, one]));
  const fresh = [...first.values()].filter(({ recipientId }) => !recipients.get(recipientId)?.isUnsubscribed);
  if (fresh.length > 0) {
    await insertEvents(
      tx,
      accountId,
      fresh.map(({ id, messageId, recipientId, at, detail }) => ({
        ...{ id, messageId, recipientId, occurredAt: at, recordedAt: at, type: 'unsubscribed' as const },
        ...{ linkIndex: null, sourceKey: null, detailSealed: sealDelivery(vault, null, detail) },
      })),
    );
    await markUnsubscribed(tx, accountId, fresh);
    const ledger = new CellLedger();
    for (const { recipientId } of fresh) {
      const recipient = recipients.get(recipientId);
      if (recipient !== undefined)
        for (const cell of recipientCells(recipient)) ledger.add(cell, unsubscribedCounts, 1);
    }
    await insertDeltas(tx, accountId, ledger.deltas());
  }
  return new Set(first.keys());
}
