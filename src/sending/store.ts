/** All SQL of sending: a message with its key, content and recipients, and the answers kept for repeated requests. */
import { join, type Sql, sql, type Tx } from '../platform/database.ts';
import { type Suppressed, suppressedAmong } from '../suppressions/index.ts';
import type { AnsweredRecipient } from './stored-answer.ts';

export interface MessageRow {
  readonly accountId: string;
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly via: 'rest' | 'smtp';
  /** Null: the account itself. */
  readonly departmentId: string | null;
  readonly campaignId: number;
  readonly senderId: number;
  readonly linkSetId: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
  readonly headerSealed: Buffer;
  readonly linksSealed: Buffer | null;
  readonly keySealed: Buffer;
  readonly contentSealed: Buffer;
  readonly planSealed: Buffer;
  readonly recipients: readonly RecipientRow[];
}

export interface RecipientRow {
  readonly recipientId: string;
  readonly addressSealed: Buffer;
  readonly addressIndex: Buffer;
  /** Null: nothing is kept beside the address. */
  readonly dataSealed: Buffer | null;
  readonly handle: Buffer;
  readonly level: 'off' | 'anonymous' | 'identified';
  readonly opens: boolean;
  readonly clicks: boolean;
}

export interface AnswerRow {
  readonly accountId: string;
  readonly keyIndex: Buffer;
  readonly bodyHash: Buffer;
  readonly responseSealed: Buffer;
  readonly messageId: string;
  readonly at: Date;
}

/**
 * Rows of values rather than arrays for what is large: a buffer of its own travels as it is, one in an array as hex.
 * Three tables in one statement, because every trip to the database is paid for by each message of a round.
 */
export async function insertMessages(tx: Tx, messages: readonly MessageRow[], now: Date): Promise<Suppressed[]> {
  await tx.query(sql`
    WITH stored AS (
      INSERT INTO messages (account_id, id, accepted_at, submitted_by, department_id, campaign_id, sender_id, link_set_id,
                            link_count, recipient_count, size_bytes, header_sealed, links_sealed)
      VALUES ${join(messages.map(messageValues))}
    ), locked AS (
      INSERT INTO message_keys (account_id, message_id, key_sealed)
      VALUES ${join(messages.map((one) => sql`(${one.accountId}, ${one.messageId}, ${one.keySealed})`))}
    )
    INSERT INTO message_contents (account_id, message_id, content_sealed, plan_sealed)
    VALUES ${join(messages.map(contentValues))}`);
  return insertRecipients(tx, messages, now);
}

const messageValues = (one: MessageRow): Sql => sql`
  (${one.accountId}, ${one.messageId}, ${one.acceptedAt}, ${one.via}, ${one.departmentId}, ${one.campaignId}, ${one.senderId},
   ${one.linkSetId}, ${one.linkCount}, ${one.recipients.length}, ${one.sizeBytes}, ${one.headerSealed},
   ${one.linksSealed})`;

const contentValues = (one: MessageRow): Sql =>
  sql`(${one.accountId}, ${one.messageId}, ${one.contentSealed}, ${one.planSealed})`;

/** Who of them gets no mail is told with the same trip. */
function insertRecipients(tx: Tx, messages: readonly MessageRow[], now: Date): Promise<Suppressed[]> {
  const rows = messages.flatMap(({ accountId, messageId, recipients }) =>
    recipients.map((recipient, position) => ({ accountId, messageId, position, ...recipient })),
  );
  return tx.query<Suppressed>(sql`
    WITH stored AS (
    INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level,
                            track_opens, track_clicks, data_sealed)
    SELECT * FROM unnest(
      ${rows.map((row) => row.accountId)}::uuid[], ${rows.map((row) => row.recipientId)}::uuid[],
      ${rows.map((row) => row.messageId)}::uuid[], ${rows.map((row) => row.position)}::integer[],
      ${rows.map((row) => row.addressSealed)}::bytea[], ${rows.map((row) => row.addressIndex)}::bytea[],
      ${rows.map((row) => row.handle)}::bytea[], ${rows.map((row) => row.level)}::text[],
      ${rows.map((row) => row.opens)}::boolean[], ${rows.map((row) => row.clicks)}::boolean[],
      ${rows.map((row) => row.dataSealed)}::bytea[]))
    ${suppressedAmong(
      rows.map((row) => row.addressIndex),
      now,
    )}`);
}

/**
 * Takes idempotency keys; answers with those that were still free. A key that another transaction is just taking is
 * waited for. Always in one order, so that two rounds never wait for each other.
 */
export async function takeIdempotencyKeys(tx: Tx, answers: readonly AnswerRow[]): Promise<ReadonlySet<string>> {
  const ordered = answers.toSorted((a, b) => Buffer.compare(a.keyIndex, b.keyIndex));
  const taken = await tx.query<{ keyIndex: Buffer }>(sql`
    INSERT INTO idempotency_keys (account_id, key_index, body_hash, response_sealed, message_id, created_at)
    SELECT * FROM unnest(
      ${ordered.map((one) => one.accountId)}::uuid[], ${ordered.map((one) => one.keyIndex)}::bytea[],
      ${ordered.map((one) => one.bodyHash)}::bytea[], ${ordered.map((one) => one.responseSealed)}::bytea[],
      ${ordered.map((one) => one.messageId)}::uuid[], ${ordered.map((one) => one.at)}::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING key_index AS "keyIndex"`);
  return new Set(taken.map(({ keyIndex }) => keyIndex.toString('hex')));
}

export interface FoundAnswer {
  readonly bodyHash: Buffer;
  readonly responseSealed: Buffer;
  /** Null where the answer names its recipients itself, as the oldest do. */
  readonly messageId: string | null;
  /** Of its message; null: erased. */
  readonly keySealed: Buffer | null;
}

export async function findAnswer(tx: Tx, keyIndex: Buffer): Promise<FoundAnswer | undefined> {
  const rows = await tx.query<FoundAnswer>(sql`
    SELECT i.body_hash AS "bodyHash", i.response_sealed AS "responseSealed", i.message_id AS "messageId",
           k.key_sealed AS "keySealed"
      FROM idempotency_keys i
      LEFT JOIN message_keys k ON k.account_id = i.account_id AND k.message_id = i.message_id
     WHERE i.account_id = current_account() AND i.key_index = ${keyIndex}`);
  return rows[0];
}

export const findAnswered = (tx: Tx, messageId: string): Promise<AnsweredRecipient[]> =>
  tx.query<AnsweredRecipient>(sql`
    SELECT id, address_sealed AS "addressSealed" FROM recipients
     WHERE account_id = current_account() AND message_id = ${messageId} ORDER BY position`);
