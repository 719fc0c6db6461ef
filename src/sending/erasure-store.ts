/** SQL of erasing a message. It decides nothing. */
import type { ErasureCertificate } from '../core/sending/erasure.ts';
import { sql, type Tx } from '../platform/database.ts';
import { type AccountVault, nullWhenBroken } from '../platform/vault.ts';
import { readStoredAnswer, type StoredAnswer } from './stored-answer.ts';

export async function lockMessage(
  tx: Tx,
  messageId: string,
): Promise<{ readonly acceptedAt: Date; readonly recipients: number } | undefined> {
  const rows = await tx.query<{ acceptedAt: Date; recipients: number }>(sql`
    SELECT accepted_at AS "acceptedAt", recipient_count AS recipients FROM messages
     WHERE account_id = current_account() AND id = ${messageId} FOR UPDATE`);
  return rows[0];
}

/** Until the transaction ends nobody places a legal hold; a hold that was just placed is waited for, and seen. */
export const lockHolds = (tx: Tx): Promise<unknown> => tx.query(sql`SELECT lock_holds_shared()`);

/** Asked after `lockHolds`. Undefined: nothing keeps it. */
export async function whyKept(tx: Tx, messageId: string, now: Date): Promise<'on_hold' | 'kept_by_policy' | undefined> {
  const [kept] = await tx.query<{ isHeld: boolean; isYoung: boolean }>(sql`
    SELECT EXISTS (SELECT FROM held_messages h WHERE h.account_id = current_account() AND h.message_id = ${messageId}) AS "isHeld",
           EXISTS (SELECT FROM messages m JOIN retention_policies p ON p.account_id = m.account_id
                    WHERE m.account_id = current_account() AND m.id = ${messageId}
                      AND m.accepted_at + make_interval(days => p.minimum_days) > ${now}::timestamptz) AS "isYoung"`);
  if (kept?.isHeld === true) return 'on_hold';
  return kept?.isYoung === true ? 'kept_by_policy' : undefined;
}

/** Whether it is mail of these departments; undefined: of any. */
export async function isMessageOf(
  tx: Tx,
  messageId: string,
  departments: readonly string[] | undefined,
): Promise<boolean> {
  if (departments === undefined) return true;
  const rows = await tx.query(sql`
    SELECT FROM messages
     WHERE account_id = current_account() AND id = ${messageId} AND department_id = ANY (${departments}::uuid[])`);
  return rows.length > 0;
}

export async function readErasure(tx: Tx, messageId: string): Promise<ErasureCertificate | undefined> {
  const rows = await tx.query<{ certificate: ErasureCertificate }>(
    sql`SELECT certificate FROM erasures WHERE account_id = current_account() AND message_id = ${messageId}`,
  );
  return rows[0]?.certificate;
}

export const storeErasure = (tx: Tx, messageId: string, at: Date, certificate: ErasureCertificate): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO erasures (account_id, message_id, at, certificate)
    VALUES (current_account(), ${messageId}, ${at}, ${JSON.stringify(certificate)}::jsonb)`);

/** Until the transaction ends: a backup that begins meanwhile waits with its snapshot, and is seen by whoever erases next. */
export const announceErasure = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock_shared(hashtext('waxwing.erasing'))`);

/** Whether a backup was begun in the last seven days, whose copies of keys may still exist. */
export async function hasKeyCopies(tx: Tx, now: Date): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT FROM backups WHERE started_at > ${now}::timestamptz - interval '7 days' LIMIT 1`,
  );
  return rows.length > 0;
}

/** Gives the key that went, sealed; undefined: there was none any more. */
export async function deleteKeyAndContent(tx: Tx, messageId: string): Promise<Buffer | undefined> {
  const [key] = await tx.query<{ keySealed: Buffer }>(sql`
    DELETE FROM message_keys WHERE account_id = current_account() AND message_id = ${messageId}
    RETURNING key_sealed AS "keySealed"`);
  await tx.query(sql`DELETE FROM message_contents WHERE account_id = current_account() AND message_id = ${messageId}`);
  return key?.keySealed;
}

export const markErased = (tx: Tx, messageId: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE messages SET erased_at = ${at}, links_sealed = NULL, header_sealed = ''
     WHERE account_id = current_account() AND id = ${messageId}`);

/**
 * Answers to repeated requests lean on the message's recipients and say no address any more. Older ones hold the addresses
 * themselves: these are taken out. Gives whether there were any.
 */
export async function forgetAnswers(
  tx: Tx,
  { accountId, vault }: { readonly accountId: string; readonly vault: Pick<AccountVault, 'seal' | 'open'> },
  messageId: string,
): Promise<boolean> {
  const rows = await tx.query<{ key_index: Buffer; response_sealed: Buffer }>(sql`
    SELECT key_index, response_sealed FROM idempotency_keys WHERE account_id = ${accountId} AND message_id = ${messageId}`);
  let areOlder = false;
  for (const row of rows) {
    const answer = openedAnswer(vault, row.response_sealed);
    if (answer?.recipients === undefined) continue; // none, or broken: it names nobody to anybody
    areOlder = true;
    const recipients = answer.recipients.map((recipient) => ({ ...recipient, email: '' }));
    const sealed = vault.seal('idempotency.response', JSON.stringify({ ...answer, recipients }));
    await tx.query(sql`
      UPDATE idempotency_keys SET response_sealed = ${sealed}
       WHERE account_id = ${accountId} AND key_index = ${row.key_index}`);
  }
  return areOlder;
}

function openedAnswer(vault: Pick<AccountVault, 'open'>, sealed: Buffer): StoredAnswer | null {
  try {
    return readStoredAnswer(vault, sealed);
  } catch (error) {
    return nullWhenBroken(error);
  }
}
