/**
 * Many users placed, ended or let back in at once by the groups of a directory: a few statements, however many they are.
 * Each of them is judged and recorded as if alone; the account keeps an owner, or nothing of it is done.
 */
import { record } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import { countOtherOwners, readUserRows, type StoredUser } from './people-store.ts';
import { assertWithinReach, type Provisioner } from './provisioned-users.ts';
import { markUsersDeactivated, markUsersExpected, type Placed, placeUsers } from './settle-users-store.ts';
import { isFullOwner } from './users.ts';

interface Settled extends Placed {
  readonly change: 'none' | 'deactivate' | 'reactivate';
}

/** Writes and records only what is another one now. Throws user.last_owner or user.beyond_caller. */
export async function settleProvisionedUsers(tx: Tx, by: Provisioner, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return;
  const rows = await readUserRows(
    tx,
    settled.map(({ id }) => id),
  );
  const before = new Map(rows.map((row) => [row.id, row]));
  const pairs = settled.flatMap((after) => {
    const row = before.get(after.id);
    return row === undefined ? [] : [{ before: row, after }];
  });
  const [gone, back] = [pairs.filter(isEnded), pairs.filter(isLetBack)];
  const placed = pairs.filter(({ before: was, after }) => isPlaced(was, after));
  for (const one of new Set([...gone, ...back, ...placed]))
    assertWithinReach(by, one.before.role, one.before.permissions);
  for (const { before: was, after } of placed) assertWithinReach(by, after.role, permissionsAfter(was, after));
  await letBack(tx, by, back.map(idOf));
  await end(tx, by, gone.map(idOf));
  await place(tx, by, placed);
  const losesOwner = [...gone, ...placed].some(({ before: was }) => isFullOwner(was) && isActive(was));
  if (losesOwner && (await countOtherOwners(tx, nobody)) === 0) throw new Problem('user.last_owner');
}

interface Pair {
  readonly before: StoredUser;
  readonly after: Settled;
}

const nobody = '00000000-0000-0000-0000-000000000000';
const idOf = ({ after }: Pair): string => after.id;
const isActive = ({ acceptedAt, deactivatedAt }: StoredUser): boolean => acceptedAt !== null && deactivatedAt === null;
const isEnded = ({ before, after }: Pair): boolean => after.change === 'deactivate' && before.deactivatedAt === null;
const isLetBack = ({ before, after }: Pair): boolean => after.change === 'reactivate' && before.deactivatedAt !== null;
const isPlaced = (before: StoredUser, after: Placed): boolean =>
  before.role !== after.role || before.departmentId !== after.departmentId;
const permissionsAfter = (before: StoredUser, after: Placed) =>
  after.role === before.role ? before.permissions : null;

async function letBack(tx: Tx, { at, caller: { actor } }: Provisioner, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await markUsersExpected(tx, ids);
  const detail = { by: 'scim' } as const;
  const action = 'user.reactivated';
  await record(tx, ...ids.map((id) => ({ at, actor, action, object: { kind: 'user', id }, detail }) as const));
}

async function end(tx: Tx, { at, caller: { actor } }: Provisioner, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { sessionsOf, apiKeysOf } = await markUsersDeactivated(tx, ids, at);
  const [sessions, apiKeys] = [Map.groupBy(sessionsOf, String), Map.groupBy(apiKeysOf, String)];
  const entryOf = (id: string) => {
    const detail = {
      sessions: sessions.get(id)?.length ?? 0,
      apiKeys: apiKeys.get(id)?.length ?? 0,
      by: 'scim',
    } as const;
    return { at, actor, action: 'user.deactivated', object: { kind: 'user', id }, detail } as const;
  };
  await record(tx, ...ids.map(entryOf));
}

async function place(tx: Tx, { at, caller: { actor } }: Provisioner, placed: readonly Pair[]): Promise<void> {
  if (placed.length === 0) return;
  await placeUsers(
    tx,
    placed.map(({ after }) => after),
  );
  const entryOf = ({ before, after }: Pair) => {
    const department = before.departmentId !== after.departmentId;
    const permissions = permissionsAfter(before, after);
    const detail = { name: false, address: false, department, role: after.role, permissions, by: 'scim' } as const;
    return { at, actor, action: 'user.changed', object: { kind: 'user', id: after.id }, detail } as const;
  };
  await record(tx, ...placed.map(entryOf));
}
