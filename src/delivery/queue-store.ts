/** What waits, by destination, and changing it by hand: SQL of one account. Each statement touches a bounded part. */
import { empty, type Sql, sql, type Tx } from '../platform/database.ts';
import type { PaceRow } from './pace-store.ts';

/** What a change concerns. A campaign has a number for each department that sends it. */
export type Selected =
  | { readonly by: 'destination'; readonly domainId: number }
  | { readonly by: 'campaign'; readonly campaignIds: readonly number[] }
  | { readonly by: 'message'; readonly messageId: string }
  | { readonly by: 'recipient'; readonly recipientId: string };

export interface DestinationRow {
  readonly domainId: number;
  readonly queued: number;
  readonly due: number;
  readonly inFlight: number;
  readonly deferred: number;
  readonly scheduled: number;
  readonly held: number;
  readonly oldestAt: Date | null;
}

export const countedAtMost = 5_000;

/** Destinations behind `after`, hopping from one to the next. */
export function readDestinations(tx: Tx, after: number, limit: number, now: Date): Promise<DestinationRow[]> {
  return tx.query<DestinationRow>(sql`
    WITH RECURSIVE destination (id, place) AS (
      SELECT ${after}::bigint, 0
      UNION ALL
      SELECT (SELECT d.domain_id FROM deliveries d WHERE d.account_id = current_account() AND d.domain_id > destination.id
               ORDER BY d.domain_id LIMIT 1), destination.place + 1
        FROM destination WHERE destination.id IS NOT NULL AND destination.place < ${limit})
    SELECT destination.id AS "domainId", count(*) AS queued,
           count(*) FILTER (WHERE one.held_because IS NOT NULL) AS held,
           count(*) FILTER (WHERE one.held_because IS NULL AND one.is_leased AND one.due_at > ${now}) AS "inFlight",
           count(*) FILTER (WHERE one.held_because IS NULL AND one.due_at <= ${now}) AS due,
           count(*) FILTER (WHERE one.held_because IS NULL AND NOT one.is_leased AND one.due_at > ${now}
                              AND one.queued_at <= ${now}) AS deferred,
           count(*) FILTER (WHERE one.held_because IS NULL AND NOT one.is_leased AND one.queued_at > ${now}) AS scheduled,
           min(one.queued_at) AS "oldestAt"
      FROM destination CROSS JOIN LATERAL (
        SELECT d.held_because, d.is_leased, d.due_at, d.queued_at FROM deliveries d
         WHERE d.account_id = current_account() AND d.domain_id = destination.id
         ORDER BY d.recipient_id LIMIT ${countedAtMost + 1}) AS one
     WHERE destination.place > 0 AND destination.id IS NOT NULL
     GROUP BY destination.id ORDER BY destination.id`);
}

