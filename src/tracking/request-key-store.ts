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

/** A shorter life holds for what was kept before, too; a longer one does not. */
export async function shortenRequestKeys(tx: WorkerTx): Promise<void> {
  await tx.query(sql`
    UPDATE request_keys k SET keep_days = s.keep_request_days FROM account_settings s
     WHERE s.account_id = k.account_id AND s.keep_request_days IS NOT NULL
       AND (k.keep_days IS NULL OR k.keep_days > s.keep_request_days)`);
}

/** Those whose last hit has come to the end of its life. Gives how many of each account. */
export async function deleteRequestKeys(tx: WorkerTx, today: string): Promise<Map<string, number>> {
  const rows = await tx.query<{ account_id: string }>(sql`
    DELETE FROM request_keys WHERE keep_days = 0 OR day + keep_days < ${today}::date RETURNING account_id`);
  return new Map([...Map.groupBy(rows, (row) => row.account_id)].map(([id, keys]) => [id, keys.length]));
}
