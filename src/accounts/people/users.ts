/** The users of an account: listed, invited, changed and deactivated. Nobody gives or takes away more than they may do themselves. */
import { record } from '../../audit/index.ts';
import type { Permission, Role } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Caller } from '../../platform/route.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { accountVault } from '../account-vault.ts';
import type { Gate } from '../gate.ts';
import { departmentForNew, isNarrowed, permissionsOfUser, reaches, type UserReach } from '../narrowing.ts';
import { covers } from '../reach.ts';
import type { Needs } from '../sign-in/sign-in.ts';
import { assertDepartment } from './departments.ts';
import { addInvitation, type Invitation } from './invitations.ts';
import {
  countOtherOwners,
  insertUser,
  listUserRows,
  lockPeople,
  markUserDeactivated,
  readUserRow,
  type StoredUser,
  updateUser,
} from './people-store.ts';
import { storedAddress } from './stored-address.ts';

export interface User extends Omit<StoredUser, 'emailSealed' | 'nameSealed' | 'totpSealed' | 'passwordHash'> {
  readonly email: string;
  readonly name: string;
  readonly state: 'invited' | 'active' | 'deactivated';
  readonly hasPassword: boolean;
}

export function openUser(vault: AccountVault, row: StoredUser): User {
  const { emailSealed, nameSealed, totpSealed, passwordHash, ...user } = row;
  return {
    ...user,
    email: vault.open('user.email', emailSealed).toString(),
    name: vault.open('user.name', nameSealed).toString(),
    state: user.deactivatedAt !== null ? 'deactivated' : user.acceptedAt === null ? 'invited' : 'active',
    hasPassword: passwordHash !== null,
  };
}

export async function listUsers(world: Needs, caller: Caller): Promise<User[]> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const rows = (await listUserRows(tx)).filter((row) => reaches(caller, row.departmentId));
    const [at, { actor }] = [world.clock.now(), caller];
    const detail = { users: rows.length };
    await record(tx, { at, actor, action: 'users.listed', object: { kind: 'users' }, detail });
    return rows.map((row) => openUser(vault, row));
  });
}

interface InvitationWish {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly permissions?: readonly Permission[] | null | undefined;
  readonly departmentId?: string | null | undefined;
  readonly reach?: UserReach | undefined;
}

export async function inviteUser(
  world: Needs,
  caller: Caller,
  wish: InvitationWish,
  publicUrl: string,
): Promise<{ user: User; invitation: Invitation }> {
  const { role, permissions = null } = wish;
  const departmentId = departmentForNew(caller, wish.departmentId);
  const reach = wish.reach ?? (isNarrowed(caller) ? 'department' : 'account');
  assertWithin(caller, { role, permissions, reach, departmentId });
  const vault = await accountVault(world, caller.accountId);
  const [at, { actor }] = [world.clock.now(), caller];
  const id = newId(at);
  return world.db.asAccount(caller, async (tx) => {
    await assertDepartment(tx, departmentId);
    const isNew = await insertUser(tx, {
      id,
      ...storedAddress(world, vault, wish.email),
      nameSealed: vault.seal('user.name', wish.name),
      role,
      permissions,
      departmentId,
      reach,
      createdAt: at,
    });
    if (!isNew) throw new Problem('user.email_taken');
    await record(tx, {
      at,
      actor,
      action: 'user.invited',
      object: { kind: 'user', id },
      detail: { role, permissions, reach, departmentId },
    });
    const invitation = await addInvitation(tx, world, id, publicUrl);
    return { user: openUser(vault, await mustRead(tx, id)), invitation };
  });
}

/** For who never came, who lost every way to sign in, or who comes back. */
export function renewInvitation(world: Needs, caller: Caller, id: string, publicUrl: string): Promise<Invitation> {
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    const user = await mustReach(tx, caller, id);
    assertWithin(caller, user);
    await record(tx, { at, actor, action: 'user.invited_again', object: { kind: 'user', id }, detail: {} });
    return addInvitation(tx, world, id, publicUrl);
  });
}

