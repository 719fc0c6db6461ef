/** The queue, the attempts and what a copy is made from: all SQL of delivery. It decides nothing and opens no seal. */
import { type MessageClass, priorityOf } from '../core/delivery/message-class.ts';
import type { Released } from '../core/delivery/transport.ts';
import { sql, type Tx } from '../platform/database.ts';
import { messageMark } from '../platform/message-seal.ts';
import { type Suppressed, suppressionsOf } from '../suppressions/index.ts';
import { releasedTo } from './release-store.ts';

export type { Claimed } from './claim-store.ts';

/** One recipient's copy that is to go out. */
export interface QueuedRecipient {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly domainId: number;
  /** When the first attempt may be made, and from when its age counts; a time ahead for a scheduled message. */
  readonly dueAt: Date;
  /** Absent: transactional, of no campaign. */
  readonly messageClass?: MessageClass | undefined;
  readonly campaignId?: number | undefined;
  /** It waits for a time of its own. */
  readonly isPlanned?: boolean | undefined;
}

/** Puts recipients in the queue, in the transaction that stores their message. Nudge the worker after the commit. */
export async function enqueue(tx: Tx, recipients: readonly QueuedRecipient[]): Promise<void> {
  if (recipients.length === 0) return;
  const dueTimes = recipients.map((one) => one.dueAt.toISOString());
  await tx.query(sql`
    INSERT INTO deliveries (account_id, recipient_id, message_id, domain_id, priority, campaign_id, is_planned, queued_at, due_at)
    SELECT * FROM unnest(
      ${recipients.map((one) => one.accountId)}::uuid[],
      ${recipients.map((one) => one.recipientId)}::uuid[],
      ${recipients.map((one) => one.messageId)}::uuid[],
      ${recipients.map((one) => one.domainId)}::bigint[],
      ${recipients.map((one) => priorityOf(one.messageClass ?? 'transactional'))}::smallint[],
      ${recipients.map((one) => one.campaignId ?? 0)}::bigint[],
      ${recipients.map((one) => one.isPlanned ?? false)}::boolean[],
      ${dueTimes}::timestamptz[], ${dueTimes}::timestamptz[])`);
}

/** What a copy is made from, still sealed. */
export interface CopySource {
  readonly recipientId: string;
  readonly messageId: string;
  readonly addressSealed: Buffer;
  readonly dataSealed: Buffer | null;
  readonly handle: Buffer;
  readonly level: 'off' | 'anonymous' | 'identified';
  readonly opens: boolean;
  readonly clicks: boolean;
  readonly acceptedAt: Date;
  readonly campaignId: number;
  readonly departmentId: string | null;
  readonly sizeBytes: number;
  readonly recipientCount: number;
  readonly headerSealed: Buffer;
  readonly erasedAt: Date | null;
  /** Below its floor somebody let it go so far. */
  readonly released: Released | null;
  /** The account has rules for recipient domains. */
  readonly hasRules: boolean;
  /** Null once erased. */
  readonly keySealed: Buffer | null;
  readonly isMarketing: boolean | null;
  /** What keeps mail from the address by now; null: nothing. */
  readonly suppressions: readonly Pick<Suppressed, 'reason' | 'scope'>[] | null;
}

export function readCopySources(tx: Tx, recipientIds: readonly string[], now: Date): Promise<CopySource[]> {
  return tx.query<CopySource>(sql`
    SELECT r.id AS "recipientId", r.message_id AS "messageId", r.address_sealed AS "addressSealed", r.data_sealed AS "dataSealed", r.handle,
           r.tracking_level AS level, r.track_opens AS opens, r.track_clicks AS clicks,
           m.accepted_at AS "acceptedAt", m.campaign_id AS "campaignId", m.department_id AS "departmentId", m.size_bytes AS "sizeBytes",
           m.recipient_count AS "recipientCount",
           m.header_sealed AS "headerSealed",
           EXISTS (SELECT FROM transport_rules WHERE account_id = current_account()) AS "hasRules",
           ${releasedTo(sql`r.id`, now)} AS released, m.erased_at AS "erasedAt", k.key_sealed AS "keySealed",
           (SELECT d.priority = 1 FROM deliveries d
             WHERE d.account_id = current_account() AND d.recipient_id = r.id) AS "isMarketing",
           ${suppressionsOf(sql`r.address_index`, now)} AS suppressions
      FROM recipients r JOIN messages m ON m.id = r.message_id
      LEFT JOIN message_keys k ON k.message_id = r.message_id
     WHERE r.account_id = current_account() AND r.id = ANY (${recipientIds}::uuid[])`);
}

export interface SealedContent {
  readonly messageId: string;
  readonly contentSealed: Buffer;
  readonly planSealed: Buffer;
}

export function readContents(tx: Tx, messageIds: readonly string[]): Promise<SealedContent[]> {
  return tx.query<SealedContent>(sql`
    SELECT message_id AS "messageId", content_sealed AS "contentSealed", plan_sealed AS "planSealed"
      FROM message_contents WHERE account_id = current_account() AND message_id = ANY (${messageIds}::uuid[])`);
}

