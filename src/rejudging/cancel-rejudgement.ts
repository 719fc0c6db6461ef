/** Ends a re-judging where it is. Its runner finds out with its next batch, which then changes nothing. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import type { Run } from './rejudgement.ts';
import { endRun, selectRun } from './run-store.ts';

export function cancelRejudgement(
  world: Pick<World, 'db' | 'clock'>,
  { accountId, actor }: Caller,
  id: string,
): Promise<Run> {
  const at = world.clock.now();
  return world.db.asAccount(accountId, async (tx) => {
    const isEnded = await endRun(tx, { accountId, id }, null, { state: 'cancelled', why: null, at });
    const run = await selectRun(tx, accountId, id, at);
    if (run === undefined) throw new Problem('rejudging.not_found');
    if (!isEnded) throw new Problem('rejudging.ended');
    await record(tx, {
      at,
      actor,
      action: 'rejudgement.cancelled',
      object: { kind: 'rejudgement', id },
      detail: {},
    });
    return run;
  });
}
