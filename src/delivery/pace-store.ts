/** The processes that deliver, and what each saw of destinations lately: SQL under the worker role. */
import { sql, type Tx } from '../platform/database.ts';

export interface PaceRow {
  readonly accountId: string;
  readonly domainId: number;
  readonly inFlight: number;
  readonly atMost: number;
  readonly pausedUntil: Date | null;
  readonly deliveredPerMinute: number;
  readonly lastOutcome: 'delivered' | 'deferred' | 'bounced';
  readonly lastWhy: string;
  readonly lastReplyCode: number | null;
}

/** Says that this process is alive; answers how many are. */
export async function keepWorker(tx: Tx, workerId: string, now: Date, until: Date): Promise<number> {
  await tx.query(sql`
    INSERT INTO delivery_workers (id, until) VALUES (${workerId}, ${until})
    ON CONFLICT (id) DO UPDATE SET until = excluded.until`);
  await tx.query(sql`DELETE FROM delivery_workers WHERE until < ${now}`);
  const rows = await tx.query<{ alive: number }>(sql`SELECT count(*) AS alive FROM delivery_workers`);
  return rows[0]?.alive ?? 1;
}

export async function forgetWorker(tx: Tx, workerId: string): Promise<void> {
  await tx.query(sql`DELETE FROM delivery_workers WHERE id = ${workerId}`);
}

export async function keepPaces(tx: Tx, workerId: string, at: Date, rows: readonly PaceRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(sql`
    INSERT INTO destination_paces (account_id, domain_id, worker_id, seen_at, in_flight, at_most, paused_until,
                                   delivered_per_minute, last_outcome, last_why, last_reply_code)
    SELECT account_id, domain_id, ${workerId}::uuid, ${at}::timestamptz, in_flight, at_most, paused_until,
           delivered_per_minute, last_outcome, last_why, last_reply_code
      FROM unnest(${rows.map((row) => row.accountId)}::uuid[], ${rows.map((row) => row.domainId)}::bigint[],
                  ${rows.map((row) => row.inFlight)}::integer[], ${rows.map((row) => row.atMost)}::integer[],
                  ${rows.map((row) => row.pausedUntil)}::timestamptz[],
                  ${rows.map((row) => row.deliveredPerMinute)}::integer[], ${rows.map((row) => row.lastOutcome)}::text[],
                  ${rows.map((row) => row.lastWhy)}::text[], ${rows.map((row) => row.lastReplyCode)}::integer[])
        AS p (account_id, domain_id, in_flight, at_most, paused_until, delivered_per_minute, last_outcome, last_why,
              last_reply_code)
    ON CONFLICT (account_id, domain_id, worker_id) DO UPDATE
       SET seen_at = excluded.seen_at, in_flight = excluded.in_flight, at_most = excluded.at_most,
           paused_until = excluded.paused_until, delivered_per_minute = excluded.delivered_per_minute,
           last_outcome = excluded.last_outcome, last_why = excluded.last_why, last_reply_code = excluded.last_reply_code`);
}

export async function forgetPaces(tx: Tx, before: Date): Promise<void> {
  await tx.query(sql`DELETE FROM destination_paces WHERE seen_at < ${before}`);
}
