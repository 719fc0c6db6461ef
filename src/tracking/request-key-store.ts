/** SQL of the keys under which addresses and agents of hits are sealed. Keys come wrapped and leave wrapped. */
import { texts } from '../platform/columns.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';
import type { KeepDays } from './request-life.ts';

export interface RequestKeyRow {
  readonly day: string;
  readonly keySealed: Buffer;
  readonly keepDays: KeepDays;
}

export async function selectRequestKeys(tx: Tx, days: readonly string[]): Promise<RequestKeyRow[]> {
  if (days.length === 0) return [];
  return tx.query<RequestKeyRow>(sql`
    SELECT day, key_sealed AS "keySealed", keep_days AS "keepDays" FROM request_keys
     WHERE account_id = current_account() AND day = ANY (${texts(days)}::text[]::date[])`);
}

/** A key that is there already stays. */
export async function insertRequestKeys(tx: Tx, keys: readonly RequestKeyRow[]): Promise<void> {
  for (const { day, keySealed, keepDays } of keys)
    await tx.query(sql`
      INSERT INTO request_keys (account_id, day, key_sealed, keep_days)
      VALUES (current_account(), ${day}, ${keySealed}, ${keepDays}) ON CONFLICT DO NOTHING`);
}

/**
 * Keys whose last hit has come to the end of its life are gone then; a shorter life that was chosen since holds for what
 * was kept before, a longer one does not. Gives how many of each account.
 */
export async function deleteRequestKeys(tx: WorkerTx, today: string): Promise<Map<string, number>> {
  const rows = await tx.query<{ of_account: string; days: number }>(
    sql`SELECT of_account, days FROM destroy_request_keys(${today}::date)`,
  );
  return new Map(rows.map((row) => [row.of_account, row.days]));
}
