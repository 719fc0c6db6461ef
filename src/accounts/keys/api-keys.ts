/** Lists, makes, replaces and revokes API keys. A secret is shown in the answer that makes it and never again. */
import { record } from '../../audit/index.ts';
import { type Permission, permissionNames, type Role, roles } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import type { Caller } from '../../platform/route.ts';
import type { World } from '../../platform/world.ts';
import { type AddedKey, addApiKey, type KeyLimits } from '../create-account.ts';
import type { Gate } from '../gate.ts';
import { departmentForNew, isNarrowed, reaches, withinDepartments } from '../narrowing.ts';
import { assertDepartment } from '../people/departments.ts';
import { newApiKeySecret } from '../secrets.ts';
import {
  listApiKeyRows,
  lockApiKey,
  markApiKeyRevoked,
  readApiKey,
  replaceApiKey,
  type StoredApiKey,
} from '../store.ts';
import { assertWithinMaker, type WhenAndWhere, whenAndWhere } from './key-limits.ts';

export interface KeyWish {
  readonly name: string;
  readonly role?: Role | undefined;
  readonly permissions?: readonly Permission[] | undefined;
  readonly expiresAt?: string | undefined;
  readonly allowedNetworks?: readonly string[] | undefined;
  readonly departmentId?: string | null | undefined;
}

const hourMs = 3_600_000;

export const listKeys = (world: World, caller: Caller): Promise<StoredApiKey[]> =>
  world.db.asAccount(caller, async (tx) => {
    const keys = (await listApiKeyRows(tx)).filter((key) => reaches(caller, key.departmentId));
    const [at, { actor }, detail] = [world.clock.now(), caller, { keys: keys.length }];
    await record(tx, { at, actor, action: 'api_keys.listed', object: { kind: 'api-keys' }, detail });
    return keys;
  });

export async function createKey(world: World, caller: Caller, wish: KeyWish): Promise<AddedKey> {
  const permissions = permissionsOf(caller, wish);
  const departmentId = departmentForNew(caller, wish.departmentId);
  return world.db.asAccount(caller, async (tx) => {
    await assertDepartment(tx, departmentId);
    const maker = await limitsOfMaker(tx, caller);
    const when = whenAndWhere(wish, maker, world.clock.now());
    assertWithinMaker(when, maker);
    const limits: KeyLimits = { permissions, departmentId, ...when };
    return addApiKey(tx, world, { name: wish.name, actor: caller.actor, secret: newApiKeySecret(), limits });
  });
}

/** Of a key as it is now: one that was revoked a moment ago leaves none behind. */
async function limitsOfMaker(tx: Tx, { actor }: Caller): Promise<WhenAndWhere> {
  if (actor.kind !== 'api-key') return { expiresAt: null, allowedNetworks: null };
  const key = await readApiKey(tx, actor.id);
  if (key === undefined) throw new Problem('auth.invalid');
  return key;
}

/** Nobody hands out more than they have: null, for everything, only who may do everything. */
function permissionsOf(caller: Caller, { role, permissions }: KeyWish): readonly Permission[] | null {
  const template = role === undefined || role === 'owner' ? undefined : templateOf(caller, role);
  const wished = permissions === undefined ? template : permissions.filter((one) => template?.includes(one) ?? true);
  if (wished === undefined)
    return role === 'owner' ? unlessNarrower(caller, everything(caller)) : (caller.permissions ?? null);
  return unlessNarrower(caller, [...new Set(wished)].sort());
}

const templateOf = (caller: Caller, role: Role): readonly Permission[] =>
  withinDepartments(roles[role].permissions, isNarrowed(caller)) ?? [];
const everything = (caller: Caller): readonly Permission[] | null =>
  withinDepartments(undefined, isNarrowed(caller)) ?? null;

function unlessNarrower(caller: Caller, wished: readonly Permission[] | null): readonly Permission[] | null {
  const { permissions } = caller;
  if (permissions !== undefined && (wished ?? permissionNames).some((one) => !permissions.includes(one)))
    throw new Problem('key.beyond_caller');
  return wished;
}

/** The same limits under a new secret; the old one works until the overlap ends, or its own expiry if that is sooner. */
export async function rotateKey(
  world: World,
  gate: Gate,
  caller: Caller,
  id: string,
  overlapHours: number,
): Promise<AddedKey> {
  const at = world.clock.now();
  const { actor } = caller;
  const added = await world.db.asAccount(caller.accountId, async (tx) => {
    const old = await lockApiKey(tx, id);
    if (old === undefined || (old.expiresAt !== null && old.expiresAt <= at)) throw new Problem('key.not_found');
    if (!reaches(caller, old.departmentId)) throw new Problem('key.not_found');
    unlessNarrower(caller, withinDepartments(old.permissions ?? undefined, isNarrowed(caller)) ?? null);
    assertWithinMaker(old, await limitsOfMaker(tx, caller));
    const { name, permissions, expiresAt, allowedNetworks, departmentId } = old;
    const limits = { permissions, expiresAt, allowedNetworks, departmentId };
    const key = await addApiKey(tx, world, { name, actor, secret: newApiKeySecret(), limits });
    const overlapEnd = new Date(at.getTime() + overlapHours * hourMs);
    const ends = expiresAt !== null && expiresAt < overlapEnd ? expiresAt : overlapEnd;
    await replaceApiKey(tx, id, key.id, ends);
    const detail = { replacedBy: key.id, expiresAt: ends.toISOString() };
    await record(tx, { at, actor, action: 'api_key.rotated', object: { kind: 'api-key', id }, detail });
    return key;
  });
  gate.forget(id);
  return added;
}

export async function revokeKey(world: World, gate: Gate, caller: Caller, id: string): Promise<void> {
  if (caller.actor.kind === 'api-key' && caller.actor.id === id) throw new Problem('key.last_one');
  const at = world.clock.now();
  const { actor } = caller;
  await world.db.asAccount(caller.accountId, async (tx) => {
    const found = await lockApiKey(tx, id);
    if (found === undefined || !reaches(caller, found.departmentId)) throw new Problem('key.not_found');
    await markApiKeyRevoked(tx, id, at);
    await record(tx, { at, actor, action: 'api_key.revoked', object: { kind: 'api-key', id }, detail: {} });
  });
  gate.forget(id);
}
