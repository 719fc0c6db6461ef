/**
 * SQL of looking for entries. Each search walks an index from its newest entry down and stops when it has enough, so that
 * it costs what it shows, whatever stands in the log. It decides nothing.
 */
import { join, type Sql, sql, type Tx } from '../platform/database.ts';

export interface Conditions {
  /** The first id that is not meant any more: of a cursor or of the end of a range. */
  readonly beforeId: string | null;
  /** The first id that is meant. */
  readonly fromId: string | null;
  readonly action: string | undefined;
  readonly actorId: string | undefined;
  readonly objectKind: string | undefined;
  readonly objectId: string | undefined;
  readonly outcome: string | undefined;
  readonly departmentId: string | undefined;
  /** At least one of these, where there are any to ask for. */
  readonly anyOf: { readonly ids: readonly string[]; readonly actions: readonly string[] } | undefined;
}

export interface FoundEntry {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly action: string;
  readonly objectKind: string;
  readonly objectId: string | null;
  readonly outcome: 'done' | 'refused';
  readonly detail: Record<string, unknown>;
  readonly departmentId: string | null;
  readonly reasonKind: string | null;
  readonly reasonId: string | null;
  readonly sealed: Buffer | null;
  readonly commitment: Buffer | null;
}

function conditionsOf(wish: Conditions): Sql {
  const given: Sql[] = [sql`e.account_id = current_account()`];
  if (wish.beforeId !== null) given.push(sql`e.id < ${wish.beforeId}::uuid`);
  if (wish.fromId !== null) given.push(sql`e.id >= ${wish.fromId}::uuid`);
  if (wish.action !== undefined) given.push(sql`e.action = ${wish.action}`);
  if (wish.actorId !== undefined) given.push(sql`e.actor_id = ${wish.actorId}`);
  if (wish.objectKind !== undefined) given.push(sql`e.object_kind = ${wish.objectKind}`);
  if (wish.objectId !== undefined) given.push(sql`e.object_id = ${wish.objectId}`);
  // Written as the partial index has it.
  if (wish.outcome !== undefined)
    given.push(wish.outcome === 'done' ? sql`e.outcome = 'done'` : sql`e.outcome <> 'done'`);
  if (wish.departmentId !== undefined) given.push(sql`e.department_id = ${wish.departmentId}::uuid`);
  return join(given, ' AND ');
}

const columns = sql`e.id, e.at, e.actor_kind AS "actorKind", e.actor_id AS "actorId", e.action,
  e.object_kind AS "objectKind", e.object_id AS "objectId", e.outcome, e.detail, e.department_id AS "departmentId",
  e.reason_kind AS "reasonKind", e.reason_id AS "reasonId", e.address_sealed AS sealed, e.address_commitment AS commitment`;

/** The newest of each value, one index walk a value. */
const newestOf = (values: readonly string[], column: Sql, meant: Sql, rows: number): Sql => sql`
  SELECT m.* FROM unnest(${values}::text[]) AS wanted
  CROSS JOIN LATERAL (SELECT e.id FROM audit_entries e WHERE ${column} = wanted AND ${meant} ORDER BY e.id DESC LIMIT ${rows}) m`;

/** Newest first. */
export function searchStatement(wish: Conditions, rows: number): Sql {
  const meant = conditionsOf(wish);
  if (wish.anyOf === undefined)
    return sql`SELECT ${columns} FROM audit_entries e WHERE ${meant} ORDER BY e.id DESC LIMIT ${rows}`;
  const { ids, actions } = wish.anyOf;
  return sql`
    SELECT ${columns} FROM audit_entries e WHERE e.account_id = current_account() AND e.id = ANY (ARRAY(
      SELECT found.id FROM (${newestOf(ids, sql`e.actor_id`, meant, rows)} UNION ${newestOf(ids, sql`e.object_id`, meant, rows)}
        UNION ${newestOf(actions, sql`e.action`, meant, rows)}) AS found
       ORDER BY found.id DESC LIMIT ${rows}))
     ORDER BY e.id DESC`;
}

export const searchEntries = (tx: Tx, wish: Conditions, rows: number): Promise<FoundEntry[]> =>
  tx.query<FoundEntry>(searchStatement(wish, rows));

/** Every action that stands in the log of the account: one step through the index for each, not for each entry. */
export async function listActions(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ action: string }>(sql`
    WITH RECURSIVE known (action) AS (
      SELECT min(e.action) FROM audit_entries e WHERE e.account_id = current_account()
      UNION ALL
      SELECT (SELECT min(e.action) FROM audit_entries e WHERE e.account_id = current_account() AND e.action > known.action)
        FROM known WHERE known.action IS NOT NULL)
    SELECT action FROM known WHERE action IS NOT NULL`);
  return rows.map((row) => row.action);
}
