/** SQL of tidying. What may go and by which index, the database's own functions say (migration 0022). */
import { sql, type WorkerTx } from '../platform/database.ts';

export async function pruneTable(tx: WorkerTx, table: string, olderThan: Date, most: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT prune_table(${table}, ${olderThan}::timestamptz, ${most}::integer) AS n`,
  );
  return rows[0]?.n ?? 0;
}

/** The end of the month that went; null: none did. */
export async function dropEventMonth(tx: WorkerTx, now: Date): Promise<Date | null> {
  const rows = await tx.query<{ end: Date | null }>(sql`SELECT drop_event_month(${now}::timestamptz) AS end`);
  return rows[0]?.end ?? null;
}

export async function eventsGoneBefore(tx: WorkerTx): Promise<Date | null> {
  const rows = await tx.query<{ at: Date | null }>(
    sql`SELECT removed_before AS at FROM housekeeping WHERE task = 'event_months'`,
  );
  return rows[0]?.at ?? null;
}

/** Whether nobody has looked since a moment; whoever asks says so for the others. */
export async function claimTask(tx: WorkerTx, task: string, now: Date, notSince: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO housekeeping AS h (task, looked_at) VALUES (${task}, ${now})
    ON CONFLICT (task) DO UPDATE SET looked_at = EXCLUDED.looked_at WHERE h.looked_at <= ${notSince} RETURNING h.task`);
  return rows.length > 0;
}

export const noteTask = (tx: WorkerTx, task: string, now: Date, removed: number, isBehind: boolean): Promise<unknown> =>
  tx.query(sql`
    UPDATE housekeeping
       SET removed = removed + ${removed}, behind_since = CASE WHEN ${isBehind} THEN coalesce(behind_since, ${now}) END
     WHERE task = ${task}`);

export async function countBehind(tx: WorkerTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT count(*)::int AS n FROM housekeeping WHERE behind_since IS NOT NULL`,
  );
  return rows[0]?.n ?? 0;
}
