/**
 * SQL of the engagement and activity reports. Whole days come from roll-ups and the cells not folded yet, in one
 * snapshot; the ragged ends of a range from the states of the recipients accepted then. Nothing here reads an event.
 */
import type { Grain } from '../core/report/cells.ts';
import type { InstantRange, SplitRange } from '../core/report/days.ts';
import type { Counts } from '../core/report/rates.ts';
import { empty, join, raw, type Sql, sql, type Tx } from '../platform/database.ts';

export interface CellQuestion {
  readonly accountId: string;
  /** Undefined: every campaign. */
  readonly campaignId: number | undefined;
  readonly range: SplitRange;
}

type RecipientGrain = Extract<Grain, 'sender' | 'domain' | 'link-set'>;

const keyColumns: Readonly<Record<RecipientGrain, string>> = {
  sender: 'sender_id',
  domain: 'domain_id',
  'link-set': 'link_set_id',
};

const cellColumns = raw('day, campaign_id, key_id, status, opens, clicks, n');

const ofCampaign = (campaignId: number | undefined): Sql =>
  campaignId === undefined ? empty : sql`AND campaign_id = ${campaignId}`;

/** Folded cells and the ones still waiting, of whole days. */
function dayCells({ accountId, campaignId, range }: CellQuestion, grain: Grain): Sql[] {
  if (range.days === null) return [];
  const { from, to } = range.days;
  const condition = sql`
    account_id = ${accountId} AND grain = ${grain} ${ofCampaign(campaignId)}
    ${from === null ? empty : sql`AND day >= ${from}::date`} ${to === null ? empty : sql`AND day < ${to}::date`}`;
  return [
    sql`SELECT ${cellColumns} FROM rollups WHERE ${condition}`,
    sql`SELECT ${cellColumns} FROM unfolded_cells WHERE ${condition}`,
  ];
}

const acceptedIn = ({ accountId, campaignId }: CellQuestion, { from, to }: InstantRange): Sql => sql`
  account_id = ${accountId} ${ofCampaign(campaignId)} AND accepted_at >= ${from} AND accepted_at < ${to}`;

function recipientCells(question: CellQuestion, grain: RecipientGrain): Sql {
  const key = raw(keyColumns[grain]);
  const ends = question.range.ends.map(
    (end) => sql`
      SELECT accepted_day, campaign_id, ${key}, status, opens, clicks, 1
        FROM recipient_states WHERE ${acceptedIn(question, end)}`,
  );
  return join([...dayCells(question, grain), ...ends], ' UNION ALL ');
}

function linkCells(question: CellQuestion): Sql {
  const ends = question.range.ends.map(
    (end) => sql`
      SELECT accepted_day, campaign_id, link_id, '', 0::smallint, clicks, 1
        FROM link_states WHERE clicks <> 0 AND ${acceptedIn(question, end)}`,
  );
  return join([...dayCells(question, 'link'), ...ends], ' UNION ALL ');
}

/** The same decision as core/report/view.ts `whoSaw`, over many cells; `humanBits` comes from there. */
const seenCounts = (humanBits: number): Sql => sql`
  coalesce(sum(n) FILTER (WHERE (opens & ${humanBits}) <> 0 OR (clicks & ${humanBits}) <> 0), 0)::bigint AS "openedByPeople",
  coalesce(sum(n) FILTER (WHERE opens <> 0 AND (opens & ${humanBits}) = 0 AND (clicks & ${humanBits}) = 0), 0)::bigint
    AS "openedByMachines",
  coalesce(sum(n) FILTER (WHERE (clicks & ${humanBits}) <> 0), 0)::bigint AS "clickedByPeople",
  coalesce(sum(n) FILTER (WHERE clicks <> 0 AND (clicks & ${humanBits}) = 0), 0)::bigint AS "clickedByMachines"`;

const statusCounts = sql`
  sum(n)::bigint AS sent,
  coalesce(sum(n) FILTER (WHERE status = 'delivered'), 0)::bigint AS delivered,
  coalesce(sum(n) FILTER (WHERE status = 'bounced'), 0)::bigint AS bounced,
  coalesce(sum(n) FILTER (WHERE status = 'deferred'), 0)::bigint AS deferred`;

const acceptedDays = sql`min(day) AS "firstAcceptedDay", max(day) AS "lastAcceptedDay"`;

