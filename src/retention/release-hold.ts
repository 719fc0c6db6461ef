/** Releases a legal hold, with a reason, once. The hold stays for the record; it deletes nothing. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { LegalHold } from '../contract/retention.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeHold } from './describe-hold.ts';
import { findHold, updateReleased } from './hold-store.ts';

export async function releaseHold(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  id: string,
  reason: string,
): Promise<LegalHold> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const { actor } = caller;
  return world.db.asAccount(caller.accountId, async (tx) => {
    if ((await findHold(tx, id)) === undefined) throw new Problem('hold.not_found');
    const reasonSealed = vault.seal('hold.release', reason);
    if (!(await updateReleased(tx, id, { at, byKind: actor.kind, byId: actor.id, reasonSealed })))
      throw new Problem('hold.released');
    await record(tx, { at, actor, action: 'hold.released', object: { kind: 'legal-hold', id }, detail: {} });
    const row = await findHold(tx, id);
    if (row === undefined) throw new Error('a hold that was just released is not there');
    return describeHold(tx, vault, row);
  });
}
