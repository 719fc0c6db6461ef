/**
 * SQL of looking for entries. There is an index for each filter, newest first; a search walks the one that leads furthest
 * back, a bounded number of entries, and tells how far it came. It decides nothing about who may look.
 */
import { join, type Sql, sql, type Tx } from '../platform/database.ts';
import { type Conditions, onlyWalk, type Way, walkOf, waysOf } from './search-ways.ts';

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

export interface Found {
  readonly entries: FoundEntry[];
  /** All that is asked for was looked at down to this id and not further. Null: to the end. */
  readonly searchedTo: string | null;
}

/** Entries that are looked at for each filter: seldom does a page need more than the first; none costs more than the last. */
const mostWalked = [200, 2_000] as const;

/** The newest that fit, `rows` at most, of those that may be looked at in one go. */
export async function searchEntries(tx: Tx, wish: Conditions, rows: number): Promise<Found> {
  await tx.query(walkInOrder);
  let found: Found = { entries: [], searchedTo: null };
  for (const most of mostWalked) {
    found = await searchAmong(tx, wish, rows, Math.max(most, rows));
    if (found.entries.length === rows || found.searchedTo === null) break;
  }
  return found;
}

async function searchAmong(tx: Tx, wish: Conditions, rows: number, most: number): Promise<Found> {
  const ways = waysOf(wish, most, rows);
  const { way, reach } = meansAllOf(ways, wish) ? { way: ways[0], reach: null } : await furthest(tx, wish, ways);
  const entries = await tx.query<FoundEntry>(foundOn(way, wish, reach, rows));
  const last = entries.length < rows ? undefined : entries.at(-1);
  return { entries, searchedTo: last?.id ?? reach };
}

/** A planner decides by what it believes of all accounts; one that is unlike the others would be read whole. */
const walkInOrder = sql`
  SELECT WHERE concat(set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('enable_sort', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('jit', 'off', true)) = 'nothing is told'`;

/** Whatever is met on the only way is meant: the walk ends where the page does. */
const meansAllOf = ([way, ...others]: readonly [Way, ...Way[]], { outcome }: Conditions): boolean =>
  others.length === 0 && onlyWalk(way) !== undefined && outcome !== 'done';

interface Reach {
  readonly at: number;
  readonly met: number;
  /** What lies behind this id was not walked; null: it was walked to its end. */
  readonly reach: string | null;
}

/** Of those that end, the shortest. */
async function furthest(tx: Tx, wish: Conditions, ways: readonly [Way, ...Way[]]) {
  const reached = await tx.query<Reach>(
    join(
      ways.map((way, at) => reachStatement(way, at, wish)),
      ' UNION ALL ',
    ),
  );
  const [best] = reached.toSorted((one, other) => compare(one.reach, other.reach) || one.met - other.met);
  return { way: ways[best?.at ?? 0] ?? ways[0], reach: best?.reach ?? null };
}

const compare = (one: string | null, other: string | null): number =>
  one === other ? 0 : (one ?? '') < (other ?? '') ? -1 : 1;

/** Ids alone, which the indexes hold. Several walks are complete down to where the first of them stopped. */
const reachStatement = (way: Way, at: number, wish: Conditions): Sql => sql`
  SELECT ${at}::int AS at, coalesce(sum(cardinality(w.ids)), 0)::int AS met,
         (array_agg(w.ids[${way.most}] ORDER BY w.ids[${way.most}] DESC) FILTER (WHERE w.ids[${way.most}] IS NOT NULL))[1] AS reach
    FROM (${idsOn(way, wish)}) w`;

const idsOn = ({ walks, most }: Way, wish: Conditions): Sql =>
  join(
    walks.map(
      ({ by, values }) => sql`
        SELECT ARRAY(${walkOf(sql`e.id`, by, sql`wanted`, wish, most)}) AS ids FROM unnest(${values}::text[]) AS wanted`,
    ),
    ' UNION ALL ',
  );

const columns = sql`e.id, e.at, e.actor_kind AS "actorKind", e.actor_id AS "actorId", e.action,
  e.object_kind AS "objectKind", e.object_id AS "objectId", e.outcome, e.detail, e.department_id AS "departmentId",
  e.reason_kind AS "reasonKind", e.reason_id AS "reasonId", e.address_sealed AS sealed, e.address_commitment AS commitment`;

function foundOn(way: Way, wish: Conditions, reach: string | null, rows: number): Sql {
  const only = onlyWalk(way);
  if (only !== undefined)
    return sql`
      SELECT ${columns} FROM (${walkOf(sql`e.*`, only.by, sql`${only.value}`, wish, way.most)}) e
       WHERE ${fits(wish)} LIMIT ${rows}`;
  return sql`
    SELECT ${columns} FROM audit_entries e
     WHERE e.account_id = current_account() AND e.id = ANY (ARRAY(
             SELECT met.id FROM (${idsOn(way, wish)}) w CROSS JOIN unnest(w.ids) AS met (id)
              WHERE ${reach}::uuid IS NULL OR met.id >= ${reach}::uuid))
       AND ${fits(wish)}
     ORDER BY e.id DESC LIMIT ${rows}`;
}

/** Every condition, the one of the way too, so that there are few texts. */
const fits = (wish: Conditions): Sql => sql`
  (${wish.action ?? null}::text IS NULL OR e.action = ${wish.action ?? null})
  AND (${wish.actorId ?? null}::text IS NULL OR e.actor_id = ${wish.actorId ?? null})
  AND (${wish.objectKind ?? null}::text IS NULL OR e.object_kind = ${wish.objectKind ?? null})
  AND (${wish.objectId ?? null}::text IS NULL OR e.object_id = ${wish.objectId ?? null})
  AND (${wish.departmentId ?? null}::uuid IS NULL OR e.department_id = ${wish.departmentId ?? null}::uuid)
  AND (${wish.outcome ?? null}::text IS NULL OR (e.outcome = 'done') = (${wish.outcome ?? null} = 'done'))
  AND (${wish.anyOf?.ids ?? null}::text[] IS NULL OR e.actor_id = ANY (${wish.anyOf?.ids ?? null})
       OR e.object_id = ANY (${wish.anyOf?.ids ?? null}) OR e.action = ANY (${wish.anyOf?.actions ?? null}))`;

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