/** Undefined: no mail ever went there. */
export async function findDomain(tx: Tx, valueIndex: Buffer): Promise<number | undefined> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions
     WHERE account_id = current_account() AND kind = 'domain' AND value_index = ${valueIndex}`);
  return rows[0]?.id;
}

export interface WaitingRow {
  readonly recipientId: string;
  readonly messageId: string;
  readonly domainId: number;
  readonly campaignId: number;
  readonly state: 'due' | 'in-flight' | 'deferred' | 'scheduled' | 'held';
  readonly queuedAt: Date;
  readonly dueAt: Date;
  readonly attempts: number;
  readonly addressSealed: Buffer;
  readonly keySealed: Buffer | null;
  readonly lastAt: Date | null;
  readonly lastWhy: string | null;
  readonly lastReplyCode: number | null;
  readonly lastReplySealed: Buffer | null;
}

/** Those of a destination or message behind `after`, in the order in which they were accepted, with their last attempt. */
export function readWaiting(
  tx: Tx,
  of: { readonly domainId: number } | { readonly messageId: string },
  page: { readonly after: string | null; readonly limit: number },
  now: Date,
): Promise<WaitingRow[]> {
  const which =
    'domainId' in of
      ? sql`d.domain_id = ${of.domainId}`
      : sql`d.recipient_id IN (SELECT id FROM recipients WHERE account_id = current_account() AND message_id = ${of.messageId})`;
  return tx.query<WaitingRow>(sql`
    SELECT one.recipient_id AS "recipientId", one.message_id AS "messageId", one.domain_id AS "domainId",
           one.campaign_id AS "campaignId", one.queued_at AS "queuedAt", one.due_at AS "dueAt", one.attempts,
           CASE WHEN one.held_because IS NOT NULL THEN 'held'
                WHEN one.due_at <= ${now} THEN 'due'
                WHEN one.is_leased THEN 'in-flight'
                WHEN one.queued_at > ${now} THEN 'scheduled'
                ELSE 'deferred' END AS state,
           r.address_sealed AS "addressSealed", k.key_sealed AS "keySealed",
           last.at AS "lastAt", last.why AS "lastWhy", last.reply_code AS "lastReplyCode", last.reply_sealed AS "lastReplySealed"
      FROM (SELECT d.* FROM deliveries d
             WHERE d.account_id = current_account() AND ${which}
               AND (${page.after}::uuid IS NULL OR d.recipient_id > ${page.after}::uuid)
             ORDER BY d.recipient_id LIMIT ${page.limit}) AS one
      JOIN recipients r ON r.id = one.recipient_id AND r.account_id = current_account()
      LEFT JOIN message_keys k ON k.message_id = one.message_id
      LEFT JOIN LATERAL (
        SELECT a.at, a.why, a.reply_code, a.reply_sealed FROM delivery_attempts a
         WHERE a.account_id = current_account() AND a.recipient_id = one.recipient_id
         ORDER BY a.at DESC LIMIT 1) AS last ON true
     ORDER BY one.recipient_id`);
}

export interface PaceSeen extends Omit<PaceRow, 'accountId' | 'inFlight'> {
  readonly seenAt: Date;
}

/** As each process saw them, the latest first. */
export function readPaces(tx: Tx, domainIds: readonly number[]): Promise<PaceSeen[]> {
  return tx.query<PaceSeen>(sql`
    SELECT domain_id AS "domainId", seen_at AS "seenAt", at_most AS "atMost", paused_until AS "pausedUntil",
           delivered_per_minute AS "deliveredPerMinute", last_outcome AS "lastOutcome", last_why AS "lastWhy",
           last_reply_code AS "lastReplyCode"
      FROM destination_paces WHERE account_id = current_account() AND domain_id = ANY (${domainIds}::bigint[])
     ORDER BY seen_at DESC`);
}

export interface HoldRow {
  readonly domainId: number;
  readonly campaignId: number;
  readonly placedAt: Date;
}

export function readHolds(tx: Tx): Promise<HoldRow[]> {
  return tx.query<HoldRow>(sql`
    SELECT domain_id AS "domainId", campaign_id AS "campaignId", placed_at AS "placedAt"
      FROM queue_holds WHERE account_id = current_account() ORDER BY placed_at`);
}

export async function readNames(tx: Tx, ids: readonly number[]): Promise<ReadonlyMap<number, Buffer>> {
  const rows = await tx.query<{ id: number; sealed: Buffer }>(sql`
    SELECT id, value_sealed AS sealed FROM dimensions
     WHERE account_id = current_account() AND id = ANY (${ids}::bigint[])`);
  return new Map(rows.map(({ id, sealed }) => [id, sealed]));
}

/** The campaign itself, and as each department sends it. */
export async function campaignsOf(tx: Tx, baseId: number): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions WHERE account_id = current_account() AND kind = 'campaign'
       AND (id = ${baseId} OR base_id = ${baseId})`);
  return rows.map(({ id }) => id);
}

export async function placeHolds(tx: Tx, selected: Selected, at: Date): Promise<void> {
  const domainIds = selected.by === 'destination' ? [selected.domainId] : [0];
  const campaignIds = selected.by === 'campaign' ? selected.campaignIds : [0];
  await tx.query(sql`
    INSERT INTO queue_holds (account_id, domain_id, campaign_id, placed_at)
    SELECT current_account(), domain_id, campaign_id, ${at}
      FROM unnest(${domainIds}::bigint[]) AS domain_id, unnest(${[...campaignIds]}::bigint[]) AS campaign_id
    ON CONFLICT DO NOTHING`);
}

