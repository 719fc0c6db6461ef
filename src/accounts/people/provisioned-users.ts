/**
 * Users as a directory makes, changes and ends them, each inside the directory's own transaction. A provisioned user has
 * nothing to sign in with: single sign-on or an invitation gives it. A key reaches as far as whoever made it.
 */
import { record } from '../../audit/index.ts';
import type { Permission, Role } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Caller } from '../../platform/route.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { dropCredentials } from '../keys/credential-store.ts';
import { covers, permissionsOf, type Reach } from '../reach.ts';
import type { Needs } from '../sign-in/sign-in.ts';
import { insertUser, lockPeople, markUserDeactivated, type StoredUser, updateUser } from './people-store.ts';
import { findUserByEmail, markUserExpected, readMakerOfKey, updateUserAddress } from './provisioned-users-store.ts';
import { normalEmail, storedAddress } from './stored-address.ts';
import { assertNotLastOwner, isFullOwner, mustRead } from './users.ts';

/** Who provisions, in which account, with which reach. */
export interface Provisioner {
  readonly world: Needs;
  readonly vault: AccountVault;
  readonly caller: Caller;
  readonly at: Date;
  readonly reach: Reach;
}

/** Other changes of the account's people wait until the transaction ends. */
export async function openProvisioner(
  tx: Tx,
  desk: Pick<Provisioner, 'world' | 'vault' | 'caller' | 'at'>,
): Promise<Provisioner> {
  await lockPeople(tx);
  const { actor, permissions } = desk.caller;
  if (actor.kind !== 'api-key') return { ...desk, reach: permissions };
  const maker = await readMakerOfKey(tx, actor.id);
  return { ...desk, reach: maker === undefined ? undefined : permissionsOf(maker.role, maker.permissions) };
}

export function assertWithinReach({ reach }: Provisioner, role: Role, permissions: readonly Permission[] | null): void {
  if (!covers(reach, permissionsOf(role, permissions))) throw new Problem('user.beyond_caller');
}

/** Throws user.email_taken. Gives the id. */
export async function addProvisionedUser(
  tx: Tx,
  by: Provisioner,
  wish: { readonly email: string; readonly name: string; readonly role: Role; readonly departmentId: string | null },
): Promise<string> {
  assertWithinReach(by, wish.role, null);
  const { at, vault, caller } = by;
  const id = newId(at);
  const isNew = await insertUser(tx, {
    ...{ ...storedAddress(by.world, vault, wish.email), id, role: wish.role, permissions: null, createdAt: at },
    ...{ nameSealed: vault.seal('user.name', wish.name), departmentId: wish.departmentId, reach: 'account' as const },
  });
  if (!isNew) throw new Problem('user.email_taken');
  const detail = { role: wish.role, permissions: null, by: 'scim' } as const;
  await record(tx, { at, actor: caller.actor, action: 'user.invited', object: { kind: 'user', id }, detail });
  return id;
}

export interface ProvisionedChange {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly departmentId?: string | null | undefined;
  /** The directory says something else that only it keeps. */
  readonly isOtherwise?: boolean;
}

/** Writes and records only what is another one now. Throws user.last_owner, user.beyond_caller or user.email_taken. */
export async function changeProvisionedUser(
  tx: Tx,
  by: Provisioner,
  id: string,
  wish: ProvisionedChange,
): Promise<boolean> {
  const before = await mustRead(tx, id);
  const { vault, at, caller } = by;
  const isMoved =
    wish.email !== undefined && vault.open('user.email', before.emailSealed).toString() !== normalEmail(wish.email);
  const isNamed = wish.name !== undefined && vault.open('user.name', before.nameSealed).toString() !== wish.name;
  const after = afterChange(before, wish);
  const isPlaced = after.departmentId !== before.departmentId;
  if (!isMoved && !isNamed && !isPlaced && after.role === before.role && wish.isOtherwise !== true) return false;
  assertWithinReach(by, before.role, before.permissions);
  assertWithinReach(by, after.role, after.permissions);
  if (!isFullOwner(after)) await assertNotLastOwner(tx, before);
  const nameSealed = isNamed ? vault.seal('user.name', wish.name ?? '') : before.nameSealed;
  await updateUser(tx, id, { ...after, nameSealed });
  if (isMoved) await moveUser(tx, by, id, wish.email ?? '');
  const { role, permissions } = after;
  const detail = { name: isNamed, address: isMoved, department: isPlaced, role, permissions, by: 'scim' } as const;
  await record(tx, { at, actor: caller.actor, action: 'user.changed', object: { kind: 'user', id }, detail });
  return true;
}

/** A narrowing belongs to the role that it narrows. */
const afterChange = (before: StoredUser, { role = before.role, departmentId }: ProvisionedChange): StoredUser => ({
  ...before,
  role,
  permissions: role === before.role ? before.permissions : null,
  departmentId: departmentId === undefined ? before.departmentId : departmentId,
});

async function moveUser(tx: Tx, by: Provisioner, id: string, email: string): Promise<void> {
  const address = storedAddress(by.world, by.vault, email);
  const holder = await findUserByEmail(tx, address.emailIndex);
  if (holder !== undefined && holder !== id) throw new Problem('user.email_taken');
  await updateUserAddress(tx, id, address);
}

/** Every session and every API key of theirs ends with it. False: they were deactivated already. */
export async function deactivateProvisionedUser(tx: Tx, by: Provisioner, id: string): Promise<boolean> {
  const user = await mustRead(tx, id);
  if (user.deactivatedAt !== null) return false;
  assertWithinReach(by, user.role, user.permissions);
  await assertNotLastOwner(tx, user);
  const { at, caller } = by;
  const ended = await markUserDeactivated(tx, id, at);
  const detail = { ...ended, by: 'scim' } as const;
  await record(tx, { at, actor: caller.actor, action: 'user.deactivated', object: { kind: 'user', id }, detail });
  return true;
}

/** They come in only by single sign-on or a fresh invitation: nothing that they signed in with before works again. */
export async function reactivateProvisionedUser(tx: Tx, by: Provisioner, id: string): Promise<boolean> {
  const user = await mustRead(tx, id);
  if (user.deactivatedAt === null) return false;
  assertWithinReach(by, user.role, user.permissions);
  await dropCredentials(tx, id);
  await markUserExpected(tx, id);
  const { at, caller } = by;
  const detail = { by: 'scim' } as const;
  await record(tx, { at, actor: caller.actor, action: 'user.reactivated', object: { kind: 'user', id }, detail });
  return true;
}
