/** What the small numbers of reports mean, and which number a campaign or domain has. Reads only. */
import QuickLRU from 'quick-lru';
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

/** A dimension never changes; opening a thousand names a report would be most of its time. */
const rememberedNames = new QuickLRU<string, string>({ maxSize: 50_000 });

/** The values in clear, by number. 0 stands for none and has no name. */
export async function namesOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  ids: readonly number[],
): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const missing = new Set<number>();
  for (const id of ids) {
    const known = rememberedNames.get(`${accountId} ${id}`);
    if (known !== undefined) names.set(id, known);
    else if (id > 0) missing.add(id);
  }
  if (missing.size === 0) return names;
  const rows = await tx.query<{ id: number; value_sealed: Buffer }>(sql`
    SELECT id, value_sealed FROM dimensions WHERE account_id = ${accountId} AND id = ANY (${[...missing]}::bigint[])`);
  for (const { id, value_sealed: sealed } of rows) {
    const name = vault.open('dimension.value', sealed).toString();
    names.set(id, name);
    rememberedNames.set(`${accountId} ${id}`, name);
  }
  return names;
}
