/** How much happened on each day of UTC, for a chart. Numbers only: it shows nobody and nothing. */
import type { DayCounts } from '../contract/audit.ts';
import type { World } from '../platform/world.ts';
import { readDays } from './activity-store.ts';

const dayMs = 86_400_000;

/** The last `days` days, today as the last, oldest first. */
export async function readActivity(
  { db, clock }: Pick<World, 'db' | 'clock'>,
  accountId: string,
  days: number,
): Promise<{ days: DayCounts[] }> {
  const now = clock.now().getTime();
  const asked = Array.from({ length: days }, (_, at) => dayOf(now - (days - 1 - at) * dayMs));
  const counted = await db.readAccount(accountId, (tx) => readDays(tx, asked.at(0) ?? '', asked.at(-1) ?? ''));
  const known = new Map(counted.map((one) => [one.day, one]));
  return { days: asked.map((day) => known.get(day) ?? { day, entries: 0, refused: 0 }) };
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
