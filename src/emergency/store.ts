/** All SQL of the emergency area. Reasons and notes come and leave sealed; it decides nothing. */
import type { EmergencyAccessBody, EmergencyCategory, EmergencySettings } from '../contract/emergency.ts';
import { empty, raw, type Sql, sql, type Tx, type WorkerTx } from '../platform/database.ts';

export type EndedBy = NonNullable<EmergencyAccessBody['endedBy']>;

export interface StoredEmergency {
  readonly id: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly category: EmergencyCategory;
  readonly reasonSealed: Buffer;
  readonly permissions: readonly EmergencyAccessBody['permissions'][number][];
  readonly openedAt: Date;
  readonly endsAt: Date;
  readonly endedAt: Date | null;
  readonly endedBy: EndedBy | null;
  readonly reviewedAt: Date | null;
  readonly reviewedBy: string | null;
  readonly outcome: 'justified' | 'not_justified' | null;
  readonly noteSealed: Buffer | null;
}

const columns = raw(`id, session_id AS "sessionId", user_id AS "userId", category, reason_sealed AS "reasonSealed",
  permissions, opened_at AS "openedAt", ends_at AS "endsAt", ended_at AS "endedAt", ended_by AS "endedBy",
  reviewed_at AS "reviewedAt", reviewed_by AS "reviewedBy", outcome_of_review AS outcome, note_sealed AS "noteSealed"`);

const select = (tx: Tx, rest: Sql): Promise<StoredEmergency[]> =>
  tx.query(sql`SELECT ${columns} FROM emergency_accesses WHERE account_id = current_account() ${rest}`);

export type NewEmergency = Pick<
  StoredEmergency,
  'id' | 'sessionId' | 'userId' | 'category' | 'reasonSealed' | 'permissions' | 'openedAt' | 'endsAt'
> & { readonly remindAt: Date };

/** False: the session has one that was not ended. One that is just being opened is waited for. */
export async function insertEmergency(tx: Tx, one: NewEmergency): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO emergency_accesses (account_id, id, session_id, user_id, category, reason_sealed, permissions, opened_at,
                                    ends_at, remind_at)
    VALUES (current_account(), ${one.id}, ${one.sessionId}, ${one.userId}, ${one.category}, ${one.reasonSealed},
            ${one.permissions}, ${one.openedAt}, ${one.endsAt}, ${one.remindAt})
    ON CONFLICT (session_id) WHERE ended_at IS NULL DO NOTHING RETURNING id`);
  return rows.length === 1;
}

export async function readEmergencyRow(tx: Tx, id: string, forChange = false): Promise<StoredEmergency | undefined> {
  return (await select(tx, sql`AND id = ${id} ${forChange ? sql`FOR UPDATE` : empty}`))[0];
}

/** Not ended by anybody; its time may be over. */
export async function readOpenOfSession(
  tx: Tx,
  sessionId: string,
  forChange = false,
): Promise<StoredEmergency | undefined> {
  const lock = forChange ? sql`FOR UPDATE` : empty;
  return (await select(tx, sql`AND session_id = ${sessionId} AND ended_at IS NULL ${lock}`))[0];
}

export const listOpenRows = (tx: Tx): Promise<StoredEmergency[]> =>
  select(tx, sql`AND ended_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED`);

export const listEmergencyRows = (tx: Tx, most: number): Promise<StoredEmergency[]> =>
  select(tx, sql`ORDER BY reviewed_at IS NOT NULL, opened_at DESC, id DESC LIMIT ${most}`);

export const listEmergencyRowsOf = (tx: Tx, userId: string, most: number): Promise<StoredEmergency[]> =>
  select(tx, sql`AND user_id = ${userId} ORDER BY opened_at DESC, id DESC LIMIT ${most}`);

export async function countUnreviewed(tx: Tx, exceptOf: string | null): Promise<number> {
  const [row] = await tx.query<{ waiting: number }>(sql`
    SELECT count(*)::int AS waiting FROM emergency_accesses
     WHERE account_id = current_account() AND reviewed_at IS NULL AND user_id IS DISTINCT FROM ${exceptOf}::uuid`);
  return row?.waiting ?? 0;
}

export const markEnded = (tx: Tx, id: string, at: Date, by: EndedBy): Promise<unknown> =>
  tx.query(sql`
    UPDATE emergency_accesses SET ended_at = ${at}, ended_by = ${by}
     WHERE account_id = current_account() AND id = ${id} AND ended_at IS NULL`);

export const markReviewed = (
  tx: Tx,
  id: string,
  review: { at: Date; by: string; outcome: 'justified' | 'not_justified'; noteSealed: Buffer },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE emergency_accesses SET reviewed_at = ${review.at}, reviewed_by = ${review.by},
           outcome_of_review = ${review.outcome}, note_sealed = ${review.noteSealed}
     WHERE account_id = current_account() AND id = ${id} AND reviewed_at IS NULL`);

/** Those nobody has reviewed by then, each once for each time it comes due. */
export const takeReminders = (tx: Tx, at: Date, next: Date): Promise<{ id: string; userId: string }[]> =>
  tx.query(sql`
    UPDATE emergency_accesses SET remind_at = ${next}
     WHERE account_id = current_account() AND reviewed_at IS NULL AND remind_at <= ${at}
    RETURNING id, user_id AS "userId"`);

export async function accountsWithWork(tx: WorkerTx, at: Date): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }>(sql`
    SELECT DISTINCT account_id AS "accountId" FROM emergency_accesses
     WHERE ended_at IS NULL OR (reviewed_at IS NULL AND remind_at <= ${at})`);
  return rows.map(({ accountId }) => accountId);
}

const usualSettings: EmergencySettings = { openers: ['sender', 'viewer', 'admin'], maxMinutes: 240 };

export async function readSettingsRow(tx: Tx): Promise<EmergencySettings> {
  const rows = await tx.query<EmergencySettings>(sql`
    SELECT openers, max_minutes AS "maxMinutes" FROM emergency_settings WHERE account_id = current_account()`);
  return rows[0] ?? usualSettings;
}

export const lockSettings = (tx: Tx): Promise<unknown> =>
  tx.query(
    sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.emergency_settings ' || current_account()::text, 0))`,
  );

export const upsertSettings = (tx: Tx, { openers, maxMinutes }: EmergencySettings): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO emergency_settings (account_id, openers, max_minutes)
    VALUES (current_account(), ${openers}, ${maxMinutes})
    ON CONFLICT (account_id) DO UPDATE SET openers = excluded.openers, max_minutes = excluded.max_minutes`);
