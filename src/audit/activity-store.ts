/** SQL of the log's activity: one row a day, counted when entries got their places in the chain. It decides nothing. */
import { sql, type Tx } from '../platform/database.ts';

/** Days on which nothing happened are left out. */
export const readDays = (
  tx: Tx,
  first: string,
  last: string,
): Promise<{ day: string; entries: number; refused: number }[]> =>
  tx.query(sql`
    SELECT day, entries, refused FROM audit_days
     WHERE account_id = current_account() AND day >= ${first}::date AND day <= ${last}::date`);
