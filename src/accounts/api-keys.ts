/** Lists, makes, replaces and revokes API keys. A secret is shown in the answer that makes it and never again. */
import ipaddr from 'ipaddr.js';
import { record } from '../audit/index.ts';
import { type Permission, permissionNames, type Role, roles } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { type AddedKey, addApiKey, type KeyLimits } from './create-account.ts';
import { assertDepartment } from './departments.ts';
import type { Gate } from './gate.ts';
import { departmentForNew, isNarrowed, reaches, withinDepartments } from './narrowing.ts';
import { newApiKeySecret } from './secrets.ts';
import { listApiKeyRows, lockApiKey, markApiKeyRevoked, replaceApiKey, type StoredApiKey } from './store.ts';

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
  const limits: KeyLimits = {
    permissions: permissionsOf(caller, wish),
    expiresAt: wish.expiresAt === undefined ? null : futureOf(wish.expiresAt, world.clock.now()),
    allowedNetworks: wish.allowedNetworks?.map(networkOf) ?? null,
    departmentId: departmentForNew(caller, wish.departmentId),
  };
  return world.db.asAccount(caller, async (tx) => {
    await assertDepartment(tx, limits.departmentId);
    return addApiKey(tx, world, { name: wish.name, actor: caller.actor, secret: newApiKeySecret(), limits });
  });
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

function futureOf(instant: string, now: Date): Date {
  const at = new Date(instant);
  if (at <= now) throw new Problem('request.malformed', [{ field: 'expiresAt', message: 'is not in the future' }]);
  return at;
}

/** PostgreSQL takes no network with bits behind its length, so they are cut off. */
function networkOf(text: string, index: number): string {
  if (ipaddr.isValidCIDR(text)) {
    const [, length] = ipaddr.parseCIDR(text);
    const isV4 = ipaddr.parseCIDR(text)[0].kind() === 'ipv4';
    const network = isV4 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
    return `${network}/${length}`;
  }
  if (ipaddr.isValid(text) && !text.includes('%')) {
    const address = ipaddr.process(text);
    return `${address}/${address.kind() === 'ipv4' ? 32 : 128}`;
  }
  throw new Problem('request.malformed', [{ field: `allowedNetworks.${index}`, message: 'is no address or network' }]);
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
