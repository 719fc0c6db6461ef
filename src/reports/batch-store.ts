/** SQL of messages to many, as numbers. Each statement reads one message's recipients by index: 10,000 at most. */
import { sql, type Tx } from '../platform/database.ts';

export interface StateCounts {
  readonly recipients: number;
  readonly queued: number;
  readonly deferred: number;
  readonly delivered: number;
  readonly bounced: number;
  readonly dropped: number;
}

export async function countStates(tx: Tx, accountId: string, messageId: string): Promise<StateCounts> {
  const [counts] = await tx.query<StateCounts>(sql`
    SELECT count(*) AS recipients, count(*) FILTER (WHERE status = 'queued') AS queued,
           count(*) FILTER (WHERE status = 'deferred') AS deferred,
           count(*) FILTER (WHERE status = 'delivered') AS delivered,
           count(*) FILTER (WHERE status = 'bounced') AS bounced,
           count(*) FILTER (WHERE status = 'dropped') AS dropped
      FROM recipient_states WHERE account_id = ${accountId} AND message_id = ${messageId}`);
  return counts ?? { recipients: 0, queued: 0, deferred: 0, delivered: 0, bounced: 0, dropped: 0 };
}

/** The time that it waits for; undefined: it waits for none. */
export async function plannedFor(tx: Tx, accountId: string, messageId: string, now: Date): Promise<Date | undefined> {
  const rows = await tx.query<{ at: Date }>(sql`
    SELECT d.queued_at AS at FROM recipients r JOIN deliveries d ON d.recipient_id = r.id AND d.account_id = r.account_id
     WHERE r.account_id = ${accountId} AND r.message_id = ${messageId} AND d.is_planned AND d.queued_at > ${now}
     LIMIT 1`);
  return rows[0]?.at;
}
