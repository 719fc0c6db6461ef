/** SQL of the log's activity. It decides nothing. */
import { sql, type Tx } from '../platform/database.ts';

/** The newest entries wait a second for their places; so many are passed over at most. */
const mostWaiting = 100;

/**
 * Between each bound and the next: how many places of the chain were taken, told from the places of the two first entries,
 * so that a day costs two steps through indexes whatever happened on it; and what was refused, up to `mostRefused`.
 */
export const countDays = (
  tx: Tx,
  bounds: readonly string[],
  mostRefused: number,
): Promise<{ entries: number; refused: number }[]> =>
  tx.query(sql`
    WITH bounds AS (
      SELECT at.n, at.first_id, lead(at.first_id) OVER (ORDER BY at.n) AS next_id, coalesce(
          (SELECT c.seq FROM (
              SELECT e.id FROM audit_entries e
               WHERE e.account_id = current_account() AND e.id >= at.first_id ORDER BY e.id LIMIT ${mostWaiting}) AS e
             JOIN audit_chain c ON c.entry_id = e.id ORDER BY e.id LIMIT 1),
          (SELECT max(c.seq) + 1 FROM audit_chain c WHERE c.account_id = current_account()),
          1) AS seq
        FROM unnest(${bounds}::uuid[]) WITH ORDINALITY AS at (first_id, n)),
    days AS (SELECT n, first_id, next_id, lead(seq) OVER (ORDER BY n) - seq AS entries FROM bounds)
    SELECT greatest(d.entries, 0)::int AS entries, (
        SELECT count(*)::int FROM (
          SELECT FROM audit_entries e
           WHERE e.account_id = current_account() AND e.outcome <> 'done' AND e.id >= d.first_id AND e.id < d.next_id
           LIMIT ${mostRefused}) AS refused) AS refused
      FROM days d WHERE d.next_id IS NOT NULL ORDER BY d.n`);
