/** What came back of a copy and changes no status: a complaint, an answer, a delay. An event each. */
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Sealer } from '../platform/vault.ts';
import { sealDelivery } from './delivery-detail.ts';
import type { AccountKeys, DeliveryDetail } from './event.ts';
import { insertEvents } from './event-store.ts';

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
