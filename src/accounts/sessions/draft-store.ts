/** SQL of drafts. It decides nothing. */
import { sql, type Tx } from '../../platform/database.ts';

export interface StoredDraft {
  readonly bodySealed: Buffer;
  readonly savedAt: Date;
}

export interface DraftPlace {
  readonly userId: string;
  readonly form: string;
}

export async function readDraftRow(tx: Tx, { userId, form }: DraftPlace, now: Date): Promise<StoredDraft | undefined> {
  const rows = await tx.query<StoredDraft>(sql`
    SELECT body_sealed AS "bodySealed", saved_at AS "savedAt" FROM drafts
     WHERE account_id = current_account() AND user_id = ${userId} AND form = ${form} AND expires_at > ${now}`);
  return rows[0];
}

export const writeDraftRow = (
  tx: Tx,
  { userId, form }: DraftPlace,
  draft: StoredDraft & { readonly expiresAt: Date },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO drafts (account_id, user_id, form, body_sealed, saved_at, expires_at)
    VALUES (current_account(), ${userId}, ${form}, ${draft.bodySealed}, ${draft.savedAt}, ${draft.expiresAt})
    ON CONFLICT (account_id, user_id, form) DO UPDATE
      SET body_sealed = excluded.body_sealed, saved_at = excluded.saved_at, expires_at = excluded.expires_at`);

/** How many other forms of the user have one. */
export async function countOthers(tx: Tx, { userId, form }: DraftPlace): Promise<number> {
  const [row] = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM drafts
     WHERE account_id = current_account() AND user_id = ${userId} AND form <> ${form}`);
  return row?.n ?? 0;
}

export const deleteDraftRow = (tx: Tx, { userId, form }: DraftPlace): Promise<unknown> =>
  tx.query(sql`DELETE FROM drafts WHERE account_id = current_account() AND user_id = ${userId} AND form = ${form}`);

/** Those that are over, and those of people who were deactivated. */
export const deleteOldDrafts = (tx: Tx, now: Date): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM drafts d WHERE d.account_id = current_account() AND (d.expires_at <= ${now} OR EXISTS (
      SELECT FROM users u WHERE u.account_id = d.account_id AND u.id = d.user_id AND u.deactivated_at IS NOT NULL))`);
