/**
 * Destroys the keys of addresses and agents whose life is over, by each account's own choice, and tells the audit log how
 * many. It touches no event: what was sealed under a destroyed key is noise from then on.
 */
import { record } from '../audit/index.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { deleteRequestKeys } from './request-key-store.ts';
import { requestDay } from './request-life.ts';

const everyMs = 60_000;

/** Gives how many keys there are less. */
export async function destroyRequestKeys({ db, clock }: Pick<World, 'db' | 'clock'>): Promise<number> {
  const now = clock.now();
  return db.asWorker(async (tx) => {
    const destroyed = await deleteRequestKeys(tx, requestDay(now));
    for (const [accountId, days] of destroyed)
      await tx.inAccount(accountId, (inside) =>
        record(inside, {
          at: now,
          actor: { kind: 'system', id: 'request-keys' },
          action: 'request_keys.destroyed',
          object: { kind: 'account', id: accountId },
          detail: { days },
        }),
      );
    return [...destroyed.values()].reduce((sum, days) => sum + days, 0);
  });
}

/** Looks every minute. Any number of processes may run it. */
export const startKeyDestruction = (world: Pick<World, 'db' | 'clock' | 'log'>): Running =>
  repeat(world, { name: 'the destruction of request keys', everyMs, turn: () => destroyRequestKeys(world) });
