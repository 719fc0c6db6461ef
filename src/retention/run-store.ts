/** SQL of runs of retention: which are due, whose they are, how far they are. It decides nothing. */
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

export interface RunRow {
  readonly id: string;
  readonly startedAt: Date;
  readonly revision: number;
  readonly before: Date;
  readonly expected: number;
  readonly erased: number;
  readonly keptByHolds: number | null;
  readonly leaseUntil: Date;
  readonly endedAt: Date | null;
  readonly endedHow: 'done' | 'stopped' | null;
}

const columns = sql`
  id, started_at AS "startedAt", revision, before, expected, erased, kept_by_holds AS "keptByHolds",
  lease_until AS "leaseUntil", ended_at AS "endedAt", ended_how AS "endedHow"`;

/** Accounts with a run that is due, or that nobody is at any more. */
export async function accountsWithWork(tx: WorkerTx, now: Date): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }>(sql`
    SELECT account_id AS "accountId" FROM retention_policies WHERE next_run_at <= ${now}
    UNION SELECT account_id FROM retention_runs WHERE ended_at IS NULL AND lease_until <= ${now} ORDER BY 1`);
  return rows.map(({ accountId }) => accountId);
}

/** How many accounts wait for a run since before a moment. */
export async function countOverdue(tx: WorkerTx, since: Date): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT count(*)::int AS n FROM retention_policies WHERE next_run_at < ${since}`,
  );
  return rows[0]?.n ?? 0;
}

/** Of the processes that look at one account at once, one goes on at a time. Undefined: the account keeps everything. */
export async function lockPolicy(
  tx: Tx,
): Promise<{ messageDays: number | null; hour: number; revision: number; nextRunAt: Date | null } | undefined> {
  const rows = await tx.query<{
    messageDays: number | null;
    hour: number;
    revision: number;
    nextRunAt: Date | null;
  }>(sql`
    SELECT message_days AS "messageDays", hour, revision, next_run_at AS "nextRunAt"
      FROM retention_policies WHERE account_id = current_account() FOR UPDATE`);
  return rows[0];
}

export async function latestRun(tx: Tx): Promise<RunRow | undefined> {
  const rows = await tx.query<RunRow>(sql`
    SELECT ${columns} FROM retention_runs WHERE account_id = current_account() ORDER BY started_at DESC LIMIT 1`);
  return rows[0];
}

export async function openRun(tx: Tx): Promise<RunRow | undefined> {
  const rows = await tx.query<RunRow>(
    sql`SELECT ${columns} FROM retention_runs WHERE account_id = current_account() AND ended_at IS NULL`,
  );
  return rows[0];
}

/** Who is at a run, and until when nobody else takes it up. */
export interface Runner {
  readonly runner: string;
  readonly leaseUntil: Date;
}

export type NewRun = Pick<RunRow, 'id' | 'startedAt' | 'revision' | 'before' | 'expected'>;

export const insertRun = (tx: Tx, run: NewRun, { runner, leaseUntil }: Runner): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO retention_runs (account_id, id, started_at, revision, before, expected, runner, lease_until)
    VALUES (current_account(), ${run.id}, ${run.startedAt}, ${run.revision}, ${run.before}, ${run.expected}, ${runner}, ${leaseUntil})`);

export const takeRun = (tx: Tx, id: string, { runner, leaseUntil }: Runner): Promise<unknown> =>
  tx.query(sql`
    UPDATE retention_runs SET runner = ${runner}, lease_until = ${leaseUntil}
     WHERE account_id = current_account() AND id = ${id}`);

/** Until the transaction ends the policy stays as it is. */
export async function currentRevision(tx: Tx): Promise<number | undefined> {
  const rows = await tx.query<{ revision: number }>(
    sql`SELECT revision FROM retention_policies WHERE account_id = current_account() FOR SHARE`,
  );
  return rows[0]?.revision;
}

/** False: the run is another's by now, or over. */
export async function addErased(tx: Tx, id: string, { runner, leaseUntil }: Runner, erased: number): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE retention_runs SET erased = erased + ${erased}, lease_until = ${leaseUntil}
     WHERE account_id = current_account() AND id = ${id} AND runner = ${runner} AND ended_at IS NULL RETURNING id`);
  return rows.length > 0;
}

export interface Ending {
  readonly at: Date;
  readonly how: 'done' | 'stopped';
  readonly keptByHolds: number;
}

/** How many it erased in all; undefined: the run is another's by now, or over. */
export async function endRun(tx: Tx, id: string, runner: string, ending: Ending): Promise<number | undefined> {
  const rows = await tx.query<{ erased: number }>(sql`
    UPDATE retention_runs SET ended_at = ${ending.at}, ended_how = ${ending.how}, kept_by_holds = ${ending.keptByHolds}
     WHERE account_id = current_account() AND id = ${id} AND runner = ${runner} AND ended_at IS NULL RETURNING erased`);
  return rows[0]?.erased;
}

export interface Candidate {
  readonly id: string;
  readonly acceptedAt: Date;
}

/** The oldest messages behind a place that are due. What still waits to be sent is not. */
export const selectDue = (tx: Tx, before: Date, after: Candidate | undefined, limit: number): Promise<Candidate[]> =>
  tx.query<Candidate>(sql`
    SELECT m.id, m.accepted_at AS "acceptedAt" FROM messages m
     WHERE m.account_id = current_account() AND m.erased_at IS NULL AND m.accepted_at < ${before}
       AND (m.accepted_at, m.id) > (coalesce(${after?.acceptedAt ?? null}::timestamptz, '-infinity'),
                                    coalesce(${after?.id ?? null}::uuid, '00000000-0000-0000-0000-000000000000'))
       AND NOT EXISTS (SELECT FROM recipients r JOIN deliveries d ON d.recipient_id = r.id
                        WHERE r.account_id = m.account_id AND r.message_id = m.id)
     ORDER BY m.accepted_at, m.id LIMIT ${limit}`);

export async function heldAmong(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT DISTINCT h.message_id AS id FROM held_messages h
     WHERE h.account_id = current_account() AND h.message_id = ANY (${ids}::uuid[])`);
  return new Set(rows.map(({ id }) => id));
}
