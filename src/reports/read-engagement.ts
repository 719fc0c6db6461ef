/**
 * The engagement report: people, machines and all, side by side. Suppression and view are chosen here, at reading time,
 * over the same stored counts; reading writes nothing but the entry that says who looked.
 */
import { rulesetWithout } from '@waxwing/verdict';
import { accountVault, readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EngagementQuery, EngagementReport, EngagementRow } from '../contract/reports.ts';
import { type Bounds, dayOf, splitRange } from '../core/report/days.ts';
import {
  addEstimateCounts,
  type EstimateCounts,
  estimateRow,
  estimateWithheld,
  noEstimateCounts,
} from '../core/report/estimate.ts';
import { addCounts, type Counts, figuresOf, noCounts } from '../core/report/rates.ts';
import { type Automated, automatedEvents } from '../core/report/view.ts';
import type { AccountKeys } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { askedBounds } from './asked-bounds.ts';
import { campaignsOf, departmentCampaigns, departmentsOf, namesOf } from './dimension-names.ts';
import { readDepartmentNames } from './dimension-store.ts';
import {
  type CellQuestion,
  type CountedGroup,
  countAnonymous,
  countForEstimate,
  countGroups,
  countRulesets,
} from './engagement-store.ts';
import { countLinks } from './link-rows.ts';
import { mergeAnonymous, mergeCounted, mergeEstimates, type RowOf } from './merge-campaigns.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export async function readEngagementReport(
  world: Needs,
  caller: Caller,
  query: EngagementQuery,
): Promise<EngagementReport> {
  const keys = { accountId: caller.accountId, vault: await accountVault(world, caller.accountId) };
  const report = await world.db.readAccount(caller, (tx) => engagement(tx, keys, caller, query));
  // A look changes nothing, so there is nothing for its entry to be atomic with: it is written before the answer leaves,
  // and an answer whose entry cannot be written does not leave.
  await world.db.asAccount(caller.accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor: caller.actor,
      action: 'report.read',
      object: { kind: 'report' },
      detail: {
        report: 'engagement',
        groupBy: query.groupBy,
        format: query.format,
        automatedEvents: report.automatedEvents,
        rows: report.rows.length,
      },
    }),
  );
  return report;
}

/** A row before it is told as a choice tells it. */
interface Group {
  readonly key: string | null;
  readonly counts: Counts;
  /** Null where a row has no opens to estimate. */
  readonly forEstimate: EstimateCounts | null;
  readonly anonymous: { readonly opens: number; readonly clicks: number } | null;
  readonly firstAcceptedDay: string | null;
  readonly lastAcceptedDay: string | null;
}

async function engagement(
  tx: Tx,
  keys: AccountKeys,
  caller: Caller,
  query: EngagementQuery,
): Promise<EngagementReport> {
  const settings = await readSettings(tx);
  const choice = {
    view: query.view === 'account' ? settings.view : query.view,
    automated: automatedEvents(query.automated, settings.suppressAutomatedEvents),
  };
  const bounds = askedBounds(settings.timeZone, query);
  const departments = await departmentsOf(tx, caller, query.departmentId);
  const question = {
    accountId: keys.accountId,
    campaigns: await campaignsOf(tx, keys, query.campaign, departments),
    range: splitRange(settings.timeZone, bounds),
    view: choice.view,
  };
  const { groups, totals } = await groupsOf(tx, keys, question, query.groupBy, choice.automated);
  const labels = query.groupBy === 'department' ? await labelsOf(tx, caller, groups) : noLabels;
  return {
    automatedEvents: choice.automated,
    view: choice.view,
    ruleset: rulesetWithout(settings.disabledRules),
    rulesets: await countRulesets(tx, { ...question, ...daysTouched(settings.timeZone, bounds) }),
    groupBy: query.groupBy,
    rows: groups.map((group) => rowOf(group, choice.automated, labels)),
    totals: rowOf(totals, choice.automated, noLabels),
  };
}

type Labels = ReadonlyMap<string, string>;
const noLabels: Labels = new Map();

/** Whoever may not see people is not told how their departments are called either. */
async function labelsOf(tx: Tx, { permissions }: Caller, groups: readonly Group[]): Promise<Labels> {
  if (permissions !== undefined && !permissions.includes('people.read')) return noLabels;
  return readDepartmentNames(
    tx,
    groups.flatMap(({ key }) => key ?? []),
  );
}

const daysTouched = (timeZone: string, { since, until }: Bounds) => ({
  firstDay: since === null ? null : dayOf(timeZone, since),
  lastDay: until === null ? null : dayOf(timeZone, new Date(until.getTime() - 1)),
});

function rowOf(
  { key, counts, forEstimate, anonymous, firstAcceptedDay, lastAcceptedDay }: Group,
  automated: Automated,
  labels: Labels,
): EngagementRow {
  const label = key === null ? null : (labels.get(key) ?? null);
  const figures = figuresOf(counts, automated);
  const { delivered, openedByPeople } = counts;
  const estimate =
    forEstimate === null || openedByPeople === null
      ? estimateWithheld('no-opens')
      : estimateRow({ delivered, openedByPeople }, forEstimate);
  return { key, label, ...figures, anonymous, ...estimate, firstAcceptedDay, lastAcceptedDay };
}

interface Groups {
  readonly groups: readonly Group[];
  readonly totals: Group;
}

type Grouping = EngagementQuery['groupBy'];

