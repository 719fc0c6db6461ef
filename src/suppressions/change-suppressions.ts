/** Puts an address on the suppression list for a reason that a person gives, and takes it off again. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { SuppressionReason, SuppressionScope } from '../contract/suppressions.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { knownAddress } from './address.ts';
import { deleteOfAddress, type SuppressionRow, selectOfAddress, upsertSuppressions } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface Wish {
  readonly reason: SuppressionReason;
  readonly scope?: SuppressionScope | undefined;
  readonly expiresAt: string | null;
}

export const scopeOf = ({ reason, scope }: Pick<Wish, 'reason' | 'scope'>): SuppressionScope =>
  scope ?? (reason === 'unsubscribed' || reason === 'complaint' ? 'marketing' : 'all');

export async function suppress(world: Needs, caller: Caller, written: string, wish: Wish) {
  const vault = await accountVault(world, caller.accountId);
  const { email, index } = knownAddress(vault, written);
  const now = world.clock.now();
  const { reason } = wish;
  const scope = scopeOf(wish);
  const rows = await world.db.asAccount(caller.accountId, async (tx) => {
    const addressSealed = vault.seal('suppression.address', email);
    const expiresAt = wish.expiresAt === null ? null : new Date(wish.expiresAt);
    await upsertSuppressions(tx, [{ addressIndex: index, addressSealed, reason, scope, createdAt: now, expiresAt }]);
    const object = { kind: 'suppression', id: index.toString('hex') } as const;
    await record(tx, { at: now, actor: caller.actor, action: 'suppression.set', object, detail: { reason, scope } });
    return selectOfAddress(tx, index, now);
  });
  return standing(email, rows);
}

export async function readSuppression(world: Needs, caller: Caller, written: string) {
  const vault = await accountVault(world, caller.accountId);
  const { email, index } = knownAddress(vault, written);
  const now = world.clock.now();
  const rows = await world.db.asAccount(caller.accountId, async (tx) => {
    const object = { kind: 'suppression', id: index.toString('hex') } as const;
    await record(tx, { at: now, actor: caller.actor, action: 'suppression.read', object, detail: {} });
    return selectOfAddress(tx, index, now);
  });
  return standing(email, rows);
}

export async function liftSuppression(
  world: Needs,
  caller: Caller,
  written: string,
  reason: SuppressionReason | undefined,
): Promise<void> {
  const vault = await accountVault(world, caller.accountId);
  const { index } = knownAddress(vault, written);
  await world.db.asAccount(caller.accountId, async (tx) => {
    const removed = await deleteOfAddress(tx, index, reason);
    if (removed === 0) throw new Problem('suppression.not_found');
    const object = { kind: 'suppression', id: index.toString('hex') } as const;
    const detail = { reason: reason ?? null, removed };
    await record(tx, { at: world.clock.now(), actor: caller.actor, action: 'suppression.removed', object, detail });
  });
}

const standing = (email: string, rows: readonly SuppressionRow[]) => ({
  email,
  isSuppressed: rows.length > 0,
  reasons: rows.map(entryOf),
});

export const entryOf = ({ reason, scope, createdAt, expiresAt }: SuppressionRow) => ({
  reason,
  scope,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
});
