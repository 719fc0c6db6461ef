/** All SQL of the alerting area: settings, whom alerts are to reach, and the mails that tell them. It decides nothing. */
import type { EarlierMail } from '../core/alerting/plan-mails.ts';
import { uuids } from '../platform/columns.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

export interface StoredSettings {
  readonly fromSealed: Buffer | null;
  readonly maxPerHour: number;
}

export async function readSettingsRow(tx: Tx): Promise<StoredSettings> {
  const rows = await tx.query<StoredSettings>(sql`
    SELECT from_sealed AS "fromSealed", max_per_hour AS "maxPerHour" FROM alert_settings
     WHERE account_id = current_account()`);
  return rows[0] ?? { fromSealed: null, maxPerHour: 10 };
}

export const upsertSettings = (tx: Tx, { fromSealed, maxPerHour }: StoredSettings): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO alert_settings (account_id, from_sealed, max_per_hour)
    VALUES (current_account(), ${fromSealed}, ${maxPerHour})
    ON CONFLICT (account_id) DO UPDATE SET from_sealed = excluded.from_sealed, max_per_hour = excluded.max_per_hour`);

/** One at a time plans an account's mails or changes its settings. */
export const lockAlerting = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.alerting ' || current_account()::text, 0))`);

export async function accountsWithWork(tx: WorkerTx, at: Date): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }>(sql`
    SELECT account_id AS "accountId" FROM alerts_waiting
    UNION SELECT account_id FROM alert_notices WHERE mail_id IS NULL
    UNION SELECT account_id FROM alert_mails WHERE accepted_at IS NULL AND given_up_at IS NULL AND due_at <= ${at}`);
  return rows.map(({ accountId }) => accountId);
}

export interface WaitingAlert {
  readonly id: string;
  readonly what: string;
  readonly userId: string | null;
}

/** Takes them out of the queue, oldest first. */
export const takeWaiting = (tx: Tx): Promise<WaitingAlert[]> =>
  tx.query(sql`
    WITH taken AS (DELETE FROM alerts_waiting WHERE account_id = current_account() RETURNING alert_id)
    SELECT a.id, a.what, a.user_id AS "userId" FROM alerts a JOIN taken t ON t.alert_id = a.id
     WHERE a.account_id = current_account() ORDER BY a.at, a.id`);

export const insertNotices = (tx: Tx, alertId: string, userIds: readonly string[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO alert_notices (account_id, alert_id, user_id)
    SELECT current_account(), ${alertId}, m.id FROM unnest(${uuids(userIds)}::uuid[]) AS m (id)
    ON CONFLICT DO NOTHING`);

/** Alerts that no mail tells yet, by person, oldest first. */
export const listHeld = (tx: Tx): Promise<{ userId: string; alertIds: string[] }[]> =>
  tx.query(sql`
    SELECT n.user_id AS "userId", array_agg(n.alert_id ORDER BY a.at, a.id) AS "alertIds"
      FROM alert_notices n JOIN alerts a ON a.account_id = n.account_id AND a.id = n.alert_id
     WHERE n.account_id = current_account() AND n.mail_id IS NULL GROUP BY n.user_id`);

export const dropHeld = (tx: Tx): Promise<unknown> =>
  tx.query(sql`DELETE FROM alert_notices WHERE account_id = current_account() AND mail_id IS NULL`);

export const listMailsSince = (tx: Tx, userId: string, since: Date): Promise<EarlierMail[]> =>
  tx.query(sql`
    SELECT planned_at AS at, is_summary AS "isSummary" FROM alert_mails
     WHERE account_id = current_account() AND user_id = ${userId} AND planned_at > ${since}`);

export interface NewMail {
  readonly id: string;
  readonly userId: string;
  readonly isSummary: boolean;
  readonly at: Date;
  readonly alertIds: readonly string[];
}

export async function insertMail(tx: Tx, mail: NewMail): Promise<void> {
  await tx.query(sql`
    INSERT INTO alert_mails (account_id, id, user_id, is_summary, planned_at, due_at)
    VALUES (current_account(), ${mail.id}, ${mail.userId}, ${mail.isSummary}, ${mail.at}, ${mail.at})`);
  await tx.query(sql`
    UPDATE alert_notices SET mail_id = ${mail.id}
     WHERE account_id = current_account() AND user_id = ${mail.userId}
       AND alert_id = ANY (${uuids(mail.alertIds)}::uuid[])`);
}

export interface DueMail {
  readonly id: string;
  readonly userId: string;
  readonly isSummary: boolean;
  readonly plannedAt: Date;
  readonly tries: number;
}

export const listDueMails = (tx: Tx, at: Date): Promise<DueMail[]> =>
  tx.query(sql`
    SELECT id, user_id AS "userId", is_summary AS "isSummary", planned_at AS "plannedAt", tries FROM alert_mails
     WHERE account_id = current_account() AND accepted_at IS NULL AND given_up_at IS NULL AND due_at <= ${at}
     ORDER BY planned_at, id LIMIT 100`);

export const listAlertsOfMail = (
  tx: Tx,
  mailId: string,
): Promise<{ what: string; at: Date; userId: string | null }[]> =>
  tx.query(sql`
    SELECT a.what, a.at, a.user_id AS "userId"
      FROM alert_notices n JOIN alerts a ON a.account_id = n.account_id AND a.id = n.alert_id
     WHERE n.account_id = current_account() AND n.mail_id = ${mailId} ORDER BY a.at, a.id`);

export const markMailAccepted = (tx: Tx, id: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE alert_mails SET accepted_at = ${at} WHERE account_id = current_account() AND id = ${id}`);

export const markMailFailed = (
  tx: Tx,
  id: string,
  { code, dueAt, givenUpAt }: { code: string; dueAt: Date; givenUpAt: Date | null },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE alert_mails SET tries = tries + 1, last_problem = ${code}, due_at = ${dueAt}, given_up_at = ${givenUpAt}
     WHERE account_id = current_account() AND id = ${id} AND accepted_at IS NULL`);

/** Of the newest mail that was not accepted; undefined: there is none, or one planned later was. */
export async function readLastTrouble(tx: Tx): Promise<{ at: Date; code: string } | undefined> {
  const rows = await tx.query<{ at: Date; code: string | null; isAccepted: boolean }>(sql`
    SELECT planned_at AS at, last_problem AS code, accepted_at IS NOT NULL AS "isAccepted" FROM alert_mails
     WHERE account_id = current_account() AND (accepted_at IS NOT NULL OR last_problem IS NOT NULL)
     ORDER BY planned_at DESC, accepted_at IS NOT NULL, id DESC LIMIT 1`);
  const [row] = rows;
  return row === undefined || row.isAccepted || row.code === null ? undefined : { at: row.at, code: row.code };
}
