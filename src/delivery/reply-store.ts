/** What destinations said, counted in slots of five minutes for a day: SQL. It decides nothing and holds no word of a server. */
import { sql, type Tx } from '../platform/database.ts';
import type { PaceRow } from './pace-store.ts';

export interface ReplyCount extends Pick<PaceRow, 'lastOutcome' | 'lastWhy' | 'lastReplyCode'> {
  readonly accountId: string;
  readonly domainId: number;
  readonly times: number;
}

export const slotMs = 300_000;
export const repliesKeptForMs = 86_400_000;

/** In the order of the key, so that two processes never wait for each other. Under the worker role. */
export async function countReplies(tx: Tx, at: Date, counts: readonly ReplyCount[]): Promise<void> {
  if (counts.length === 0) return;
  const slotAt = new Date(Math.floor(at.getTime() / slotMs) * slotMs);
  await tx.query(sql`
    INSERT INTO destination_replies (account_id, domain_id, slot_at, outcome, why, reply_code, times, last_at)
    SELECT account_id, domain_id, ${slotAt}::timestamptz, outcome, why, coalesce(reply_code, 0), times, ${at}::timestamptz
      FROM unnest(${counts.map((one) => one.accountId)}::uuid[], ${counts.map((one) => one.domainId)}::bigint[],
                  ${counts.map((one) => one.lastOutcome)}::text[], ${counts.map((one) => one.lastWhy)}::text[],
                  ${counts.map((one) => one.lastReplyCode)}::integer[], ${counts.map((one) => one.times)}::integer[])
        AS c (account_id, domain_id, outcome, why, reply_code, times)
     ORDER BY account_id, domain_id, outcome, why, reply_code
    ON CONFLICT (account_id, domain_id, slot_at, outcome, why, reply_code) DO UPDATE
       SET times = destination_replies.times + excluded.times, last_at = excluded.last_at`);
}

export async function forgetReplyCounts(tx: Tx, before: Date): Promise<void> {
  await tx.query(sql`DELETE FROM destination_replies WHERE slot_at < ${before}`);
}

export interface SaidRow {
  readonly outcome: PaceRow['lastOutcome'];
  readonly why: string;
  readonly replyCode: number;
  readonly times: number;
  readonly lastAt: Date;
}

/** What one destination said since then, the latest first. */
export const readSaid = (tx: Tx, domainId: number, since: Date, limit: number): Promise<SaidRow[]> =>
  tx.query<SaidRow>(sql`
    SELECT outcome, why, reply_code AS "replyCode", sum(times)::integer AS times, max(last_at) AS "lastAt"
      FROM destination_replies
     WHERE account_id = current_account() AND domain_id = ${domainId} AND slot_at >= ${since}
     GROUP BY outcome, why, reply_code ORDER BY max(last_at) DESC, sum(times) DESC LIMIT ${limit}`);

export interface SlotRow {
  readonly domainId: number;
  readonly slotAt: Date;
  readonly delivered: number;
  readonly deferred: number;
  readonly bounced: number;
}

/** How many attempts came to what, by slot, oldest first. */
export const readSlots = (tx: Tx, domainIds: readonly number[], since: Date): Promise<SlotRow[]> =>
  tx.query<SlotRow>(sql`
    SELECT domain_id AS "domainId", slot_at AS "slotAt",
           coalesce(sum(times) FILTER (WHERE outcome = 'delivered'), 0)::integer AS delivered,
           coalesce(sum(times) FILTER (WHERE outcome = 'deferred'), 0)::integer AS deferred,
           coalesce(sum(times) FILTER (WHERE outcome = 'bounced'), 0)::integer AS bounced
      FROM destination_replies
     WHERE account_id = current_account() AND domain_id = ANY (${domainIds}::bigint[]) AND slot_at >= ${since}
     GROUP BY domain_id, slot_at ORDER BY slot_at`);
