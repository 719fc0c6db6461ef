/**
 * What single sign-on may do to people: find them, make and place them, open and prove their sessions, end them again. Who
 * they are was proved before, elsewhere; it never makes, changes or revives an owner.
 */
import { record } from '../../audit/index.ts';
import type { Permission, Role } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Actor, Caller } from '../../platform/route.ts';
import type { AccountVault } from '../../platform/vault.ts';
import {
  endInvitations,
  insertUser,
  listDepartmentRows,
  markUserAccepted,
  readUserRow,
  type StoredUser,
  updateUser,
} from '../people/people-store.ts';
import { storedAddress, userIndexOf } from '../people/stored-address.ts';
import type { Visitor } from '../place.ts';
import { covers, permissionsOf } from '../reach.ts';
import { describeSession, type OpenedSession, openSessionIn } from '../sessions/open-session.ts';
import { markSessionEnded, markSessionProved } from '../store.ts';
import { type Needs, type SignedIn, sessionIdOf } from './sign-in.ts';
import { findUserId } from './sign-on-store.ts';

export interface SignOnUser {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly departmentId: string | null;
  /** Undefined: everything. */
  readonly permissions: readonly Permission[] | undefined;
  readonly state: 'invited' | 'active' | 'deactivated';
}

const provider: Actor = { kind: 'system', id: 'single-sign-on' };

/** Waits for a change of the user that is under way. */
export async function readSignOnUser(tx: Tx, vault: AccountVault, id: string): Promise<SignOnUser | undefined> {
  const row = await readUserRow(tx, id, true);
  return row === undefined ? undefined : userOf(vault, row);
}

export async function findSignOnUser(tx: Tx, vault: AccountVault, email: string): Promise<SignOnUser | undefined> {
  const id = await findUserId(tx, userIndexOf(vault, email));
  return id === undefined ? undefined : readSignOnUser(tx, vault, id);
}

const userOf = (vault: AccountVault, row: StoredUser): SignOnUser => ({
  id: row.id,
  email: vault.open('user.email', row.emailSealed).toString(),
  role: row.role,
  departmentId: row.departmentId,
  permissions: permissionsOf(row.role, row.permissions),
  state: row.deactivatedAt !== null ? 'deactivated' : row.acceptedAt === null ? 'invited' : 'active',
});

type LesserRole = Exclude<Role, 'owner'>;

export interface NewSignOnUser {
  readonly email: string;
  readonly name: string;
  readonly role: LesserRole;
  readonly departmentId: string | null;
}

/** Makes somebody who signs in for the first time. Undefined: the account has a user with this address. */
export async function makeSignOnUser(
  tx: Tx,
  world: Needs,
  vault: AccountVault,
  wish: NewSignOnUser,
): Promise<string | undefined> {
  const at = world.clock.now();
  const id = newId(at);
  const { role, departmentId } = wish;
  const made = {
    id,
    ...storedAddress(world, vault, wish.email),
    nameSealed: vault.seal('user.name', wish.name),
    role,
    permissions: null,
    departmentId,
    reach: reachOf(wish),
    createdAt: at,
  };
  if (!(await insertUser(tx, made))) return undefined;
  await record(tx, { at, actor: provider, action: 'user.made', object: { kind: 'user', id }, detail: { role } });
  await acceptBySignOn(tx, world, id);
  return id;
}

/** Who is put into a department reaches no further. */
const reachOf = ({ departmentId }: { readonly departmentId: string | null }): 'account' | 'department' =>
  departmentId === null ? 'account' : 'department';

/** For who was invited, and came by the provider instead. Their invitation ends. */
export async function acceptBySignOn(tx: Tx, world: Needs, id: string): Promise<void> {
  const at = world.clock.now();
  await endInvitations(tx, id, at);
  await markUserAccepted(tx, id, at);
  const actor = { kind: 'user', id } as const;
  await record(tx, { at, actor, action: 'user.accepted', object: { kind: 'user', id }, detail: { by: 'sso' } });
}

/** Where the provider says that they belong. Owners stay what they are. True: something changed. */
export async function placeBySignOn(
  tx: Tx,
  world: Needs,
  id: string,
  place: { readonly role: LesserRole; readonly departmentId: string | null },
): Promise<boolean> {
  const before = await readUserRow(tx, id, true);
  if (before === undefined || before.role === 'owner') return false;
  const { role, departmentId } = place;
  const reach = reachOf(place);
  if (before.role === role && before.departmentId === departmentId && before.reach === reach) return false;
  await updateUser(tx, id, { ...before, role, departmentId, reach });
  const detail = {
    name: false,
    department: departmentId !== before.departmentId,
    role,
    permissions: before.permissions,
    reach,
  };
  const at = world.clock.now();
  await record(tx, { at, actor: provider, action: 'user.changed', object: { kind: 'user', id }, detail });
  return true;
}

export const hasDepartment = async (tx: Tx, id: string): Promise<boolean> =>
  (await listDepartmentRows(tx)).some((one) => one.id === id);

export const openSignOnSession = (
  tx: Tx,
  world: Needs,
  vault: AccountVault,
  wish: { readonly userId: string; readonly visitor: Visitor },
): Promise<SignedIn & { readonly sessionId: string }> => openSessionIn(tx, world, vault, { ...wish, by: 'sso' });

export async function proveBySignOn(tx: Tx, world: Needs, vault: AccountVault, caller: Caller): Promise<OpenedSession> {
  const [at, { actor }, id] = [world.clock.now(), caller, sessionIdOf(caller)];
  await markSessionProved(tx, id, at);
  await record(tx, { at, actor, action: 'session.proved', object: { kind: 'session', id }, detail: { by: 'sso' } });
  return describeSession(tx, vault, id);
}

/** Those that are still open, as the provider or a change of its connection asks. Gives which ended. */
export async function endSignOnSessions(
  tx: Tx,
  ids: readonly string[],
  at: Date,
  actor: Actor = provider,
): Promise<string[]> {
  const ended: string[] = [];
  for (const id of ids) {
    if (!(await markSessionEnded(tx, id, at))) continue;
    ended.push(id);
    await record(tx, { at, actor, action: 'session.ended', object: { kind: 'session', id }, detail: {} });
  }
  return ended;
}

/** Whoever sets up who comes in hands out what these may do. Throws user.beyond_caller. */
export function assertMayGive(caller: Caller, reach: readonly Permission[] | undefined): void {
  if (!covers(caller.permissions, reach)) throw new Problem('user.beyond_caller');
}

export const assertMayGiveRole = (caller: Caller, role: LesserRole): void =>
  assertMayGive(caller, permissionsOf(role, null));
