/** SQL of the counts of sessions with recipients' servers, for reports about TLS. Of the whole installation: under the worker role. */
import { bigints, bytes, days } from '../platform/columns.ts';
import { sql, type WorkerTx } from '../platform/database.ts';

export interface TlsCountRow {
  readonly day: string;
  readonly domainIndex: Buffer;
  readonly factsIndex: Buffer;
  readonly facts: Buffer;
  readonly sessions: number;
}

/** In the order of the key, so that two processes never wait for each other in a circle. */
export async function addSessions(tx: WorkerTx, rows: readonly TlsCountRow[]): Promise<void> {
  const all = rows.toSorted((one, other) => Buffer.compare(one.factsIndex, other.factsIndex));
  await tx.query(sql`
    INSERT INTO tls_sessions AS t (day, domain_index, facts_index, facts, sessions)
    SELECT * FROM unnest(${days(all.map(({ day }) => day))}::date[], ${bytes(all.map((one) => one.domainIndex))}::bytea[],
                         ${bytes(all.map((one) => one.factsIndex))}::bytea[], ${bytes(all.map((one) => one.facts))}::bytea[],
                         ${bigints(all.map((one) => one.sessions))}::bigint[])
    ON CONFLICT (day, domain_index, facts_index) DO UPDATE SET sessions = t.sessions + excluded.sessions`);
}

/** Takes the counts of one domain's day that is over; none: there is no such day. */
export const takeDayRows = (tx: WorkerTx, today: string): Promise<{ day: string; facts: Buffer; sessions: number }[]> =>
  tx.query(sql`
    WITH one AS (
      SELECT day, domain_index FROM tls_sessions WHERE day < ${today}::date ORDER BY day, domain_index LIMIT 1 FOR UPDATE SKIP LOCKED)
    DELETE FROM tls_sessions t USING one WHERE t.day = one.day AND t.domain_index = one.domain_index
    RETURNING t.day::text AS day, t.facts, t.sessions::float8 AS sessions`);
