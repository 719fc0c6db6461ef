/** Opens and clicks over time, as events: when people and when machines asked. The range is of when they happened. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { View } from '../contract/values.ts';
import { quarterOf, quarterStart } from '../core/report/cells.ts';
import { dayOf, startOfDay, startOfHour } from '../core/report/days.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { askedBounds } from './asked-bounds.ts';
import { campaignsOf, departmentsOf } from './dimension-names.ts';
import { type ActivityQuestion, type CountedQuarter, countQuarters } from './engagement-store.ts';

export interface ActivityQuery {
  readonly campaign?: string | undefined;
  readonly departmentId?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly by: 'hour' | 'day';
  readonly view: 'account' | View;
}

export interface ActivityPoint {
  readonly at: string;
  readonly people: { readonly opens: number; readonly clicks: number };
  readonly machines: { readonly opens: number; readonly clicks: number };
}

export interface Activity {
  readonly view: View;
  readonly points: ActivityPoint[];
}

export async function readActivityReport(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  query: ActivityQuery,
): Promise<Activity> {
  const { accountId, actor } = caller;
  const keys = { accountId, vault: await accountVault(world, accountId) };
  const activity = await world.db.readAccount(caller, async (tx) => {
    const { timeZone, ...settings } = await readSettings(tx);
    const view = query.view === 'account' ? settings.view : query.view;
    const departments = await departmentsOf(tx, caller, query.departmentId);
    const campaigns = await campaignsOf(tx, keys, query.campaign, departments);
    const quarters = await countQuarters(tx, {
      accountId,
      campaigns,
      view,
      ...quartersOf(timeZone, query),
    });
    return { view, points: pointsOf(quarters, timeZone, query.by) };
  });
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor,
      action: 'report.read',
      object: { kind: 'report' },
      detail: { report: 'activity', rows: activity.points.length },
    }),
  );
  return activity;
}

type Quarters = Pick<ActivityQuestion, 'from' | 'to' | 'firstDay' | 'lastDay'>;

/** A bound within a quarter of an hour takes the quarter in. */
function quartersOf(timeZone: string, query: ActivityQuery): Quarters {
  const { since, until } = askedBounds(timeZone, query);
  return {
    from: since === null ? null : quarterOf(since),
    to: until === null ? null : quarterOf(new Date(until.getTime() - 1)) + 1,
    firstDay: since?.toISOString().slice(0, 10) ?? null,
    lastDay: until?.toISOString().slice(0, 10) ?? null,
  };
}

const nothing = { opens: 0, clicks: 0 };

function pointsOf(quarters: readonly CountedQuarter[], timeZone: string, by: 'hour' | 'day'): ActivityPoint[] {
  const points = new Map<string, ActivityPoint>();
  for (const counted of quarters) {
    const at = startOf(quarterStart(counted.quarter), timeZone, by).toISOString();
    const { people, machines } = points.get(at) ?? { people: nothing, machines: nothing };
    points.set(at, {
      at,
      people: { opens: people.opens + counted.openedByPeople, clicks: people.clicks + counted.clickedByPeople },
      machines: {
        opens: machines.opens + counted.openedByMachines,
        clicks: machines.clicks + counted.clickedByMachines,
      },
    });
  }
  return [...points.values()];
}

const startOf = (at: Date, timeZone: string, by: 'hour' | 'day'): Date =>
  by === 'hour' ? startOfHour(timeZone, at) : startOfDay(timeZone, dayOf(timeZone, at));
