/** SQL of how long an account keeps its messages, and of what a choice would erase. It decides nothing. */
import type { RetentionPolicy } from '../contract/retention.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface StoredPolicy extends RetentionPolicy {
  readonly revision: number;
  readonly nextRunAt: Date | null;
}

/** Undefined: nobody has chosen, and everything is kept. */
export async function selectPolicy(tx: Tx): Promise<StoredPolicy | undefined> {
  const rows = await tx.query<StoredPolicy>(sql`
    SELECT message_days AS "messageDays", event_days AS "eventDays", minimum_days AS "minimumDays", hour, revision,
           next_run_at AS "nextRunAt"
      FROM retention_policies WHERE account_id = current_account()`);
  return rows[0];
}

/** The next time after `now` that the clock of the account strikes the hour. */
const nextRun = (now: Date, hour: number) => sql`
  (SELECT CASE WHEN c.today AT TIME ZONE c.zone > ${now}::timestamptz THEN c.today AT TIME ZONE c.zone
               ELSE (c.today + interval '1 day') AT TIME ZONE c.zone END
     FROM (SELECT s.time_zone AS zone,
                  date_trunc('day', ${now}::timestamptz AT TIME ZONE s.time_zone) + make_interval(hours => ${hour}) AS today
             FROM account_settings s WHERE s.account_id = current_account()) AS c)`;

export const upsertPolicy = (tx: Tx, policy: RetentionPolicy, now: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO retention_policies (account_id, message_days, event_days, minimum_days, hour, changed_at, next_run_at)
    VALUES (current_account(), ${policy.messageDays}, ${policy.eventDays}, ${policy.minimumDays}, ${policy.hour}, ${now},
            CASE WHEN ${policy.messageDays}::integer IS NOT NULL THEN ${nextRun(now, policy.hour)} END)
    ON CONFLICT (account_id) DO UPDATE
      SET message_days = EXCLUDED.message_days, event_days = EXCLUDED.event_days, minimum_days = EXCLUDED.minimum_days,
          hour = EXCLUDED.hour, changed_at = EXCLUDED.changed_at, next_run_at = EXCLUDED.next_run_at,
          revision = retention_policies.revision + 1`);

export const moveNextRun = (tx: Tx, now: Date, hour: number): Promise<unknown> =>
  tx.query(sql`
    UPDATE retention_policies SET next_run_at = ${nextRun(now, hour)} WHERE account_id = current_account()`);

/** Of messages that are not erased and were accepted before a moment: how many there are, and how many holds keep. */
export async function countOlder(tx: Tx, before: Date): Promise<{ readonly all: number; readonly held: number }> {
  const rows = await tx.query<{ all: number; held: number }>(sql`
    SELECT (SELECT count(*)::int FROM messages m
             WHERE m.account_id = current_account() AND m.erased_at IS NULL AND m.accepted_at < ${before}) AS all,
           (SELECT count(DISTINCT h.message_id)::int FROM held_messages h
             WHERE h.account_id = current_account() AND h.accepted_at < ${before}) AS held`);
  return rows[0] ?? { all: 0, held: 0 };
}

export async function oldestKept(tx: Tx): Promise<Date | null> {
  const rows = await tx.query<{ at: Date }>(sql`
    SELECT accepted_at AS at FROM messages WHERE account_id = current_account() AND erased_at IS NULL
     ORDER BY accepted_at, id LIMIT 1`);
  return rows[0]?.at ?? null;
}
