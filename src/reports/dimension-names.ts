/** What the small numbers of reports mean, and which number a campaign or domain has. Reads only. */
import { type AccountKeys, type DimensionKind, dimensionIndex } from '../events/index.ts';
import { sql, type Tx } from '../platform/database.ts';

/** No row has it: a filter by an unknown value selects nothing. */
const nobody = -1;

export async function numberOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  kind: DimensionKind,
  value: string,
): Promise<number> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions
     WHERE account_id = ${accountId} AND kind = ${kind} AND value_index = ${dimensionIndex(vault, kind, value)}`);
  return rows[0]?.id ?? nobody;
}

/** The values in clear, by number. 0 stands for none and has no name. */
export async function namesOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  ids: readonly number[],
): Promise<Map<number, string>> {
  const wanted = [...new Set(ids)].filter((id) => id > 0);
  if (wanted.length === 0) return new Map();
  const rows = await tx.query<{ id: number; value_sealed: Buffer }>(sql`
    SELECT id, value_sealed FROM dimensions WHERE account_id = ${accountId} AND id = ANY (${wanted}::bigint[])`);
  return new Map(rows.map((row) => [row.id, vault.open('dimension.value', row.value_sealed).toString()]));
}
