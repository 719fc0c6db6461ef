/** SQL of what reports ask about dimensions. Values leave it sealed; it decides nothing. */
import type { DimensionKind } from '../events/index.ts';
import { sql, type Tx } from '../platform/database.ts';

export async function findDimensionId(
  tx: Tx,
  accountId: string,
  kind: DimensionKind,
  valueIndex: Buffer,
): Promise<number | undefined> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions WHERE account_id = ${accountId} AND kind = ${kind} AND value_index = ${valueIndex}`);
  return rows[0]?.id;
}

export const readDimensionValues = (
  tx: Tx,
  accountId: string,
  ids: readonly number[],
): Promise<{ id: number; valueSealed: Buffer }[]> =>
  tx.query(sql`
    SELECT id, value_sealed AS "valueSealed" FROM dimensions
     WHERE account_id = ${accountId} AND id = ANY (${ids}::bigint[])`);