export interface AttemptRow {
  readonly id: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly at: Date;
  readonly outcome: 'delivered' | 'deferred' | 'bounced';
  readonly why: string;
  readonly replyCode: number | null;
  readonly tls: string | null;
  readonly replySealed: Buffer | null;
  readonly evidenceSealed: Buffer | null;
}

export async function insertAttempts(tx: Tx, rows: readonly AttemptRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(sql`
    INSERT INTO delivery_attempts (account_id, id, message_id, recipient_id, at, outcome, why, reply_code, tls, reply_sealed,
                                   evidence_sealed)
    SELECT current_account(), * FROM unnest(
      ${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.messageId)}::uuid[],
      ${rows.map((row) => row.recipientId)}::uuid[], ${rows.map((row) => row.at)}::timestamptz[],
      ${rows.map((row) => row.outcome)}::text[], ${rows.map((row) => row.why)}::text[],
      ${rows.map((row) => row.replyCode)}::integer[], ${rows.map((row) => row.tls)}::text[],
      ${rows.map((row) => row.replySealed)}::bytea[],
      ${rows.map((row) => row.evidenceSealed)}::bytea[])`);
}

/** They are delivered, bounced or dropped: nothing is left to do. */
export async function finishDeliveries(tx: Tx, recipientIds: readonly string[]): Promise<void> {
  if (recipientIds.length === 0) return;
  await tx.query(sql`
    DELETE FROM deliveries WHERE account_id = current_account() AND recipient_id = ANY (${recipientIds}::uuid[])`);
}

export interface Postponement {
  readonly recipientId: string;
  readonly attempts: number;
  readonly dueAt: Date;
  /** Not before someone releases it, and why. */
  readonly heldBecause: string | null;
}

export async function postponeDeliveries(tx: Tx, rows: readonly Postponement[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(sql`
    UPDATE deliveries d SET attempts = p.attempts, due_at = p.due_at, held_because = p.held_because, is_leased = false
      FROM unnest(${rows.map((row) => row.recipientId)}::uuid[], ${rows.map((row) => row.attempts)}::integer[],
                  ${rows.map((row) => row.dueAt)}::timestamptz[], ${rows.map((row) => row.heldBecause)}::text[])
        AS p (recipient_id, attempts, due_at, held_because)
     WHERE d.account_id = current_account() AND d.recipient_id = p.recipient_id`);
}

const countedAtMost = 100_000;

/** Counts no further than 100,000, so that looking costs the same at any depth. Under the worker role. */
export async function readQueueDepth(tx: Tx): Promise<{ depth: number; oldestDueAt: Date | null }> {
  const rows = await tx.query<{ depth: number; oldestDueAt: Date | null }>(sql`
    SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries LIMIT ${countedAtMost}) AS counted) AS depth,
           least((SELECT min(due_at) FROM deliveries WHERE held_because IS NULL AND priority = 0),
                 (SELECT min(due_at) FROM deliveries WHERE held_because IS NULL AND priority = 1)) AS "oldestDueAt"`);
  return rows[0] ?? { depth: 0, oldestDueAt: null };
}

/** Whose copies of a message still waited. */
export async function unqueueMessage(tx: Tx, messageId: string): Promise<string[]> {
  const rows = await tx.query<{ recipientId: string }>(sql`
    DELETE FROM deliveries
     WHERE account_id = current_account()
       AND recipient_id IN (SELECT id FROM recipients WHERE account_id = current_account() AND message_id = ${messageId})
    RETURNING recipient_id AS "recipientId"`);
  return rows.map((row) => row.recipientId);
}

/** Takes out of a message's attempts what servers said and who they were. Asked in the transaction that erases it. */
export async function forgetReplies(tx: Tx, messageId: string): Promise<Forgotten> {
  const own = sql`account_id = current_account()
       AND recipient_id IN (SELECT id FROM recipients WHERE account_id = current_account() AND message_id = ${messageId})`;
  const [told] = await tx.query<Forgotten>(sql`
    SELECT count(*)::integer AS attempts,
           coalesce(bool_or(host IS NOT NULL OR get_byte(reply_sealed, 0) <> ${messageMark}
                            OR get_byte(evidence_sealed, 0) <> ${messageMark}), false) AS "areOlder"
      FROM delivery_attempts WHERE ${own} AND (reply_sealed IS NOT NULL OR evidence_sealed IS NOT NULL)`);
  await tx.query(sql`
    UPDATE delivery_attempts SET reply_sealed = NULL, evidence_sealed = NULL, host = NULL
     WHERE ${own} AND (reply_sealed IS NOT NULL OR evidence_sealed IS NOT NULL OR host IS NOT NULL)`);
  return told ?? { attempts: 0, areOlder: false };
}

export interface Forgotten {
  readonly attempts: number;
  /** Some were readable or under the account's key, as they were once: copies in backups do not end with the message's. */
  readonly areOlder: boolean;
}
