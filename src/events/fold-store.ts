/** SQL of the fold: deltas leave their table and join their cells in one statement, so that a reader counts each once. */
import { sql, type WorkerTx } from '../platform/database.ts';

interface FoldRow {
  taken: number;
  /** JSON of the cells that came to zero. */
  empty: string | null;
}

export interface Folded {
  readonly taken: number;
}

/**
 * Takes up to `limit` transactions' deltas that no other process holds. Cells are touched in one order, so that two folds may wait for
 * a cell but never for each other. A cell at zero says nothing and is removed under the lock of its change.
 */
export async function foldDeltas(tx: WorkerTx, limit: number): Promise<Folded> {
  const rows = await tx.query<FoldRow>(sql`
    WITH held AS (
      SELECT id FROM rollup_deltas ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), taken AS (
      DELETE FROM rollup_deltas d USING held WHERE d.id = held.id RETURNING d.*
    ), cells AS (
      SELECT t.account_id, c.*
        FROM taken t
       CROSS JOIN LATERAL unnest(t.grains, t.days, t.campaign_ids, t.key_ids, t.statuses, t.opens, t.clicks, t.ns)
         AS c (grain, day, campaign_id, key_id, status, opens, clicks, n)
    ), summed AS (
      SELECT account_id, grain, campaign_id, day, key_id, status, opens, clicks, sum(n) AS n
        FROM cells
       GROUP BY account_id, grain, campaign_id, day, key_id, status, opens, clicks
      HAVING sum(n) <> 0
       ORDER BY account_id, grain, campaign_id, day, key_id, status, opens, clicks
    ), folded AS (
      INSERT INTO rollups AS r (account_id, grain, campaign_id, day, key_id, status, opens, clicks, n)
      SELECT account_id, grain, campaign_id, day, key_id, status, opens, clicks, n FROM summed
      ON CONFLICT (account_id, grain, campaign_id, day, key_id, status, opens, clicks) DO UPDATE SET n = r.n + EXCLUDED.n
      RETURNING r.*
    )
    SELECT (SELECT count(*) FROM taken) AS taken, (SELECT json_agg(f)::text FROM folded f WHERE f.n = 0) AS empty`);
  const { taken = 0, empty = null } = rows[0] ?? {};
  if (empty !== null) await removeEmptyCells(tx, empty);
  return { taken };
}

const removeEmptyCells = (tx: WorkerTx, cells: string): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM rollups r
     USING json_to_recordset(${cells}::json) AS c (account_id uuid, grain text, campaign_id bigint, day date, key_id bigint,
                                                  status text, opens smallint, clicks smallint)
     WHERE r.account_id = c.account_id AND r.grain = c.grain AND r.campaign_id = c.campaign_id AND r.day = c.day
       AND r.key_id = c.key_id AND r.status = c.status AND r.opens = c.opens AND r.clicks = c.clicks AND r.n = 0`);

/** Makes the monthly partitions of the time around `at` and of three months after. */
export const ensurePartitions = (tx: WorkerTx, at: Date): Promise<unknown> =>
  tx.query(sql`SELECT ensure_event_partitions(${at}::date, 3)`);
