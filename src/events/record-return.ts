/**
 * What came back of a copy and changes no status: a complaint, an answer, a delay. An event each; of complaints the first of a
 * copy is counted.
 */
import { CellLedger, complainedCounts, recipientCells } from '../core/report/cells.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Sealer } from '../platform/vault.ts';
import { sealDelivery } from './delivery-detail.ts';
import type { AccountKeys, DeliveryDetail } from './event.ts';
import { insertEvents } from './event-store.ts';
import { lockRecipients } from './load-hits.ts';
import { insertDeltas, markComplained } from './state-store.ts';

export interface ReturnEvent {
  readonly type: 'delayed' | 'complained' | 'auto-replied' | 'replied';
  readonly messageId: string;
  readonly recipientId: string;
  readonly at: Date;
  readonly detail: DeliveryDetail;
  /** The message's own; null: it is erased, and nothing of the detail is kept but our own words. */
  readonly sealer: Sealer | null;
}

/** Whoever calls makes sure that it is told once. */
export async function recordReturn(tx: Tx, { accountId, vault }: AccountKeys, told: ReturnEvent): Promise<void> {
  if (told.type === 'complained') await countComplaint(tx, accountId, told);
  await insertEvents(tx, accountId, [
    {
      id: newId(told.at),
      occurredAt: told.at,
      recordedAt: told.at,
      type: told.type,
      messageId: told.messageId,
      recipientId: told.recipientId,
      linkIndex: null,
      sourceKey: null,
      detailSealed: sealDelivery(vault, told.sealer, told.detail),
    },
  ]);
}

async function countComplaint(tx: Tx, accountId: string, { recipientId, messageId, at }: ReturnEvent): Promise<void> {
  const recipient = (await lockRecipients(tx, { accountId }, [recipientId])).get(recipientId);
  if (recipient === undefined || recipient.messageId !== messageId || recipient.isComplained) return;
  await markComplained(tx, accountId, recipientId, at);
  const ledger = new CellLedger();
  for (const cell of recipientCells(recipient)) ledger.add(cell, complainedCounts, 1);
  await insertDeltas(tx, accountId, ledger.deltas());
}
