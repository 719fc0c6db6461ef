/** SQL of mail that waits for a time of its own. Each statement hops from message to message by an index. */
import { priorityOf } from '../core/delivery/message-class.ts';
import { type Scope, sql, type Tx } from '../platform/database.ts';

export interface PlannedPlace {
  readonly at: Date;
  readonly id: string;
}

export interface PlannedRow extends PlannedPlace {
  readonly campaignId: number;
  readonly departmentId: string | null;
  readonly acceptedAt: Date;
  readonly isMarketing: boolean;
  readonly recipients: number;
  readonly held: number;
}

/** The messages behind a place, the first to go first: as many as there are, whoever's they are. */
export function selectPlanned(tx: Tx, after: PlannedPlace, limit: number): Promise<PlannedRow[]> {
  return tx.query<PlannedRow>(sql`
    WITH RECURSIVE planned (at, id, place) AS (
      SELECT ${after.at}::timestamptz, ${after.id}::uuid, 0
      UNION ALL
      SELECT next.queued_at, next.message_id, planned.place + 1
        FROM planned CROSS JOIN LATERAL (
          SELECT d.queued_at, d.message_id FROM deliveries d
           WHERE d.account_id = current_account() AND d.is_planned
             AND (d.queued_at, d.message_id) > (planned.at, planned.id)
           ORDER BY d.queued_at, d.message_id LIMIT 1) AS next
       WHERE planned.place < ${limit})
    SELECT planned.at, planned.id, m.campaign_id AS "campaignId", m.department_id AS "departmentId",
           m.accepted_at AS "acceptedAt", one.*
      FROM planned JOIN messages m ON m.account_id = current_account() AND m.id = planned.id
     CROSS JOIN LATERAL (
       SELECT count(*) AS recipients, count(*) FILTER (WHERE d.held_because IS NOT NULL) AS held,
              bool_or(d.priority = ${priorityOf('marketing')}) AS "isMarketing"
         FROM deliveries d
        WHERE d.account_id = current_account() AND d.is_planned AND d.queued_at = planned.at
          AND d.message_id = planned.id) AS one
     WHERE planned.place > 0 ORDER BY planned.place`);
}

/** Whether there is such a message, and the caller reaches it. */
export async function isMessageOf(tx: Tx, { departments }: Scope, id: string): Promise<boolean> {
  const [row] = await tx.query<{ departmentId: string | null }>(sql`
    SELECT department_id AS "departmentId" FROM messages WHERE account_id = current_account() AND id = ${id}`);
  if (row === undefined) return false;
  return departments === undefined || (row.departmentId !== null && departments.includes(row.departmentId));
}

/**
 * How many recipients wait for the planned time, and whether anybody's copy has begun to go out. It holds their rows: no
 * worker takes one until the transaction ends, and what a worker just takes is waited for.
 */
export async function lockPlanned(tx: Tx, id: string, now: Date): Promise<{ waiting: number; hasBegun: boolean }> {
  const rows = await tx.query<{ waits: boolean }>(sql`
    SELECT d.is_planned AND d.queued_at > ${now} AND d.attempts = 0 AND NOT d.is_leased AS waits
      FROM recipients r JOIN deliveries d ON d.account_id = r.account_id AND d.recipient_id = r.id
     WHERE r.account_id = current_account() AND r.message_id = ${id}
     ORDER BY d.recipient_id FOR UPDATE OF d`);
  const gone = await tx.query(sql`
    SELECT FROM recipient_states WHERE account_id = current_account() AND message_id = ${id}
       AND status IN ('deferred', 'delivered', 'bounced') LIMIT 1`);
  return { waiting: rows.length, hasBegun: gone.length > 0 || rows.some(({ waits }) => !waits) };
}

export async function moveDeliveries(tx: Tx, id: string, dueAt: Date, isPlanned: boolean): Promise<void> {
  await tx.query(sql`
    UPDATE deliveries d SET queued_at = ${dueAt}, due_at = ${dueAt}, is_planned = ${isPlanned}
      FROM recipients r
     WHERE d.account_id = current_account() AND r.account_id = d.account_id AND r.id = d.recipient_id
       AND r.message_id = ${id}`);
}
