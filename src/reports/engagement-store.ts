/**
 * SQL of the engagement and activity reports. Whole days come from roll-ups and the cells not folded yet, in one
 * snapshot; the ragged ends of a range from the states of the recipients accepted then. Nothing here reads an event.
 */
import type { Grain } from '../core/report/cells.ts';
import type { InstantRange, SplitRange } from '../core/report/days.ts';
import type { EstimateCounts } from '../core/report/estimate.ts';
import type { Counts } from '../core/report/rates.ts';
import { humanBits, type View } from '../core/report/view.ts';
import { empty, join, raw, type Sql, sql, type Tx } from '../platform/database.ts';

export interface CellQuestion {
  readonly accountId: string;
  /** By their numbers; undefined: every campaign. */
  readonly campaigns: readonly number[] | undefined;
  readonly range: SplitRange;
  readonly view: View;
}

type RecipientGrain = Extract<Grain, 'sender' | 'domain' | 'link-set'>;

const keyColumns: Readonly<Record<RecipientGrain, string>> = {
  sender: 'sender_id',
  domain: 'domain_id',
  'link-set': 'link_set_id',
};

const cellColumns = raw(
  'day, campaign_id, key_id, n, delivered, bounced, deferred, opened_by_people, opened_by_machines, clicked_by_people, clicked_by_machines, unsubscribed, complained',
);

/** The columns of a roll-up as one view counts. */
const countsIn = (view: View): Sql =>
  raw(
    `n, delivered, bounced, deferred, ${view}_opened_by_people, ${view}_opened_by_machines, ${view}_clicked_by_people, ${view}_clicked_by_machines, unsubscribed, complained`,
  );

/** One is told apart from several, because only then an index gives rows in the order of what follows. */
export function ofCampaigns(campaigns: readonly number[] | undefined): Sql {
  if (campaigns === undefined) return empty;
  const [only] = campaigns;
  return campaigns.length === 1 ? sql`AND campaign_id = ${only}` : sql`AND campaign_id = ANY (${campaigns}::bigint[])`;
}

/** Folded cells and the ones still waiting, of whole days. */
function dayCells({ accountId, campaigns, range, view }: CellQuestion, grain: Grain): Sql[] {
  if (range.days === null) return [];
  const { from, to } = range.days;
  const condition = sql`
    account_id = ${accountId} AND grain = ${grain} ${ofCampaigns(campaigns)}
    ${from === null ? empty : sql`AND day >= ${from}::date`} ${to === null ? empty : sql`AND day < ${to}::date`}`;
  const columns = sql`day, campaign_id, key_id, ${countsIn(view)}`;
  return [
    sql`SELECT ${columns} FROM rollups WHERE ${condition}`,
    sql`SELECT ${columns} FROM unfolded_cells WHERE ${condition}`,
  ];
}

const acceptedIn = ({ accountId, campaigns }: CellQuestion, { from, to }: InstantRange): Sql => sql`
  account_id = ${accountId} ${ofCampaigns(campaigns)} AND accepted_at >= ${from} AND accepted_at < ${to}`;

/** The decision of core/report/view.ts `whoSaw`, for recipients that no roll-up counted for us. */
function seenBy(view: View, opens: string): Sql {
  const clickedByPeople = `(clicks & ${humanBits(view)}) <> 0`;
  const openedByPeople = `((${opens} & ${humanBits(view)}) <> 0 OR ${clickedByPeople})`;
  return raw(
    `${openedByPeople}::int, (${opens} <> 0 AND NOT ${openedByPeople})::int, (${clickedByPeople})::int, (clicks <> 0 AND NOT ${clickedByPeople})::int`,
  );
}

function recipientCells(question: CellQuestion, grain: RecipientGrain): Sql {
  const key = raw(keyColumns[grain]);
  const ends = question.range.ends.map(
    (end) => sql`
      SELECT accepted_day, campaign_id, ${key}, 1, (status = 'delivered')::int, (status = 'bounced')::int,
             (status = 'deferred')::int, ${seenBy(question.view, 'opens')}, (unsubscribed_at IS NOT NULL)::int,
             (complained_at IS NOT NULL)::int
        FROM recipient_states WHERE ${acceptedIn(question, end)}`,
  );
  return join([...dayCells(question, grain), ...ends], ' UNION ALL ');
}

function linkCells(question: CellQuestion): Sql {
  const ends = question.range.ends.map(
    (end) => sql`
      SELECT accepted_day, campaign_id, link_id, 1, 0, 0, 0, ${seenBy(question.view, '0')}, 0, 0
        FROM link_states WHERE clicks <> 0 AND ${acceptedIn(question, end)}`,
  );
  return join([...dayCells(question, 'link'), ...ends], ' UNION ALL ');
}

const seenCounts = sql`
  sum(opened_by_people)::bigint AS "openedByPeople", sum(opened_by_machines)::bigint AS "openedByMachines",
  sum(clicked_by_people)::bigint AS "clickedByPeople", sum(clicked_by_machines)::bigint AS "clickedByMachines"`;

const statusCounts = sql`
  sum(n)::bigint AS sent, sum(delivered)::bigint AS delivered, sum(bounced)::bigint AS bounced,
  sum(deferred)::bigint AS deferred, sum(unsubscribed)::bigint AS unsubscribed,
  sum(complained)::bigint AS complained`;

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
}

export const countGroups = (tx: Tx, question: GroupQuestion): Promise<CountedGroup[]> =>
  tx.query<CountedGroup>(sql`
    SELECT ${raw(question.column)} AS "group", ${statusCounts}, ${seenCounts}, ${acceptedDays}
      FROM (${recipientCells(question, question.grain)}) AS cells (${cellColumns})
     GROUP BY 1 HAVING sum(n) <> 0`);

