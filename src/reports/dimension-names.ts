/** What the small numbers of reports mean, and which number a campaign or domain has. Reads only. */
import QuickLRU from 'quick-lru';
import { type AccountKeys, type DimensionKind, dimensionIndex } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { findDimensionId, readDimensionValues } from './dimension-store.ts';

/** No row has it: a filter by an unknown value selects nothing. */
const nobody = -1;

/** The number to select by; undefined when nothing was asked for. */
export async function numberOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  kind: DimensionKind,
  value: string | undefined,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  return (await findDimensionId(tx, accountId, kind, dimensionIndex(vault, kind, value))) ?? nobody;
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
  for (const { id, valueSealed } of await readDimensionValues(tx, accountId, [...missing])) {
    const name = vault.open('dimension.value', valueSealed).toString();
    names.set(id, name);
    rememberedNames.set(`${accountId} ${id}`, name);
  }
  return names;
}
