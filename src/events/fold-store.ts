/** SQL of the fold: deltas leave their table and join their cells in one statement, so that a reader counts each once. */
import { countNames } from '../core/report/cells.ts';
import { raw, type Sql, sql, type WorkerTx } from '../platform/database.ts';

interface FoldRow {
  taken: number;
  /** JSON of the cells that came to nothing. */
  empty: string | null;
}

export interface Folded {
  readonly taken: number;
}

const cell = raw('account_id, grain, campaign_id, day, key_id');
const eachCount = (write: (name: string) => string, between = ', '): Sql => raw(countNames.map(write).join(between));
const isEmpty = eachCount((name) => `r.${name} = 0`, ' AND ');

/**
 * Takes up to `limit` transactions' deltas that no other process holds. Cells are touched in one order, so that two folds
 * may wait for a cell but never for each other. A cell at nothing is removed under the lock of its change.
 */
export async function foldDeltas(tx: WorkerTx, limit: number): Promise<Folded> {
  const rows = await tx.query<FoldRow>(sql`
    WITH held AS (
      SELECT id FROM rollup_deltas ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), taken AS (
      DELETE FROM rollup_deltas d USING held WHERE d.id = held.id RETURNING d.*
    ), summed AS (
      SELECT t.account_id, c.grain, c.campaign_id, c.day, c.key_id, ${eachCount((name) => `sum(c.${name})::bigint AS ${name}`)}
        FROM taken t
       CROSS JOIN LATERAL unnest(t.grain, t.day, t.campaign_id, t.key_id, ${eachCount((name) => `t.${name}`)})
         AS c (grain, day, campaign_id, key_id, ${eachCount(String)})
       GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ), folded AS (
      INSERT INTO rollups AS r (${cell}, ${eachCount(String)})
      SELECT ${cell}, ${eachCount(String)} FROM summed
      ON CONFLICT (account_id, grain, campaign_id, day, key_id)
      DO UPDATE SET ${eachCount((name) => `${name} = r.${name} + EXCLUDED.${name}`)}
      RETURNING r.*
    )
    SELECT (SELECT count(*) FROM taken) AS taken,
           (SELECT json_agg(json_build_object('account_id', account_id, 'grain', grain, 'campaign_id', campaign_id,
                                              'day', day, 'key_id', key_id))::text
              FROM folded r WHERE ${isEmpty}) AS empty`);
  const { taken = 0, empty = null } = rows[0] ?? {};
  if (empty !== null) await removeEmptyCells(tx, empty);
  return { taken };
}

const removeEmptyCells = (tx: WorkerTx, cells: string): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM rollups r
     USING json_to_recordset(${cells}::json) AS c (account_id uuid, grain text, campaign_id bigint, day date, key_id bigint)
     WHERE r.account_id = c.account_id AND r.grain = c.grain AND r.campaign_id = c.campaign_id AND r.day = c.day
       AND r.key_id = c.key_id AND ${isEmpty}`);

/** How many transactions' deltas wait for a fold. */
export async function countWaitingDeltas(tx: WorkerTx): Promise<number> {
  const rows = await tx.query<{ waiting: number }>(sql`SELECT count(*) AS waiting FROM rollup_deltas`);
  return rows[0]?.waiting ?? 0;
}

/** Makes the monthly partitions of the time around `at` and of three months after. */
export const ensurePartitions = (tx: WorkerTx, at: Date): Promise<unknown> =>
  tx.query(sql`SELECT ensure_event_partitions(${at}::date, 3)`);
