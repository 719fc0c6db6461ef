/** SQL of mail that was let go below its policy. It decides nothing and opens no seal. */
import type { Released } from '../core/delivery/transport.ts';
import { type Sql, sql, type Tx } from '../platform/database.ts';

export interface ReleaseRow {
  readonly transport: Released;
  readonly reasonSealed: Buffer;
  readonly releasedAt: Date;
  readonly byKind: string;
  readonly byId: string;
  readonly expiresAt: Date;
}

export interface Waiting {
  readonly isQueued: boolean;
  /** Null: the message is erased. */
  readonly keySealed: Buffer | null;
  /** Of the last attempt. */
  readonly evidenceSealed: Buffer | null;
  readonly releases: number;
}

/** The queue's row stays locked, so that nothing is recorded of the recipient meanwhile. */
export async function lockWaiting(tx: Tx, messageId: string, recipientId: string): Promise<Waiting | undefined> {
  await tx.query(sql`
    SELECT FROM deliveries WHERE account_id = current_account() AND recipient_id = ${recipientId} FOR UPDATE`);
  const rows = await tx.query<Waiting>(sql`
    SELECT EXISTS (SELECT FROM deliveries d
                    WHERE d.account_id = current_account() AND d.recipient_id = r.id) AS "isQueued",
           (SELECT k.key_sealed FROM message_keys k
             WHERE k.account_id = current_account() AND k.message_id = r.message_id) AS "keySealed",
           (SELECT a.evidence_sealed FROM delivery_attempts a
             WHERE a.account_id = current_account() AND a.recipient_id = r.id
             ORDER BY a.at DESC, a.id DESC LIMIT 1) AS "evidenceSealed",
           (SELECT count(*) FROM transport_releases l
             WHERE l.account_id = current_account() AND l.recipient_id = r.id) AS releases
      FROM recipients r JOIN messages m ON m.id = r.message_id
     WHERE r.account_id = current_account() AND r.id = ${recipientId} AND m.id = ${messageId}`);
  return rows[0];
}

export async function insertRelease(
  tx: Tx,
  row: ReleaseRow & { readonly id: string; readonly messageId: string; readonly recipientId: string },
): Promise<void> {
  await tx.query(sql`
    INSERT INTO transport_releases (account_id, id, message_id, recipient_id, transport, reason_sealed, released_at,
                                    released_by_kind, released_by_id, expires_at)
    VALUES (current_account(), ${row.id}, ${row.messageId}, ${row.recipientId}, ${row.transport}, ${row.reasonSealed},
            ${row.releasedAt}, ${row.byKind}, ${row.byId}, ${row.expiresAt})`);
}

/** Oldest first. */
export const readReleases = (tx: Tx, recipientId: string): Promise<ReleaseRow[]> =>
  tx.query<ReleaseRow>(sql`
    SELECT transport, reason_sealed AS "reasonSealed", released_at AS "releasedAt", released_by_kind AS "byKind",
           released_by_id AS "byId", expires_at AS "expiresAt"
      FROM transport_releases WHERE account_id = current_account() AND recipient_id = ${recipientId}
     ORDER BY released_at, id`);

/** What the recipient's mail was let go to: the last release that has not ended. */
export const releasedTo = (recipientId: Sql, now: Date): Sql => sql`(
  SELECT l.transport FROM transport_releases l
   WHERE l.account_id = current_account() AND l.recipient_id = ${recipientId} AND l.expires_at > ${now}
   ORDER BY l.released_at DESC, l.id DESC LIMIT 1)`;
