/**
 * The ways of coming upon entries that meet a condition: through the index of each, from the newest down, a bounded number of
 * entries. It says what such a walk is in SQL, and runs none.
 */
import { empty, type Sql, sql } from '../platform/database.ts';
import { highestId, lowestId } from '../platform/ids.ts';

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

interface Walk {
  readonly by: keyof typeof columns | 'refused' | 'account';
  readonly values: readonly string[];
}

/** What meets one condition: the newest of each value of each walk. */
export interface Way {
  readonly walks: readonly [Walk, ...Walk[]];
  /** Entries for each value. */
  readonly most: number;
}

/** The value of a way that is one walk by one value. */
export const onlyWalk = ({ walks }: Way): { by: Walk['by']; value: string } | undefined => {
  const [{ by, values }, ...others] = walks;
  const [value] = values;
  return others.length > 0 || values.length > 1 || value === undefined ? undefined : { by, value };
};

const columns = {
  action: sql`e.action`,
  actorId: sql`e.actor_id`,
  objectKind: sql`e.object_kind`,
  objectId: sql`e.object_id`,
  departmentId: sql`e.department_id`,
} as const;

/** One for each condition by which there is an index; else all entries. */
export function waysOf(wish: Conditions, most: number, rows: number): readonly [Way, ...Way[]] {
  const names = ['objectId', 'actorId', 'departmentId', 'action', 'objectKind'] as const;
  const exact = names.flatMap((by): Way[] => {
    const value = wish[by];
    return value === undefined ? [] : [{ walks: [{ by, values: [value] }], most }];
  });
  const refused: Way[] = wish.outcome === 'refused' ? [{ walks: [{ by: 'refused', values: [''] }], most }] : [];
  const [first, ...others] = [...exact, ...refused, ...wayOfWords(wish, most, rows)];
  return [first ?? { walks: [{ by: 'account', values: [''] }], most }, ...others];
}

function wayOfWords({ anyOf }: Conditions, most: number, rows: number): Way[] {
  if (anyOf === undefined) return [];
  const { ids, actions } = anyOf;
  const walks: Way['walks'] = [
    { by: 'actorId', values: ids },
    { by: 'objectId', values: ids },
    { by: 'action', values: actions },
  ];
  const values = ids.length * 2 + actions.length;
  return [{ walks, most: Math.max(Math.ceil(most / values), rows) }];
}

/**
 * The newest entries of a value in order. Compared as rows and ordered by both, so that no index but the one with both serves:
 * by the conditions alone a planner that knows the whole table may walk all of an account that is unlike the others.
 */
export function walkOf(what: Sql, by: Walk['by'], value: Sql, { beforeId, fromId }: Conditions, most: number): Sql {
  const [from, before] = [sql`${fromId ?? lowestId}::uuid`, sql`${beforeId ?? highestId}::uuid`];
  if (by === 'account' || by === 'refused')
    return sql`SELECT ${what} FROM audit_entries e WHERE e.account_id = current_account() AND e.id >= ${from}
      AND e.id < ${before} ${by === 'refused' ? sql`AND e.outcome <> 'done'` : empty} ORDER BY e.id DESC LIMIT ${most}`;
  const column = columns[by];
  const wanted = by === 'departmentId' ? sql`${value}::uuid` : sql`${value}::text`;
  return sql`SELECT ${what} FROM audit_entries e WHERE e.account_id = current_account() AND ${column} IS NOT NULL
      AND (${column}, e.id) >= (${wanted}, ${from}) AND (${column}, e.id) < (${wanted}, ${before})
      ORDER BY ${column} DESC, e.id DESC LIMIT ${most}`;
}
