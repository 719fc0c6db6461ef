/** Deletes, a few times a day, what was learned of scanners that were not seen for long. It learns and judges nothing. */
import { listAccounts } from '../accounts/index.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { forgetMs } from './habit.ts';
import { forgetOld, lockHabits } from './habit-store.ts';
import { learnWithinMs } from './learn-habits.ts';

const everyMs = 6 * 3_600_000;
/** A copy on the edge of being learned from is still worked on. */
const marginMs = 86_400_000;

export async function forgetOldHabits({ db, clock }: Pick<World, 'db' | 'clock'>): Promise<void> {
  const nowMs = clock.now().getTime();
  const seenBefore = new Date(nowMs - forgetMs);
  const copiesBefore = new Date(nowMs - learnWithinMs - marginMs);
  for (const { accountId } of await listAccounts(db))
    await db.asAccount(accountId, async (tx) => {
      await lockHabits(tx, accountId);
      await forgetOld(tx, accountId, { seenBefore, copiesBefore });
    });
}

export const startForgetting = (world: Pick<World, 'db' | 'clock' | 'log'>): Running =>
  repeat(world, { name: 'the forgetting of old habits', everyMs, turn: () => forgetOldHabits(world) });
