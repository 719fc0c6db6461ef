/**
 * Taking work from the queue: all SQL of claims, under the worker role. Every statement reads by an index and stops when
 * it has enough, however deep the queue is.
 */
import { type Sql, sql, type Tx } from '../platform/database.ts';

/** A recipient whose delivery this process has taken on until its lease ends. */
export interface Claimed {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly domainId: number;
  readonly campaignId: number;
  /** Attempts made before this one. */
  readonly attempts: number;
  readonly firstDueAt: Date;
  readonly leaseEnd: Date;
}

/** `isHeld`: people hold its destination or campaign back; it is put aside instead of taken. */
export type Taken = Claimed & { readonly isHeld: boolean };

/** The times of a claim. */
export interface ClaimTimes {
  readonly now: Date;
  readonly leaseEnd: Date;
}

/** How many of each class are due, counted no further than `most`. */
export async function countDue(
  tx: Tx,
  now: Date,
  most: number,
): Promise<{ readonly transactional: number; readonly marketing: number }> {
  const ofClass = (priority: number): Sql => sql`
    (SELECT count(*) FROM (SELECT FROM deliveries WHERE held_because IS NULL AND priority = ${priority} AND due_at <= ${now}
                            ORDER BY due_at LIMIT ${most}) AS counted)`;
  const rows = await tx.query<{ transactional: number; marketing: number }>(
    sql`SELECT ${ofClass(0)} AS transactional, ${ofClass(1)} AS marketing`,
  );
  return rows[0] ?? { transactional: 0, marketing: 0 };
}

/** When the first of what waits or is leased is due; null: nothing is. */
export async function nextDueAt(tx: Tx): Promise<Date | null> {
  const rows = await tx.query<{ dueAt: Date | null }>(sql`
    SELECT least((SELECT min(due_at) FROM deliveries WHERE held_because IS NULL AND priority = 0),
                 (SELECT min(due_at) FROM deliveries WHERE held_because IS NULL AND priority = 1)) AS "dueAt"`);
  return rows[0]?.dueAt ?? null;
}

const isWithheld = sql`EXISTS (
  SELECT FROM queue_holds h WHERE h.account_id = d.account_id AND h.domain_id IN (0, d.domain_id)
     AND h.campaign_id IN (0, d.campaign_id))`;

/** What `due` names is leased, or put aside when people hold it back. An array, because a join may read the whole table. */
const take = ({ leaseEnd }: ClaimTimes): Sql => sql`
  UPDATE deliveries d SET due_at = ${leaseEnd}, is_leased = NOT ${isWithheld},
         held_because = CASE WHEN ${isWithheld} THEN 'queue.held' END
   WHERE d.recipient_id = ANY (ARRAY (SELECT recipient_id FROM due))
  RETURNING d.account_id AS "accountId", d.message_id AS "messageId", d.recipient_id AS "recipientId",
            d.domain_id AS "domainId", d.campaign_id AS "campaignId", d.attempts, d.queued_at AS "firstDueAt",
            d.due_at AS "leaseEnd", d.held_because IS NOT NULL AS "isHeld"`;

/** Whoever waits longest; workers beside this one skip what it takes. */
export function takeOldest(tx: Tx, priority: number, limit: number, times: ClaimTimes): Promise<Taken[]> {
  return tx.query<Taken>(sql`
    WITH due AS (
      SELECT recipient_id FROM deliveries
       WHERE held_because IS NULL AND priority = ${priority} AND due_at <= ${times.now}
       ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    ${take(times)}`);
}

