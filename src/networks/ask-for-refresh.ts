/** Makes lists due, so that a worker asks their publishers within seconds. It asks nobody itself. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import type { RefreshSettings } from './read-networks.ts';
import { askNow } from './store.ts';

/** Publishers are not asked more often than this, whoever wishes it. */
const notWithinMs = 60_000;

export async function askForRefresh(
  { db, clock }: Pick<World, 'db' | 'clock'>,
  { accountId, actor }: Caller,
  refresh: RefreshSettings,
): Promise<{ due: number }> {
  if (refresh === null || Object.keys(refresh.urls).length === 0) throw new Problem('networks.refresh_off');
  const now = clock.now();
  return db.asWorker(async (tx) => {
    const due = await askNow(tx, now, new Date(now.getTime() - notWithinMs));
    await tx.inAccount(accountId, (inside) =>
      record(inside, {
        at: now,
        actor,
        action: 'networks.refresh_asked',
        object: { kind: 'networks' },
        detail: { due },
      }),
    );
    return { due };
  });
}
