/** SQL of legal holds. What names people comes sealed and leaves sealed; it decides nothing. */
import type { HoldScope } from '../contract/retention.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface HoldRow {
  readonly id: string;
  readonly detailsSealed: Buffer;
  readonly scope: HoldScope['kind'];
  readonly messageId: string | null;
  readonly campaignId: number | null;
  readonly addressIndex: Buffer | null;
  readonly departmentId: string | null;
  readonly since: Date | null;
  readonly until: Date | null;
  readonly placedAt: Date;
  readonly placedByKind: string;
  readonly placedById: string;
  readonly releasedAt: Date | null;
  readonly releasedByKind: string | null;
  readonly releasedById: string | null;
  readonly releaseSealed: Buffer | null;
}

export type NewHold = Omit<HoldRow, `release${string}`>;

/** Whoever erases waits until this transaction ends, and sees then what it has placed. */
export const lockHoldsAlone = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtext('waxwing.holds'))`);

export async function whenAccepted(tx: Tx, messageId: string): Promise<Date | undefined> {
  const rows = await tx.query<{ at: Date }>(
    sql`SELECT accepted_at AS at FROM messages WHERE account_id = current_account() AND id = ${messageId}`,
  );
  return rows[0]?.at;
}

export async function isDepartment(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query(sql`SELECT FROM departments WHERE account_id = current_account() AND id = ${id}`);
  return rows.length > 0;
}

export const insertHold = (tx: Tx, hold: NewHold): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO legal_holds (account_id, id, details_sealed, scope, message_id, campaign_id, address_index, department_id,
                             department_ids, since, until, placed_at, placed_by_kind, placed_by_id)
    SELECT current_account(), ${hold.id}, ${hold.detailsSealed}, ${hold.scope}, ${hold.messageId}, ${hold.campaignId}::bigint,
           ${hold.addressIndex}::bytea, d.id,
           CASE WHEN d.id IS NOT NULL THEN departments_below(current_account(), d.id) END,
           coalesce(${hold.since}::timestamptz, '-infinity'), coalesce(${hold.until}::timestamptz, 'infinity'), ${hold.placedAt}, ${hold.placedByKind}, ${hold.placedById}
      FROM (SELECT ${hold.departmentId}::uuid AS id) AS d`);

const columns = sql`
  id, details_sealed AS "detailsSealed", scope, message_id AS "messageId", campaign_id AS "campaignId",
  address_index AS "addressIndex", department_id AS "departmentId",
  CASE WHEN isfinite(since) THEN since END AS since, CASE WHEN isfinite(until) THEN until END AS until, placed_at AS "placedAt",
  placed_by_kind AS "placedByKind", placed_by_id AS "placedById", released_at AS "releasedAt",
  released_by_kind AS "releasedByKind", released_by_id AS "releasedById", release_sealed AS "releaseSealed"`;

export const selectHolds = (tx: Tx, limit: number): Promise<HoldRow[]> =>
  tx.query<HoldRow>(sql`
    SELECT ${columns} FROM legal_holds WHERE account_id = current_account()
     ORDER BY released_at IS NOT NULL, placed_at DESC, id DESC LIMIT ${limit}`);

export async function findHold(tx: Tx, id: string): Promise<HoldRow | undefined> {
  const rows = await tx.query<HoldRow>(
    sql`SELECT ${columns} FROM legal_holds WHERE account_id = current_account() AND id = ${id}`,
  );
  return rows[0];
}

/** How many messages a hold keeps now, counted up to a limit. */
export async function countHeldBy(tx: Tx, id: string, limit: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM (
      SELECT FROM held_messages h WHERE h.account_id = current_account() AND h.hold_id = ${id} LIMIT ${limit}) AS held`);
  return rows[0]?.n ?? 0;
}

export async function countHoldsInForce(tx: Tx): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT count(*)::int AS n FROM legal_holds WHERE account_id = current_account() AND released_at IS NULL`,
  );
  return rows[0]?.n ?? 0;
}

export interface Release {
  readonly at: Date;
  readonly byKind: string;
  readonly byId: string;
  readonly reasonSealed: Buffer;
}

/** False: somebody has released it already. */
export async function updateReleased(tx: Tx, id: string, release: Release): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE legal_holds
       SET released_at = ${release.at}, released_by_kind = ${release.byKind}, released_by_id = ${release.byId},
           release_sealed = ${release.reasonSealed}
     WHERE account_id = current_account() AND id = ${id} AND released_at IS NULL RETURNING id`);
  return rows.length > 0;
}
