/** Joins what departments sent of one campaign, or what one department sent of all campaigns, into one row. It asks no database. */
import { addEstimateCounts, noEstimateCounts } from '../core/report/estimate.ts';
import { addCounts } from '../core/report/rates.ts';
import type { CountedGroup, EstimateGroup } from './engagement-store.ts';
import { daySpan } from './link-rows.ts';

export type GroupKey = number | string;
/** Which row a campaign's number belongs to. */
export type RowOf = (group: GroupKey) => GroupKey;

export function mergeCounted(counted: readonly CountedGroup[], rowOf: RowOf): CountedGroup[] {
  const rows = new Map<GroupKey, CountedGroup>();
  for (const one of counted) {
    const group = rowOf(one.group);
    const before = rows.get(group);
    rows.set(group, before === undefined ? { ...one, group } : addGroups(before, one));
  }
  return [...rows.values()];
}

const addGroups = (a: CountedGroup, b: CountedGroup): CountedGroup => ({
  ...addCounts(a, b),
  group: a.group,
  ...daySpan([a, b]),
});

export function mergeEstimates(estimates: readonly EstimateGroup[], rowOf: RowOf): EstimateGroup[] {
  const rows = new Map<GroupKey, EstimateGroup>();
  for (const one of estimates) {
    const group = rowOf(one.group);
    rows.set(group, { ...addEstimateCounts(rows.get(group) ?? noEstimateCounts, one), group });
  }
  return [...rows.values()];
}

interface OpensAndClicks {
  readonly opens: number;
  readonly clicks: number;
}

export function mergeAnonymous(
  anonymous: ReadonlyMap<GroupKey, OpensAndClicks>,
  rowOf: RowOf,
): ReadonlyMap<GroupKey, OpensAndClicks> {
  const rows = new Map<GroupKey, OpensAndClicks>();
  for (const [key, { opens, clicks }] of anonymous) {
    const before = rows.get(rowOf(key)) ?? { opens: 0, clicks: 0 };
    rows.set(rowOf(key), { opens: before.opens + opens, clicks: before.clicks + clicks });
  }
  return rows;
}
