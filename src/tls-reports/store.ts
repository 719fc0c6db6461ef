/** SQL of reports about TLS: those that are to be sent, of the installation; those about accounts' own domains. It decides nothing. */
import { sql, type WorkerTx } from '../platform/database.ts';

export interface DueReport {
  readonly id: string;
  readonly report: Buffer;
  readonly giveUpAt: Date;
}

export const insertDueReport = (tx: WorkerTx, one: DueReport & { readonly dueAt: Date }): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO tls_reports_due (id, due_at, give_up_at, report)
    VALUES (${one.id}, ${one.dueAt}, ${one.giveUpAt}, ${one.report})`);

/** Takes some, and says when they come again if nobody says that they are done: ever later, never all at once. */
export const claimDueReports = (tx: WorkerTx, now: Date, limit: number): Promise<DueReport[]> =>
  tx.query<DueReport>(sql`
    WITH due AS (
      SELECT id FROM tls_reports_due WHERE due_at <= ${now} ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    UPDATE tls_reports_due r
       SET tries = r.tries + 1,
           due_at = ${now}::timestamptz
                    + make_interval(secs => least(600 * 2 ^ least(r.tries, 6), 14400) * (0.75 + random() / 2))
      FROM due WHERE r.id = due.id
    RETURNING r.id, r.report, r.give_up_at AS "giveUpAt"`);

export const updateDueReport = (tx: WorkerTx, id: string, report: Buffer): Promise<unknown> =>
  tx.query(sql`UPDATE tls_reports_due SET report = ${report} WHERE id = ${id}`);

export const deleteDueReport = (tx: WorkerTx, id: string): Promise<unknown> =>
  tx.query(sql`DELETE FROM tls_reports_due WHERE id = ${id}`);

export interface SenderDomain {
  readonly accountId: string;
  readonly domainId: string;
}

/** Whose verified domain it is. */
export async function findSenderDomain(tx: WorkerTx, domain: string): Promise<SenderDomain | undefined> {
  const rows = await tx.query<SenderDomain>(sql`
    SELECT account_id AS "accountId", domain_id AS "domainId" FROM account_of_verified_sender(${domain})`);
  return rows[0];
}

/** What was counted or made and could not be sent, also where nothing is sent any more; and others' reports that had their time. */
export async function forgetTlsReports(
  tx: WorkerTx,
  before: { readonly counted: Date; readonly received: Date },
  most: number,
): Promise<number> {
  const counted = before.counted.toISOString().slice(0, 10);
  await tx.query(sql`DELETE FROM tls_sessions WHERE day < ${counted}::date`);
  await tx.query(sql`DELETE FROM tls_reports_due WHERE give_up_at < ${before.counted}`);
  const rows = await tx.query<{ gone: number }>(
    sql`SELECT prune_tls_reports(${before.received}::timestamptz, ${most}::integer) AS gone`,
  );
  return rows[0]?.gone ?? 0;
}
