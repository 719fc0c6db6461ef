/** SQL of reports about TLS: those that are to be sent, of the installation; those about accounts' own domains. It decides nothing. */
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

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

export interface NewReport {
  readonly id: string;
  readonly domainId: string;
  readonly digest: Buffer;
  readonly day: string;
  readonly receivedAt: Date;
  readonly succeeded: number;
  readonly failed: number;
  readonly contentSealed: Buffer;
}

/** One that is there already stays as it is. */
export const insertReport = (tx: Tx, one: NewReport): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO tls_reports (account_id, id, domain_id, digest, day, received_at, succeeded, failed, content_sealed)
    VALUES (current_account(), ${one.id}, ${one.domainId}, ${one.digest}, ${one.day}::date, ${one.receivedAt},
            ${one.succeeded}::bigint, ${one.failed}::bigint, ${one.contentSealed})
    ON CONFLICT (account_id, domain_id, digest) DO NOTHING`);

export async function countReceivedSince(tx: Tx, domainId: string, since: Date): Promise<number> {
  const rows = await tx.query<{ reports: number }>(sql`
    SELECT count(*)::int AS reports FROM tls_reports
     WHERE account_id = current_account() AND domain_id = ${domainId} AND received_at > ${since}`);
  return rows[0]?.reports ?? 0;
}

export interface DayRow {
  readonly day: string;
  readonly succeeded: number;
  readonly failed: number;
}

export const listReportDays = (tx: Tx, domain: string, since: string): Promise<DayRow[]> =>
  tx.query<DayRow>(sql`
    SELECT r.day::text AS day, sum(r.succeeded)::float8 AS succeeded, sum(r.failed)::float8 AS failed
      FROM tls_reports r JOIN sender_domains d ON d.account_id = r.account_id AND d.id = r.domain_id
     WHERE r.account_id = current_account() AND d.domain = ${domain} AND r.day >= ${since}::date
     GROUP BY r.day ORDER BY r.day`);

/** Those with failures first. */
export const listReportRows = (
  tx: Tx,
  domain: string,
  since: string,
  most: number,
): Promise<(DayRow & { readonly contentSealed: Buffer })[]> =>
  tx.query(sql`
    SELECT r.day::text AS day, r.succeeded::float8 AS succeeded, r.failed::float8 AS failed,
           r.content_sealed AS "contentSealed"
      FROM tls_reports r JOIN sender_domains d ON d.account_id = r.account_id AND d.id = r.domain_id
     WHERE r.account_id = current_account() AND d.domain = ${domain} AND r.day >= ${since}::date
     ORDER BY r.failed > 0 DESC, r.day DESC, r.id DESC LIMIT ${most}`);
