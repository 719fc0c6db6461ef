/** SQL of the rulesets that judged an account's hits: a small number for each name. Names are public and stand in clear. */
import QuickLRU from 'quick-lru';
import { sql, type Tx } from '../platform/database.ts';

/** By account and name. A number never changes once it is there for good. */
const remembered = new QuickLRU<string, number>({ maxSize: 10_000 });

/** The numbers of these rulesets; what is new is made. What this transaction made is not remembered: it may be rolled back. */
export async function rulesetIds(tx: Tx, accountId: string, names: ReadonlySet<string>): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  for (const name of names) {
    const id = remembered.get(`${accountId} ${name}`);
    if (id !== undefined) known.set(name, id);
  }
  const found = await findRulesets(
    tx,
    accountId,
    [...names].filter((name) => !known.has(name)),
  );
  const missing = [...names].filter((name) => !known.has(name) && !found.has(name)).sort();
  if (missing.length === 0) return new Map([...known, ...found]);
  await tx.query(sql`
    INSERT INTO rulesets (account_id, name) SELECT ${accountId}, unnest(${missing}::text[]) ON CONFLICT DO NOTHING`);
  // Another process may have made it first: what is there now counts, whoever made it.
  return new Map([...known, ...found, ...(await findRulesets(tx, accountId, missing))]);
}

/**
 * A row older than every transaction under way is there for good; one of our own, or of a neighbour that is just done, is
 * not told from it and read again. `age` counts transactions across the wraparound of their numbers.
 */
async function findRulesets(tx: Tx, accountId: string, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await tx.query<{ id: number; name: string; is_settled: boolean }>(sql`
    SELECT id, name, age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) AS is_settled
      FROM rulesets WHERE account_id = ${accountId} AND name = ANY (${names}::text[])`);
  for (const { id, name, is_settled } of rows) if (is_settled) remembered.set(`${accountId} ${name}`, id);
  return new Map(rows.map(({ id, name }) => [name, id]));
}
