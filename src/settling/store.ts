/** SQL of settling: the queue of stored hits whose verdicts have yet to settle, and the copies they belong to. */
import { texts, uuids } from '../platform/columns.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

export interface NewBatch {
  readonly consumers: readonly string[];
  readonly dueAt: Date;
  readonly recipientIds: readonly string[];
  readonly eventIds: readonly string[];
}

/** Webhooks wait only where somebody waits for hits, and only for hits that are new. */
export const insertBatch = (tx: Tx, batch: NewBatch): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO settling (account_id, consumer, due_at, copies, recipient_ids, event_ids)
    SELECT current_account(), consumer, ${batch.dueAt}, ${batch.recipientIds.length}, ${uuids(batch.recipientIds)}::uuid[],
           ${uuids(batch.eventIds)}::uuid[]
      FROM unnest(${texts(batch.consumers)}::text[]) AS consumer
     WHERE consumer <> 'webhooks'
        OR (${batch.eventIds.length} > 0 AND wants_events(ARRAY['opened', 'clicked', 'opened.automated', 'clicked.automated']))`);

/** Whose turn it is: the account that has waited longest and that no other process is at work on. */
export async function findDueAccount(tx: WorkerTx, consumer: string, now: Date): Promise<string | undefined> {
  const rows = await tx.query<{ account_id: string }>(sql`
    SELECT account_id FROM settling
     WHERE consumer = ${consumer} AND due_at <= ${now} AND (put_off_until IS NULL OR put_off_until <= ${now})
     ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`);
  return rows[0]?.account_id;
}

export interface ClaimedBatch {
  readonly id: number;
  readonly recipientIds: readonly string[];
  readonly eventIds: readonly string[];
}

export interface ClaimBounds {
  readonly batches: number;
  /** A first batch is taken whatever its size. */
  readonly copies: number;
}

/** Due batches of one account that no other process holds, held until the transaction ends. */
export async function claimBatches(
  tx: WorkerTx,
  consumer: string,
  accountId: string,
  now: Date,
  bounds: ClaimBounds,
): Promise<ClaimedBatch[]> {
  const held = await tx.query<{ id: number; copies: number }>(sql`
    SELECT id, copies FROM settling
     WHERE consumer = ${consumer} AND account_id = ${accountId} AND due_at <= ${now}
       AND (put_off_until IS NULL OR put_off_until <= ${now})
     ORDER BY due_at LIMIT ${bounds.batches} FOR UPDATE SKIP LOCKED`);
  let copies = 0;
  const ids = held.flatMap(({ id, copies: own }, place) => {
    copies += own;
    return place === 0 || copies <= bounds.copies ? [id] : [];
  });
  return ids.length === 0 ? [] : claimThese(tx, ids);
}

export async function claimThese(tx: WorkerTx, ids: readonly number[]): Promise<ClaimedBatch[]> {
  const rows = await tx.query<{ id: number; recipient_ids: string[]; event_ids: string[] }>(sql`
    SELECT id, recipient_ids, event_ids FROM settling WHERE id = ANY (${ids}::bigint[]) FOR UPDATE SKIP LOCKED`);
  return rows.map((row) => ({ id: row.id, recipientIds: row.recipient_ids, eventIds: row.event_ids }));
}

export const deleteBatches = (tx: WorkerTx, ids: readonly number[]): Promise<unknown> =>
  tx.query(sql`DELETE FROM settling WHERE id = ANY (${ids}::bigint[])`);

export const putOffBatches = (tx: WorkerTx, ids: readonly number[], until: Date): Promise<unknown> =>
  tx.query(sql`UPDATE settling SET put_off_until = ${until} WHERE id = ANY (${ids}::bigint[])`);

/** Of an account that cannot be read: all that is due. */
export const putOffAccount = (tx: WorkerTx, consumer: string, accountId: string, now: Date, until: Date) =>
  tx.query(sql`
    UPDATE settling SET put_off_until = ${until}
     WHERE consumer = ${consumer} AND account_id = ${accountId} AND due_at <= ${now}`);

/** When the longest waiting batch was due; undefined: none is late. */
export async function oldestDue(tx: WorkerTx, consumer: string, now: Date): Promise<Date | undefined> {
  const rows = await tx.query<{ due_at: Date }>(sql`
    SELECT due_at FROM settling WHERE consumer = ${consumer} AND due_at <= ${now} ORDER BY due_at LIMIT 1`);
  return rows[0]?.due_at;
}

export interface CopyRow {
  readonly recipientId: string;
  readonly domainId: number;
  readonly acceptedAt: Date;
  readonly deliveredAt: Date | null;
  readonly gatewayMx: string | null;
  readonly addressIndex: Buffer;
}

export const selectCopies = (tx: Tx, accountId: string, recipientIds: readonly string[]): Promise<CopyRow[]> =>
  tx.query<CopyRow>(sql`
    SELECT s.recipient_id AS "recipientId", s.domain_id AS "domainId", s.accepted_at AS "acceptedAt",
           s.delivered_at AS "deliveredAt", s.gateway_mx AS "gatewayMx", r.address_index AS "addressIndex"
      FROM recipient_states s
      JOIN recipients r ON r.account_id = ${accountId} AND r.id = s.recipient_id
     WHERE s.account_id = ${accountId} AND s.recipient_id = ANY (${uuids(recipientIds)}::uuid[])
     ORDER BY s.recipient_id`);
