/** How much happened on each day of UTC, for a chart. Numbers only: it shows nobody and nothing. */
import { type DayCounts, mostCountedRefusals } from '../contract/audit.ts';
import { firstIdAt } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import { countDays } from './activity-store.ts';

const dayMs = 86_400_000;

/** The last `days` days, today as the last, oldest first. */
export async function readActivity(
  { db, clock }: Pick<World, 'db' | 'clock'>,
  accountId: string,
  days: number,
): Promise<{ days: DayCounts[] }> {
  const today = Math.floor(clock.now().getTime() / dayMs) * dayMs;
  const beginnings = Array.from({ length: days + 1 }, (_, at) => new Date(today + (at + 1 - days) * dayMs));
  const bounds = beginnings.map(firstIdAt);
  const counts = await db.readAccount(accountId, (tx) => countDays(tx, bounds, mostCountedRefusals));
  return {
    days: counts.map(({ entries, refused }, at) => ({
      day: beginnings[at]?.toISOString().slice(0, 10) ?? '',
      entries,
      refused,
    })),
  };
}
