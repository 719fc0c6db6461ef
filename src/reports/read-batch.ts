/** How far a message to many has come, in numbers: where its recipients stand. It opens no address. */
import { accountVault } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { countStates, plannedFor } from './batch-store.ts';
import { namesOf } from './dimension-names.ts';
import { findMessage } from './message-store.ts';

export async function readBatchProgress(world: Pick<World, 'db' | 'vault' | 'clock'>, caller: Caller, id: string) {
  const vault = await accountVault(world, caller.accountId);
  return world.db.readAccount(caller, (tx) => batchOf(tx, caller, vault, { id, now: world.clock.now() }));
}

async function batchOf(tx: Tx, caller: Caller, vault: AccountVault, { id, now }: { id: string; now: Date }) {
  const row = await findMessage(tx, caller, id);
  if (row === undefined) throw new Problem('message.not_found');
  const { accountId } = caller;
  const campaigns = await namesOf(tx, { accountId, vault }, [row.campaignId]);
  const counts = await countStates(tx, accountId, id);
  const sendAt = await plannedFor(tx, accountId, id, now);
  return {
    id: row.id,
    campaign: campaigns.get(row.campaignId) ?? null,
    departmentId: row.departmentId,
    acceptedAt: row.acceptedAt.toISOString(),
    sendAt: sendAt?.toISOString() ?? null,
    ...counts,
    isDone: counts.queued + counts.deferred === 0,
  };
}
