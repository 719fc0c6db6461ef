/** The HTTP routes of the habits area: looking at what was learned of scanners, exporting and forgetting it. */
import { forgetScannerHabit, forgetScannerHabits, listScannerHabits } from '../contract/habits.ts';
import { type Route, route, writes } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { habitsCsv } from './habits-csv.ts';
import { forgetHabits, readHabits } from './read-habits.ts';

export const habitRoutes = (world: Pick<World, 'db' | 'vault' | 'clock'>): Route[] => [
  route(listScannerHabits, 'habits.read', writes('habits.read'), async ({ query }, caller) => {
    const page = await readHabits(world, caller, query);
    return query.format === 'csv' ? habitsCsv(page.habits, world.clock.now()) : page;
  }),
  route(
    forgetScannerHabits,
    'habits.change',
    writes('habits.forgotten'),
    async (_, caller) => void (await forgetHabits(world, caller, undefined)),
  ),
  route(
    forgetScannerHabit,
    'habits.change',
    writes('habits.forgotten'),
    async ({ params }, caller) => void (await forgetHabits(world, caller, params.domain)),
  ),
];
