/** The loop of the emergency area: writes down what is over, and reminds of what nobody has reviewed. Any number of processes may run it. */
import { raiseAlert } from '../accounts/index.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { endWhatIsOver } from './end-emergency.ts';
import { remindEveryMs } from './open-emergency.ts';
import { accountsWithWork, takeReminders } from './store.ts';

const pauseMs = 2_000;

export const startEmergencyCare = (world: World): Running =>
  repeat(world, { name: 'the care of emergency accesses', everyMs: pauseMs, turn: () => careForEmergencies(world) });

export async function careForEmergencies({ db, clock }: Pick<World, 'db' | 'clock'>): Promise<void> {
  const now = clock.now();
  const accounts = await db.asWorker((tx) => accountsWithWork(tx, now));
  for (const accountId of accounts)
    await db.asAccount(accountId, async (tx) => {
      await endWhatIsOver(tx, now);
      const next = new Date(now.getTime() + remindEveryMs);
      for (const { id, userId } of await takeReminders(tx, now, next))
        await raiseAlert(tx, { at: now, what: 'emergency_unreviewed', userId, detail: { emergencyId: id } });
    });
}