/** Accounts behind `after` in the order of their ids that have mail due, the nearest first; looks at no more than 64. */
export async function accountsWithDue(
  tx: Tx,
  priority: number,
  after: string,
  now: Date,
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }>(sql`
    WITH RECURSIVE account (id, place) AS (
      SELECT ${after}::uuid, 0
      UNION ALL
      SELECT (SELECT d.account_id FROM deliveries d
               WHERE d.held_because IS NULL AND d.priority = ${priority} AND d.account_id > account.id
               ORDER BY d.account_id LIMIT 1), account.place + 1
        FROM account WHERE account.id IS NOT NULL AND account.place < 64)
    SELECT id AS "accountId" FROM account
     WHERE place > 0 AND id IS NOT NULL AND EXISTS (
       SELECT FROM account_campaigns_due(${priority}::smallint, account.id, -1, 1, ${now}))
     ORDER BY place LIMIT ${limit}`);
  return rows.map(({ accountId }) => accountId);
}

/** An account's turn: the campaign that was served last, and how many copies it may have now. */
export interface Turn {
  readonly accountId: string;
  readonly afterCampaign: number;
}

const campaignsAtOnce = 8;

/** So many of each account, from its campaigns in turn. */
export function takeInTurn(
  tx: Tx,
  priority: number,
  turns: readonly Turn[],
  each: number,
  times: ClaimTimes,
): Promise<Taken[]> {
  return tx.query<Taken>(sql`
    WITH found AS (
      SELECT one.recipient_id, turn.account_id, campaign.id AS campaign_id, campaign.place AS campaign_place, one.due_at
        FROM unnest(${turns.map((turn) => turn.accountId)}::uuid[], ${turns.map((turn) => turn.afterCampaign)}::bigint[])
             AS turn (account_id, after_campaign)
        CROSS JOIN LATERAL account_campaigns_due(${priority}::smallint, turn.account_id, turn.after_campaign,
                                                 ${campaignsAtOnce}, ${times.now})
                           WITH ORDINALITY AS campaign (id, place)
        CROSS JOIN LATERAL (
          SELECT d.recipient_id, d.due_at FROM deliveries d
           WHERE d.held_because IS NULL AND d.priority = ${priority} AND d.account_id = turn.account_id
             AND d.campaign_id = campaign.id AND d.due_at <= ${times.now}
           ORDER BY d.due_at LIMIT ${each} FOR UPDATE SKIP LOCKED) AS one
    ), placed AS (
      SELECT recipient_id, account_id, campaign_place,
             row_number() OVER (PARTITION BY account_id, campaign_id ORDER BY due_at) AS place FROM found
    ), due AS (
      SELECT recipient_id FROM (
        SELECT recipient_id, row_number() OVER (PARTITION BY account_id ORDER BY place, campaign_place) AS place FROM placed
      ) AS in_turn WHERE place <= ${each})
    ${take(times)}`);
}

/** Moves leases that still stand; answers with those it moved. */
export async function renewLeases(tx: Tx, held: readonly Claimed[], leaseEnd: Date): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ recipientId: string }>(sql`
    UPDATE deliveries d SET due_at = ${leaseEnd}
      FROM unnest(${held.map((one) => one.recipientId)}::uuid[], ${held.map((one) => one.leaseEnd)}::timestamptz[])
        AS h (recipient_id, lease_end)
     WHERE d.recipient_id = h.recipient_id AND d.due_at = h.lease_end AND d.is_leased
    RETURNING d.recipient_id AS "recipientId"`);
  return new Set(rows.map((row) => row.recipientId));
}

export interface Parked {
  readonly claimed: Claimed;
  readonly until: Date;
}

/** Gives back what was taken and not begun, each for its own time. */
export async function park(tx: Tx, parked: readonly Parked[]): Promise<void> {
  await tx.query(sql`
    UPDATE deliveries d SET due_at = p.due_at, is_leased = false
      FROM unnest(${parked.map(({ claimed }) => claimed.recipientId)}::uuid[],
                  ${parked.map(({ claimed }) => claimed.leaseEnd)}::timestamptz[],
                  ${parked.map(({ until }) => until)}::timestamptz[]) AS p (recipient_id, lease_end, due_at)
     WHERE d.recipient_id = p.recipient_id AND d.due_at = p.lease_end AND d.is_leased`);
}