/** As core/report/cells.ts `estimateCounts`, for recipients that no roll-up counted for us. */
function estimateCells(question: CellQuestion, grain: EstimatedGrain): Sql {
  const key = raw(keyColumns[grain]);
  const human = humanBits(question.view);
  const ends = question.range.ends.map(
    (end) => sql`
      SELECT accepted_day, campaign_id, ${key}, 1, (prefetches > 0)::int, 0, 0,
             (prefetches = 0)::int, (prefetches > 0 AND (opens | clicks) & ${human} <> 0)::int,
             (prefetches = 0 AND clicks & ${human} <> 0)::int, (prefetches > 0 AND clicks & ${human} <> 0)::int, 0, 0
        FROM recipient_states
       WHERE ${acceptedIn(question, end)}
         AND CASE WHEN prefetches > 0 THEN status = 'delivered' ELSE opens & ${human} <> 0 END`,
  );
  return join([...dayCells(question, `${grain}-estimate`), ...ends], ' UNION ALL ');
}

export type EstimatedGrain = Extract<RecipientGrain, 'sender' | 'domain'>;

export interface EstimateQuestion extends CellQuestion {
  readonly grain: EstimatedGrain;
  readonly column: GroupColumn;
}

export interface EstimateGroup extends EstimateCounts {
  readonly group: number | string;
}

/** What the columns of these cells mean is said where they are counted: core/report/cells.ts `estimateCounts`. */
export const countForEstimate = (tx: Tx, question: EstimateQuestion): Promise<EstimateGroup[]> =>
  tx.query<EstimateGroup>(sql`
    SELECT ${raw(question.column)} AS "group", sum(delivered)::bigint AS prefetched,
           sum(opened_by_people)::bigint AS openers, sum(clicked_by_people)::bigint AS "clickersOfOpeners",
           sum(opened_by_machines)::bigint AS "knownOpeners", sum(clicked_by_machines)::bigint AS "prefetchedClickers"
      FROM (${estimateCells(question, question.grain)}) AS cells (${cellColumns}) GROUP BY 1`);

export interface RulesetQuestion extends Pick<CellQuestion, 'accountId' | 'campaigns'> {
  /** Days of acceptance, both in the range; null is unbounded. */
  readonly firstDay: string | null;
  readonly lastDay: string | null;
}

export interface JudgedBy {
  readonly ruleset: string;
  readonly hits: number;
}

export function countRulesets(tx: Tx, question: RulesetQuestion): Promise<JudgedBy[]> {
  const { accountId, campaigns, firstDay, lastDay } = question;
  const condition = sql`
    account_id = ${accountId} AND grain = 'ruleset' ${ofCampaigns(campaigns)}
    ${firstDay === null ? empty : sql`AND day >= ${firstDay}::date`} ${lastDay === null ? empty : sql`AND day <= ${lastDay}::date`}`;
  return tx.query<JudgedBy>(sql`
    SELECT r.name AS ruleset, sum(cells.n)::bigint AS hits
      FROM (SELECT key_id, n FROM rollups WHERE ${condition}
             UNION ALL SELECT key_id, n FROM unfolded_cells WHERE ${condition}) AS cells
      JOIN rulesets r ON r.account_id = ${accountId} AND r.id = cells.key_id
     GROUP BY 1 HAVING sum(cells.n) <> 0 ORDER BY 2 DESC, 1`);
}

export interface CountedLink {
  readonly linkId: number;
  readonly clickedByPeople: number;
  readonly clickedByMachines: number;
}

export const countClickedLinks = (tx: Tx, question: CellQuestion): Promise<CountedLink[]> =>
  tx.query<CountedLink>(sql`
    SELECT key_id AS "linkId", ${seenCounts}
      FROM (${linkCells(question)}) AS cells (${cellColumns}) GROUP BY 1 HAVING sum(n) <> 0`);

export interface CountedAnonymous {
  readonly group: number | string;
  readonly openedByPeople: number;
  readonly openedByMachines: number;
  readonly clickedByPeople: number;
  readonly clickedByMachines: number;
}

/** Events that belong to nobody, of whole days. */
export const countAnonymous = (
  tx: Tx,
  question: CellQuestion & { column: Exclude<GroupColumn, 'key_id'> },
): Promise<CountedAnonymous[]> =>
  tx.query<CountedAnonymous>(sql`
    SELECT ${raw(question.column)} AS "group", ${seenCounts}
      FROM (${join(dayCells(question, 'anonymous'), ' UNION ALL ')}) AS cells (${cellColumns}) GROUP BY 1`);

export interface ActivityQuestion {
  readonly accountId: string;
  readonly campaigns: readonly number[] | undefined;
  readonly view: View;
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
  const { accountId, campaigns, view, from, to, firstDay, lastDay } = question;
  const condition = sql`
    account_id = ${accountId} AND grain = 'quarter' ${ofCampaigns(campaigns)}
    ${firstDay === null ? empty : sql`AND day >= ${firstDay}::date`} ${lastDay === null ? empty : sql`AND day <= ${lastDay}::date`}
    ${from === null ? empty : sql`AND key_id >= ${from}`} ${to === null ? empty : sql`AND key_id < ${to}`}`;
  const columns = sql`day, campaign_id, key_id, ${countsIn(view)}`;
  return tx.query<CountedQuarter>(sql`
    SELECT key_id AS quarter, ${seenCounts}
      FROM (SELECT ${columns} FROM rollups WHERE ${condition}
             UNION ALL SELECT ${columns} FROM unfolded_cells WHERE ${condition}) AS cells (${cellColumns})
     GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1`);
}
