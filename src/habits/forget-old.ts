/** Deletes, a few times a day, what was learned of scanners that were not seen for long. It learns and judges nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listAccounts } from '../accounts/index.ts';
import { errorFacts } from '../platform/log.ts';
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

export function startForgetting(world: Pick<World, 'db' | 'clock' | 'log'>): Running {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await forgetOldHabits(world).catch((error) => world.log.warn(errorFacts(error), 'old habits were not forgotten'));
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    close() {
      stopping.abort();
      return running;
    },
  };
}