export interface CountedGroup extends Counts {
  /** A dimension's number, or the day. */
  readonly group: number | string;
  readonly firstAcceptedDay: string;
  readonly lastAcceptedDay: string;
}

export type GroupColumn = 'campaign_id' | 'day' | 'key_id';

export interface GroupQuestion extends CellQuestion {
  readonly grain: RecipientGrain;
  readonly column: GroupColumn;
  readonly humanBits: number;
}

export const countGroups = (tx: Tx, question: GroupQuestion): Promise<CountedGroup[]> =>
  tx.query<CountedGroup>(sql`
    SELECT ${raw(question.column)} AS "group", ${statusCounts}, ${seenCounts(question.humanBits)}, ${acceptedDays}
      FROM (${recipientCells(question, question.grain)}) AS cells (${cellColumns})
     GROUP BY 1 HAVING sum(n) <> 0`);

export interface CountedLink {
  readonly linkId: number;
  readonly clickedByPeople: number;
  readonly clickedByMachines: number;
}

export const countClickedLinks = (tx: Tx, question: CellQuestion & { humanBits: number }): Promise<CountedLink[]> =>
  tx.query<CountedLink>(sql`
    SELECT key_id AS "linkId", ${seenCounts(question.humanBits)}
      FROM (${linkCells(question)}) AS cells (${cellColumns}) GROUP BY 1 HAVING sum(n) <> 0`);

export interface CountedAnonymous {
  readonly group: number | string;
  readonly opens: number;
  readonly clicks: number;
}

/** Events that belong to nobody, of whole days. `bits` are the kinds that count. */
export const countAnonymous = (
  tx: Tx,
  question: CellQuestion & { column: Exclude<GroupColumn, 'key_id'>; bits: number },
): Promise<CountedAnonymous[]> =>
  tx.query<CountedAnonymous>(sql`
    SELECT ${raw(question.column)} AS "group",
           coalesce(sum(n) FILTER (WHERE (opens & ${question.bits}) <> 0), 0)::bigint AS opens,
           coalesce(sum(n) FILTER (WHERE (clicks & ${question.bits}) <> 0), 0)::bigint AS clicks
      FROM (${join(dayCells(question, 'anonymous'), ' UNION ALL ')}) AS cells (${cellColumns}) GROUP BY 1`);

export interface ActivityQuestion {
  readonly accountId: string;
  readonly campaignId: number | undefined;
  readonly humanBits: number;
  /** Quarter hours since 1970; `to` is not in the range. */
  readonly from: number | null;
  readonly to: number | null;
  readonly firstDay: string | null;
  readonly lastDay: string | null;
}

export interface CountedQuarter {
  readonly quarter: number;
  readonly openedByPeople: number;
  readonly openedByMachines: number;
  readonly clickedByPeople: number;
  readonly clickedByMachines: number;
}

export function countQuarters(tx: Tx, question: ActivityQuestion): Promise<CountedQuarter[]> {
  const { accountId, campaignId, humanBits, from, to, firstDay, lastDay } = question;
  const condition = sql`
    account_id = ${accountId} AND grain = 'quarter' ${ofCampaign(campaignId)}
    ${firstDay === null ? empty : sql`AND day >= ${firstDay}::date`} ${lastDay === null ? empty : sql`AND day <= ${lastDay}::date`}
    ${from === null ? empty : sql`AND key_id >= ${from}`} ${to === null ? empty : sql`AND key_id < ${to}`}`;
  return tx.query<CountedQuarter>(sql`
    SELECT key_id AS quarter,
           coalesce(sum(n) FILTER (WHERE (opens & ${humanBits}) <> 0), 0)::bigint AS "openedByPeople",
           coalesce(sum(n) FILTER (WHERE opens <> 0 AND (opens & ${humanBits}) = 0), 0)::bigint AS "openedByMachines",
           coalesce(sum(n) FILTER (WHERE (clicks & ${humanBits}) <> 0), 0)::bigint AS "clickedByPeople",
           coalesce(sum(n) FILTER (WHERE clicks <> 0 AND (clicks & ${humanBits}) = 0), 0)::bigint AS "clickedByMachines"
      FROM (SELECT key_id, opens, clicks, n FROM rollups WHERE ${condition}
             UNION ALL SELECT key_id, opens, clicks, n FROM unfolded_cells WHERE ${condition}) AS cells
     GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1`);
}