async function groupsOf(
  tx: Tx,
  keys: AccountKeys,
  question: CellQuestion,
  by: Grouping,
  automated: Automated,
): Promise<Groups> {
  const anonymous = await countAnonymousBy(tx, question, by === 'day' ? 'day' : 'campaign_id', automated);
  const estimates = await countForEstimate(tx, { ...question, ...groupings[by === 'link' ? 'campaign' : by] });
  if (by === 'link') {
    const links = await countLinks(tx, keys, question);
    const groups = links.map((link) => ({ ...link, forEstimate: null, anonymous: null }));
    // A recipient of two links is one recipient: the total is not the sum of the rows.
    const everyone = await countGroups(tx, { ...question, ...groupings.campaign });
    return { groups, totals: totalsOf(everyone, estimates, anonymous) };
  }
  const asSent = await countGroups(tx, { ...question, ...groupings[by] });
  const rowOf = await rowsOf(tx, keys.accountId, asSent, by);
  const counted = mergeCounted(asSent, rowOf).sort(orders[by]);
  const keyOf = await keysOf(tx, keys, counted, by);
  const estimateOf = new Map(mergeEstimates(estimates, rowOf).map((one) => [one.group, one]));
  const counting = anonymous === null || !isOfWholeMessages(by) ? null : mergeAnonymous(anonymous, rowOf);
  const groups = counted.map((one) => ({
    key: keyOf(one),
    counts: one,
    forEstimate: estimateOf.get(one.group) ?? noEstimateCounts,
    anonymous: ofGroup(counting, one.group),
    firstAcceptedDay: one.firstAcceptedDay,
    lastAcceptedDay: one.lastAcceptedDay,
  }));
  return { groups, totals: totalsOf(counted, estimates, anonymous) };
}

/** Rows that hold messages whole: only there anonymous events belong to a row. */
const isOfWholeMessages = (by: Grouping): boolean => by === 'campaign' || by === 'day' || by === 'department';

const noDepartment = '';

/** A campaign has a number of its own in each department that sent it. */
async function rowsOf(tx: Tx, accountId: string, counted: readonly CountedGroup[], by: Grouping): Promise<RowOf> {
  if (by !== 'campaign' && by !== 'department') return (group) => group;
  const ids = counted.map(({ group }) => Number(group));
  const found = await departmentCampaigns(tx, accountId, ids);
  return by === 'campaign'
    ? (group) => found.get(Number(group))?.baseId ?? group
    : (group) => found.get(Number(group))?.departmentId ?? noDepartment;
}

async function keysOf(tx: Tx, keys: AccountKeys, counted: readonly CountedGroup[], by: Grouping) {
  if (by === 'day' || by === 'department')
    return ({ group }: CountedGroup) => (group === noDepartment ? null : String(group));
  const ids = counted.map(({ group }) => Number(group));
  const names = await namesOf(tx, keys, ids);
  return ({ group }: CountedGroup): string | null => names.get(Number(group)) ?? null;
}

const groupings = {
  campaign: { grain: 'sender', column: 'campaign_id' },
  day: { grain: 'sender', column: 'day' },
  sender: { grain: 'sender', column: 'key_id' },
  department: { grain: 'sender', column: 'campaign_id' },
  recipientDomain: { grain: 'domain', column: 'key_id' },
} as const;

type Order = (a: CountedGroup, b: CountedGroup) => number;
const mostSent: Order = (a, b) =>
  b.sent - a.sent || String(a.group).localeCompare(String(b.group), 'en', { numeric: true });
const orders: Readonly<Record<Exclude<Grouping, 'link'>, Order>> = {
  campaign: (a, b) => b.lastAcceptedDay.localeCompare(a.lastAcceptedDay) || Number(b.group) - Number(a.group),
  day: (a, b) => String(a.group).localeCompare(String(b.group)),
  sender: mostSent,
  department: mostSent,
  recipientDomain: mostSent,
};

type Anonymous = Exclude<Group['anonymous'], null>;
/** By campaign or day; null where it cannot be told, because only whole days are kept. */
type AnonymousGroups = ReadonlyMap<number | string, Anonymous> | null;

async function countAnonymousBy(
  tx: Tx,
  question: CellQuestion,
  column: 'campaign_id' | 'day',
  automated: Automated,
): Promise<AnonymousGroups> {
  if (question.range.ends.length > 0 || question.range.days === null) return null;
  const rows = await countAnonymous(tx, { ...question, column });
  const withMachines = automated === 'included' ? 1 : 0;
  return new Map(
    rows.map((row) => [
      row.group,
      {
        opens: row.openedByPeople + withMachines * row.openedByMachines,
        clicks: row.clickedByPeople + withMachines * row.clickedByMachines,
      },
    ]),
  );
}

const ofGroup = (anonymous: AnonymousGroups, group: number | string): Anonymous | null =>
  anonymous === null ? null : (anonymous.get(group) ?? { opens: 0, clicks: 0 });

function sumOf(anonymous: AnonymousGroups): Anonymous | null {
  if (anonymous === null) return null;
  const add = (a: Anonymous, b: Anonymous) => ({ opens: a.opens + b.opens, clicks: a.clicks + b.clicks });
  return [...anonymous.values()].reduce(add, { opens: 0, clicks: 0 });
}

function totalsOf(
  counted: readonly CountedGroup[],
  estimates: readonly EstimateCounts[],
  anonymous: AnonymousGroups,
): Group {
  const days = counted.flatMap((one) => [one.firstAcceptedDay, one.lastAcceptedDay]).sort();
  return {
    key: null,
    counts: counted.reduce<Counts>(addCounts, noCounts),
    forEstimate: estimates.reduce(addEstimateCounts, noEstimateCounts),
    anonymous: sumOf(anonymous),
    firstAcceptedDay: days[0] ?? null,
    lastAcceptedDay: days.at(-1) ?? null,
  };
}
