/** The queue and the attempts: all SQL of delivery. It decides nothing and opens no seal. */
import { type Sql, sql, type Tx } from '../platform/database.ts';

/** One recipient's copy that is to go out. */
export interface QueuedRecipient {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly domainId: number;
  readonly queuedAt: Date;
  /** When the first attempt may be made; a time ahead for a scheduled message. */
  readonly dueAt: Date;
  /** 0 goes before 1. */
  readonly priority?: number;
}

/** Puts recipients in the queue, in the transaction that stores their message. Nudge the worker after the commit. */
export async function enqueue(tx: Tx, recipients: readonly QueuedRecipient[]): Promise<void> {
  if (recipients.length === 0) return;
  await tx.query(insertQueued(recipients));
}

const insertQueued = (recipients: readonly QueuedRecipient[]): Sql => sql`
  INSERT INTO deliveries (account_id, recipient_id, message_id, domain_id, priority, queued_at, due_at)
  SELECT * FROM unnest(
    ${recipients.map((one) => one.accountId)}::uuid[],
    ${recipients.map((one) => one.recipientId)}::uuid[],
    ${recipients.map((one) => one.messageId)}::uuid[],
    ${recipients.map((one) => one.domainId)}::bigint[],
    ${recipients.map((one) => one.priority ?? 1)}::smallint[],
    ${recipients.map((one) => one.queuedAt.toISOString())}::timestamptz[],
    ${recipients.map((one) => one.dueAt.toISOString())}::timestamptz[])`;
