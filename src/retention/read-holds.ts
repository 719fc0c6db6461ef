/** Legal holds as whoever answers for them reads them. The look is audited: their words may name people. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { LegalHold } from '../contract/retention.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeHold } from './describe-hold.ts';
import { findHold, selectHolds } from './hold-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const mostListed = 200;

export async function listHolds(world: Needs, { accountId, actor }: Caller): Promise<LegalHold[]> {
  const vault = await accountVault(world, accountId);
  const at = world.clock.now();
  return world.db.asAccount(accountId, async (tx) => {
    const holds: LegalHold[] = [];
    for (const row of await selectHolds(tx, mostListed)) holds.push(await describeHold(tx, vault, row));
    const object = { kind: 'legal-holds' } as const;
    await record(tx, { at, actor, action: 'holds.listed', object, detail: { holds: holds.length } });
    return holds;
  });
}

export async function readHold(world: Needs, { accountId, actor }: Caller, id: string): Promise<LegalHold> {
  const vault = await accountVault(world, accountId);
  const at = world.clock.now();
  return world.db.asAccount(accountId, async (tx) => {
    const row = await findHold(tx, id);
    if (row === undefined) throw new Problem('hold.not_found');
    await record(tx, { at, actor, action: 'hold.read', object: { kind: 'legal-hold', id }, detail: {} });
    return describeHold(tx, vault, row);
  });
}
