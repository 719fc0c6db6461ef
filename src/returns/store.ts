/** SQL of what came back: whose it is, and the report itself, sealed. It decides nothing. */
import { type Database, sql, type Tx } from '../platform/database.ts';

export interface ReturnOwner {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
}

/** Whose copy a return address belongs to, asked before an account is known. */
export async function findOwner(db: Pick<Database, 'askGate'>, handle: Uint8Array): Promise<ReturnOwner | undefined> {
  const rows = await db.askGate<ReturnOwner>(sql`
    SELECT account_id AS "accountId", message_id AS "messageId", recipient_id AS "recipientId"
      FROM recipients_of_handles(ARRAY[${Buffer.from(handle)}]::bytea[])`);
  return rows[0];
}

export interface ReturnSource {
  readonly addressSealed: Buffer;
  /** Null: the message is erased. */
  readonly keySealed: Buffer | null;
  /** It is still to be sent, or just being sent. */
  readonly isQueued: boolean;
}

/** The message stays as it is until the transaction ends: nobody erases it in between. */
export async function readSource(tx: Tx, { messageId, recipientId }: ReturnOwner): Promise<ReturnSource | undefined> {
  await tx.query(sql`
    SELECT FROM messages WHERE account_id = current_account() AND id = ${messageId} FOR KEY SHARE`);
  const rows = await tx.query<ReturnSource>(sql`
    SELECT r.address_sealed AS "addressSealed", k.key_sealed AS "keySealed",
           EXISTS (SELECT FROM deliveries d WHERE d.account_id = current_account() AND d.recipient_id = r.id) AS "isQueued"
      FROM recipients r LEFT JOIN message_keys k ON k.account_id = current_account() AND k.message_id = r.message_id
     WHERE r.account_id = current_account() AND r.id = ${recipientId}`);
  return rows[0];
}

export interface ReturnRow extends ReturnOwner {
  readonly id: string;
  readonly receivedAt: Date;
  readonly what: string;
  readonly digest: Buffer;
  readonly contentSealed: Buffer | null;
}

/** False: the same report was taken before. */
export async function insertReturn(tx: Tx, row: ReturnRow): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO returned_mail (account_id, id, message_id, recipient_id, received_at, what, digest, content_sealed)
    VALUES (current_account(), ${row.id}, ${row.messageId}, ${row.recipientId}, ${row.receivedAt}, ${row.what},
            ${row.digest}, ${row.contentSealed})
    ON CONFLICT (account_id, recipient_id, digest) DO NOTHING RETURNING id`);
  return rows.length === 1;
}
