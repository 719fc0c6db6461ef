/** All SQL of the suppression list. Addresses come and leave sealed, and are found by a keyed hash. */
import type { SuppressionReason, SuppressionScope } from '../contract/suppressions.ts';
import { bytes, uuids } from '../platform/columns.ts';
import { type Sql, sql, type Tx, type WorkerTx } from '../platform/database.ts';

export interface SuppressionRow {
  readonly addressIndex: Buffer;
  /** Null: only its hash was left when it came onto the list. */
  readonly addressSealed: Buffer | null;
  readonly reason: SuppressionReason;
  readonly scope: SuppressionScope;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

const columns = sql`address_index AS "addressIndex", address_sealed AS "addressSealed", reason, scope,
  created_at AS "createdAt", expires_at AS "expiresAt"`;

/** What keeps mail from an address now. */
export interface Suppressed {
  readonly addressIndex: Buffer;
  readonly reason: SuppressionReason;
  readonly scope: SuppressionScope;
}

/**
 * A query of its own, or the end of a statement that has more to do: whoever stores recipients asks with the same trip.
 * The account is the transaction's.
 */
export const suppressedAmong = (addressIndexes: readonly Uint8Array[], now: Date): Sql => sql`
  SELECT address_index AS "addressIndex", reason, scope FROM suppressions
   WHERE account_id = current_account() AND address_index = ANY (${bytes(addressIndexes)}::bytea[])
     AND (expires_at IS NULL OR expires_at > ${now}::timestamptz)`;

/** As a column: what keeps mail from an address now, as JSON; null: nothing. The account is the transaction's. */
export const suppressionsOf = (addressIndex: Sql, now: Date): Sql => sql`
  (SELECT json_agg(json_build_object('reason', s.reason, 'scope', s.scope)) FROM suppressions s
    WHERE s.account_id = current_account() AND s.address_index = ${addressIndex}
      AND (s.expires_at IS NULL OR s.expires_at > ${now}::timestamptz))`;

export const selectOfAddress = (tx: Tx, addressIndex: Uint8Array, now: Date): Promise<SuppressionRow[]> =>
  tx.query<SuppressionRow>(sql`
    SELECT ${columns} FROM suppressions
     WHERE account_id = current_account() AND address_index = ${addressIndex}
       AND (expires_at IS NULL OR expires_at > ${now}::timestamptz)
     ORDER BY created_at, reason`);

/** The first day of a reason stays; its scope and end become what was said last, and never narrower by themselves. */
export async function upsertSuppressions(tx: Tx, rows: readonly SuppressionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(sql`
    INSERT INTO suppressions AS s (account_id, address_index, reason, scope, address_sealed, created_at, expires_at)
    SELECT current_account(), m.* FROM unnest(
      ${bytes(rows.map((row) => row.addressIndex))}::bytea[], ${rows.map((row) => row.reason)}::text[],
      ${rows.map((row) => row.scope)}::text[], ${bytes(rows.map((row) => row.addressSealed))}::bytea[],
      ${rows.map((row) => row.createdAt.toISOString())}::timestamptz[],
      ${rows.map((row) => row.expiresAt?.toISOString() ?? null)}::timestamptz[]) AS m
     ORDER BY 2, 3
    ON CONFLICT (account_id, address_index, reason) DO UPDATE
       SET scope = EXCLUDED.scope, address_sealed = coalesce(EXCLUDED.address_sealed, s.address_sealed),
           expires_at = EXCLUDED.expires_at`);
}

/** What a copy's address is known by; the key is null once its message is erased. */
export interface CopyAddress {
  readonly recipientId: string;
  readonly addressIndex: Buffer;
  readonly addressSealed: Buffer;
  readonly keySealed: Buffer | null;
}

export const selectCopyAddresses = (tx: Tx, recipientIds: readonly string[]): Promise<CopyAddress[]> =>
  tx.query<CopyAddress>(sql`
    SELECT r.id AS "recipientId", r.address_index AS "addressIndex", r.address_sealed AS "addressSealed",
           k.key_sealed AS "keySealed"
      FROM recipients r LEFT JOIN message_keys k ON k.message_id = r.message_id
     WHERE r.account_id = current_account() AND r.id = ANY (${uuids(recipientIds)}::uuid[])`);

/** Those that are new, or had an end and have none now, by their hash in hex. What somebody chose before is not narrowed. */
export async function addUnsubscribed(tx: Tx, rows: readonly SuppressionRow[]): Promise<string[]> {
  const added = await tx.query<{ addressIndex: Buffer }>(sql`
    INSERT INTO suppressions AS s (account_id, address_index, reason, scope, address_sealed, created_at, expires_at)
    SELECT current_account(), m.*, NULL FROM unnest(
      ${bytes(rows.map((row) => row.addressIndex))}::bytea[], ${rows.map((row) => row.reason)}::text[],
      ${rows.map((row) => row.scope)}::text[], ${bytes(rows.map((row) => row.addressSealed))}::bytea[],
      ${rows.map((row) => row.createdAt.toISOString())}::timestamptz[]) AS m
     ORDER BY 2, 3
    ON CONFLICT (account_id, address_index, reason) DO UPDATE
       SET expires_at = NULL, address_sealed = coalesce(EXCLUDED.address_sealed, s.address_sealed)
     WHERE s.expires_at IS NOT NULL OR (s.address_sealed IS NULL AND EXCLUDED.address_sealed IS NOT NULL)
    RETURNING address_index AS "addressIndex"`);
  return added.map(({ addressIndex }) => addressIndex.toString('hex'));
}

export async function deleteOfAddress(
  tx: Tx,
  addressIndex: Uint8Array,
  reason: SuppressionReason | undefined,
): Promise<number> {
  const rows = await tx.query(sql`
    DELETE FROM suppressions
     WHERE account_id = current_account() AND address_index = ${addressIndex}
       AND (${reason ?? null}::text IS NULL OR reason = ${reason ?? null}) RETURNING reason`);
  return rows.length;
}

export interface ListPlace {
  readonly createdAt: Date;
  readonly addressIndex: Buffer;
  readonly reason: string;
}

export interface ListQuestion {
  readonly reason: SuppressionReason | undefined;
  readonly after: ListPlace | undefined;
  readonly rows: number;
  readonly now: Date;
}

export const selectPage = (tx: Tx, { reason, after, rows, now }: ListQuestion): Promise<SuppressionRow[]> =>
  tx.query<SuppressionRow>(sql`
    SELECT ${columns} FROM suppressions
     WHERE account_id = current_account()
       AND (${reason ?? null}::text IS NULL OR reason = ${reason ?? null})
       AND (created_at, address_index, reason) > (coalesce(${after?.createdAt ?? null}::timestamptz, '-infinity'),
             coalesce(${after?.addressIndex ?? null}::bytea, ''), coalesce(${after?.reason ?? null}::text, ''))
       AND (expires_at IS NULL OR expires_at > ${now}::timestamptz)
     ORDER BY created_at, address_index, reason LIMIT ${rows}`);

/** Notes one more bounce that passes, and tells how many there were since a moment. */
export async function countSoftBounce(
  tx: Tx,
  bounce: { readonly id: string; readonly addressIndex: Uint8Array; readonly at: Date; readonly since: Date },
): Promise<number> {
  await tx.query(sql`
    INSERT INTO soft_bounces (account_id, address_index, at, id)
    VALUES (current_account(), ${bounce.addressIndex}, ${bounce.at}, ${bounce.id}) ON CONFLICT DO NOTHING`);
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM soft_bounces
     WHERE account_id = current_account() AND address_index = ${bounce.addressIndex} AND at > ${bounce.since}`);
  return rows[0]?.n ?? 0;
}

export async function pruneReturns(
  tx: WorkerTx,
  before: { readonly reports: Date; readonly bounces: Date; readonly now: Date },
  most: number,
): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT prune_returns(${before.reports}::timestamptz, ${before.bounces}::timestamptz, ${before.now}::timestamptz,
                         ${most}::integer) AS n`);
  return rows[0]?.n ?? 0;
}
