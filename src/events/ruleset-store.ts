/** SQL of the rulesets that judged an account's hits: a small number for each name. Names are public and stand in clear. */
import { sql, type Tx } from '../platform/database.ts';

/** The numbers of these rulesets; what is new is made. Never remembered: its making may yet be rolled back. */
export async function rulesetIds(tx: Tx, accountId: string, names: ReadonlySet<string>): Promise<Map<string, number>> {
  const found = await findRulesets(tx, accountId, [...names]);
  const missing = [...names].filter((name) => !found.has(name)).sort();
  if (missing.length === 0) return found;
  await tx.query(sql`
    INSERT INTO rulesets (account_id, name) SELECT ${accountId}, unnest(${missing}::text[]) ON CONFLICT DO NOTHING`);
  // Another process may have made it first: what is there now counts, whoever made it.
  return new Map([...found, ...(await findRulesets(tx, accountId, missing))]);
}

async function findRulesets(tx: Tx, accountId: string, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await tx.query<{ id: number; name: string }>(sql`
    SELECT id, name FROM rulesets WHERE account_id = ${accountId} AND name = ANY (${names}::text[])`);
  return new Map(rows.map(({ id, name }) => [name, id]));
}
