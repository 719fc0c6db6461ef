/** Says whether an emergency access was justified. Once, when it is over, and never by whoever opened it. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EmergencyAccessBody } from '../contract/emergency.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeEmergency, endOf } from './describe-emergency.ts';
import { personOf } from './person.ts';
import { markReviewed, readEmergencyRow, type StoredEmergency } from './store.ts';

interface Review {
  readonly outcome: 'justified' | 'not_justified';
  readonly note: string;
}

export async function reviewEmergency(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  id: string,
  { outcome, note }: Review,
): Promise<EmergencyAccessBody> {
  const vault = await accountVault(world, caller.accountId);
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller.accountId, async (tx) => {
    const row = await readEmergencyRow(tx, id, true);
    if (row === undefined) throw new Problem('emergency.not_found');
    const { userId: by } = personOf(caller);
    refuseWrongTurn(row, by, at);
    const noteSealed = vault.seal('emergency.note', note);
    await markReviewed(tx, id, { at, by, outcome, noteSealed });
    await record(tx, {
      at,
      actor,
      action: 'emergency.reviewed',
      object: { kind: 'emergency', id },
      detail: { outcome },
    });
    return describeEmergency(tx, vault, { ...row, reviewedAt: at, reviewedBy: by, outcome, noteSealed }, at);
  });
}

function refuseWrongTurn(row: StoredEmergency, reviewerId: string, at: Date): void {
  if (row.userId === reviewerId) throw new Problem('emergency.own');
  if (row.reviewedAt !== null) throw new Problem('emergency.reviewed_already');
  if (endOf(row, at) === null) throw new Problem('emergency.still_open');
}
