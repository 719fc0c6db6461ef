/** Removes what has had its time: reports, bounces that were counted, suppressions that were for a while. */
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { pruneReturns, softBounceDays } from '../suppressions/index.ts';

const dayMs = 86_400_000;
const keptDays = 90;
const everyMs = 10 * 60_000;
const rowsPerBatch = 2_000;

export async function forgetReturns(world: Pick<World, 'db' | 'clock'>): Promise<number> {
  const now = world.clock.now();
  const before = (days: number): Date => new Date(now.getTime() - days * dayMs);
  const times = { reports: before(keptDays), bounces: before(softBounceDays), now };
  let removed = 0;
  for (;;) {
    const gone = await world.db.asWorker((tx) => pruneReturns(tx, times, rowsPerBatch));
    removed += gone;
    if (gone < rowsPerBatch) return removed;
  }
}

export const startForgettingReturns = (world: World): Running =>
  repeat(world, { name: 'the forgetting of returned mail', everyMs, turn: () => forgetReturns(world) });
