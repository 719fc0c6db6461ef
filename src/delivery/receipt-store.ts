/** SQL of receipts and of what past attempts tell. It decides nothing and opens no seal. */
import { sql, type Tx } from '../platform/database.ts';
import type { AttemptRow } from './store.ts';

export interface ReceiptRow {
  readonly acceptedAt: Date;
  readonly keySealed: Buffer | null;
  readonly addressSealed: Buffer;
  readonly contentSealed: Buffer | null;
  readonly status: 'queued' | 'deferred' | 'delivered' | 'bounced' | 'dropped';
}

/** @param departments narrowed to mail of these; undefined: the whole account. */
export async function readRecipient(
  tx: Tx,
  { messageId, recipientId }: { readonly messageId: string; readonly recipientId: string },
  departments: readonly string[] | undefined,
): Promise<ReceiptRow | undefined> {
  const rows = await tx.query<ReceiptRow>(sql`
    SELECT m.accepted_at AS "acceptedAt", k.key_sealed AS "keySealed", r.address_sealed AS "addressSealed",
           c.content_sealed AS "contentSealed", s.status
      FROM recipients r JOIN messages m ON m.id = r.message_id
      JOIN recipient_states s ON s.recipient_id = r.id
      LEFT JOIN message_keys k ON k.message_id = m.id
      LEFT JOIN message_contents c ON c.message_id = m.id
     WHERE r.account_id = current_account() AND m.account_id = current_account() AND r.id = ${recipientId}
       AND m.id = ${messageId}
       AND (${departments ?? null}::uuid[] IS NULL OR m.department_id = ANY (${departments ?? null}::uuid[]))`);
  return rows[0];
}

export interface AttemptOfReceipt extends Omit<AttemptRow, 'id' | 'messageId' | 'recipientId'> {
  /** Of older attempts; of others it is in the evidence. */
  readonly host: string | null;
}

/** More than five days of retries make; oldest first. */
const mostAttempts = 500;

export const readAttempts = (tx: Tx, recipientId: string): Promise<AttemptOfReceipt[]> =>
  tx.query<AttemptOfReceipt>(sql`
    SELECT at, outcome, why, reply_code AS "replyCode", host, tls, reply_sealed AS "replySealed",
           evidence_sealed AS "evidenceSealed"
      FROM delivery_attempts WHERE account_id = current_account() AND recipient_id = ${recipientId}
     ORDER BY at, id LIMIT ${mostAttempts}`);

export interface LastContact {
  readonly place: number;
  /** Of older attempts; of others it is in the evidence. */
  readonly host: string | null;
  readonly evidenceSealed: Buffer | null;
  readonly keySealed: Buffer | null;
  readonly tls: string | null;
}

/** How the last copy for each address went out, of the newest few for it; `place` counts from 0. */
export const readLastContacts = (tx: Tx, addressIndexes: readonly Buffer[]): Promise<LastContact[]> =>
  tx.query<LastContact>(sql`
    SELECT (asked.place - 1)::integer AS place, last.host, last.evidence_sealed AS "evidenceSealed",
           last.key_sealed AS "keySealed", last.tls
      FROM unnest(${addressIndexes}::bytea[]) WITH ORDINALITY AS asked (index, place)
     CROSS JOIN LATERAL (
       SELECT a.host, a.evidence_sealed, k.key_sealed, a.tls
         FROM (SELECT r.id, r.message_id FROM recipients r
                WHERE r.account_id = current_account() AND r.address_index = asked.index
                ORDER BY r.id DESC LIMIT 5) AS newest
         JOIN delivery_attempts a ON a.recipient_id = newest.id
         LEFT JOIN message_keys k ON k.account_id = current_account() AND k.message_id = newest.message_id
        WHERE a.account_id = current_account() AND a.outcome = 'delivered'
          AND (a.host IS NOT NULL OR (a.evidence_sealed IS NOT NULL AND k.key_sealed IS NOT NULL))
        ORDER BY a.at DESC LIMIT 1) AS last`);