interface UserChange {
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly permissions?: readonly Permission[] | null | undefined;
  readonly departmentId?: string | null | undefined;
  readonly reach?: UserReach | undefined;
}

export async function changeUser(
  world: Needs,
  gate: Gate,
  caller: Caller,
  id: string,
  change: UserChange,
): Promise<User> {
  const vault = await accountVault(world, caller.accountId);
  const changed = await world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    const before = await mustReach(tx, caller, id);
    assertWithin(caller, before);
    const after = {
      nameSealed: change.name === undefined ? before.nameSealed : vault.seal('user.name', change.name),
      role: change.role ?? before.role,
      permissions: change.permissions === undefined ? before.permissions : change.permissions,
      departmentId: change.departmentId === undefined ? before.departmentId : change.departmentId,
      reach: change.reach ?? before.reach,
    };
    if (!reaches(caller, after.departmentId)) throw new Problem('department.unknown');
    assertWithin(caller, after);
    await assertDepartment(tx, after.departmentId);
    if (!isFullOwner(after)) await assertNotLastOwner(tx, before);
    await updateUser(tx, id, after);
    await recordChange(tx, world.clock.now(), caller, before, { ...after, isNamed: change.name !== undefined });
    return openUser(vault, await mustRead(tx, id));
  });
  gate.forget(caller.accountId);
  return changed;
}

async function recordChange(
  tx: Tx,
  at: Date,
  { actor }: Caller,
  before: StoredUser,
  after: Holder & { readonly isNamed: boolean },
): Promise<void> {
  const { role, permissions, departmentId, reach, isNamed } = after;
  const isMoved = departmentId !== before.departmentId;
  const detail = { name: isNamed, department: isMoved, role, permissions, reach, departmentId };
  await record(tx, { at, actor, action: 'user.changed', object: { kind: 'user', id: before.id }, detail });
}

/** Every session and every API key of theirs ends with them. */
export async function deactivateUser(world: Needs, gate: Gate, caller: Caller, id: string): Promise<void> {
  const [at, { actor }] = [world.clock.now(), caller];
  await world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    const user = await mustReach(tx, caller, id);
    assertWithin(caller, user);
    await assertNotLastOwner(tx, user);
    const detail = await markUserDeactivated(tx, id, at);
    await record(tx, { at, actor, action: 'user.deactivated', object: { kind: 'user', id }, detail });
  });
  gate.forget(caller.accountId);
}

type Holder = Pick<StoredUser, 'role' | 'permissions' | 'reach' | 'departmentId'>;

function assertWithin(caller: Caller, user: Holder): void {
  if (user.reach === 'department' && user.departmentId === null) throw new Problem('department.account_wide');
  const reachesFurther = isNarrowed(caller) && user.reach === 'account';
  if (reachesFurther || !covers(caller.permissions, permissionsOfUser(user))) throw new Problem('user.beyond_caller');
}

export const isFullOwner = (user: Pick<StoredUser, 'role' | 'permissions' | 'reach'>): boolean =>
  user.role === 'owner' && user.permissions === null && user.reach === 'account';

export async function assertNotLastOwner(tx: Tx, user: StoredUser): Promise<void> {
  const isActive = user.acceptedAt !== null && user.deactivatedAt === null;
  if (isActive && isFullOwner(user) && (await countOtherOwners(tx, user.id)) === 0)
    throw new Problem('user.last_owner');
}

/** Who is in no department of the caller's is not there. */
async function mustReach(tx: Tx, caller: Caller, id: string): Promise<StoredUser> {
  const user = await mustRead(tx, id);
  if (!reaches(caller, user.departmentId)) throw new Problem('user.not_found');
  return user;
}

export async function mustRead(tx: Tx, id: string): Promise<StoredUser> {
  const user = await readUserRow(tx, id, true);
  if (user === undefined) throw new Problem('user.not_found');
  return user;
}