export async function liftHolds(tx: Tx, selected: Selected): Promise<void> {
  const names =
    selected.by === 'destination'
      ? sql`domain_id = ${selected.domainId}`
      : sql`campaign_id = ANY (${selected.by === 'campaign' ? [...selected.campaignIds] : []}::bigint[])`;
  await tx.query(sql`DELETE FROM queue_holds WHERE account_id = current_account() AND ${names}`);
}

function isSelected(selected: Selected): Sql {
  if (selected.by === 'destination') return sql`domain_id = ${selected.domainId}`;
  if (selected.by === 'campaign')
    return sql`priority IN (0, 1) AND campaign_id = ANY (${[...selected.campaignIds]}::bigint[])`;
  if (selected.by === 'recipient') return sql`recipient_id = ${selected.recipientId}`;
  return sql`recipient_id IN (
    SELECT id FROM recipients WHERE account_id = current_account() AND message_id = ${selected.messageId})`;
}

const isFree = (now: Date): Sql => sql`NOT (is_leased AND due_at > ${now})`;

/** At most so many of those selected; what is being sent, or changed by somebody else just now, is left alone. */
const part = (selected: Selected, more: Sql, now: Date, limit: number): Sql => sql`
  ARRAY (SELECT recipient_id FROM deliveries
          WHERE account_id = current_account() AND ${isSelected(selected)} AND ${isFree(now)} ${more}
          LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;

export interface PartChanged {
  readonly recipientIds: readonly string[];
  /** Some are left, beyond the limit or because somebody else was changing them: ask again. */
  readonly isMore: boolean;
}

export type Part = (tx: Tx, selected: Selected, now: Date, limit: number) => Promise<PartChanged>;

async function changedPart(
  tx: Tx,
  selected: Selected,
  more: Sql,
  { now, limit }: { readonly now: Date; readonly limit: number },
  changing: (ids: Sql) => Sql,
): Promise<PartChanged> {
  const rows = await tx.query<{ recipientId: string }>(
    sql`${changing(part(selected, more, now, limit))} RETURNING recipient_id AS "recipientId"`,
  );
  const recipientIds = rows.map(({ recipientId }) => recipientId);
  if (recipientIds.length === limit) return { recipientIds, isMore: true };
  const [left] = await tx.query<{ isLeft: boolean }>(sql`
    SELECT EXISTS (SELECT FROM deliveries
                    WHERE account_id = current_account() AND ${isSelected(selected)} AND ${isFree(now)} ${more}) AS "isLeft"`);
  return { recipientIds, isMore: left?.isLeft ?? false };
}

export const holdPart: Part = (tx, selected, now, limit) =>
  changedPart(
    tx,
    selected,
    sql`AND held_because IS NULL`,
    { now, limit },
    (ids) => sql`
      UPDATE deliveries SET held_because = 'queue.held', is_leased = false WHERE recipient_id = ANY (${ids})`,
  );

/** They are due when they were due; what was put aside when its turn came, now. */
export const releasePart: Part = (tx, selected, now, limit) =>
  changedPart(
    tx,
    selected,
    sql`AND held_because IS NOT NULL`,
    { now, limit },
    (ids) => sql`
      UPDATE deliveries SET held_because = NULL, is_leased = false,
             due_at = CASE WHEN queued_at > ${now} THEN queued_at ELSE ${now} END
       WHERE recipient_id = ANY (${ids})`,
  );

export const retryPart: Part = (tx, selected, now, limit) =>
  changedPart(
    tx,
    selected,
    sql`AND held_because IS NULL AND due_at > ${now} AND queued_at <= ${now}`,
    { now, limit },
    (ids) => sql`UPDATE deliveries SET due_at = ${now}, is_leased = false WHERE recipient_id = ANY (${ids})`,
  );

export const cancelPart: Part = (tx, selected, now, limit) =>
  changedPart(
    tx,
    selected,
    empty,
    { now, limit },
    (ids) => sql`DELETE FROM deliveries WHERE account_id = current_account() AND recipient_id = ANY (${ids})`,
  );
