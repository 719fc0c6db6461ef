/** The account's users as a directory looks at them, opened inside one transaction. */
import { accountVault, userIndexOf } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { mentions, type Pin } from '../core/provisioning/filter.ts';
import { isShown, type Json, project, type Shown } from '../core/provisioning/read-resource.ts';
import { type Resource, userKind } from '../core/provisioning/schema.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { Desk } from './desk.ts';
import { listGroupsOf } from './group-store.ts';
import { type ListWish, listResources, type Shelf } from './list-resources.ts';
import { showUser } from './show-resource.ts';
import { countUsers, findUsers, listUserRows, readUserRows, type StoredUser } from './store.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isId = (text: string): boolean => uuid.test(text);

export const externalIndexOf = (vault: AccountVault, externalId: string): Buffer =>
  vault.index('provisioned.external-id', externalId);

async function showAll(
  tx: Tx,
  baseUrl: string,
  vault: AccountVault,
  rows: readonly StoredUser[],
  isWithGroups: boolean,
): Promise<Resource[]> {
  const ids = rows.map((row) => row.id);
  const groups =
    isWithGroups && ids.length > 0 ? Map.groupBy(await listGroupsOf(tx, ids), (one) => one.userId) : undefined;
  return rows.map((row) => showUser(baseUrl, vault, row, groups?.get(row.id) ?? []));
}

const shelfOf = (tx: Tx, baseUrl: string, vault: AccountVault, wish: Shown): Shelf => ({
  kind: userKind,
  count: () => countUsers(tx),
  async read(range, filter, ids) {
    const isWithGroups = isShown(userKind, 'groups', wish) || (filter !== undefined && mentions(filter, 'groups'));
    return showAll(tx, baseUrl, vault, await listUserRows(tx, range, ids), isWithGroups);
  },
  find: ({ path, value }: Pin) => {
    if (path === 'id') return Promise.resolve(isId(value) ? [value] : []);
    if (path === 'userName') return findUsers(tx, 'userName', userIndexOf(vault, value));
    if (path === 'emails.value') return findUsers(tx, 'email', userIndexOf(vault, value));
    return path === 'externalId' ? findUsers(tx, 'externalId', externalIndexOf(vault, value)) : undefined;
  },
});

export async function listUsers({ world, baseUrl }: Desk, caller: Caller, wish: ListWish): Promise<Json> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const list = await listResources(shelfOf(tx, baseUrl, vault, wish), wish);
    await recordLook(tx, world.clock.now(), caller, Number(list.itemsPerPage));
    return list;
  });
}

/** Throws user.not_found. */
export async function readUser({ world, baseUrl }: Desk, caller: Caller, id: string, shown: Shown): Promise<Json> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const user = await showOne(tx, baseUrl, vault, id);
    await recordLook(tx, world.clock.now(), caller, 1);
    return project(userKind, user, shown);
  });
}

const recordLook = (tx: Tx, at: Date, { actor }: Caller, users: number): Promise<void> =>
  record(tx, { at, actor, action: 'users.listed', object: { kind: 'users' }, detail: { users } });

/** Throws user.not_found, also for who is gone. */
export async function mustFind(tx: Tx, id: string): Promise<StoredUser> {
  const [row] = await readUserRows(tx, [id]);
  if (row === undefined || row.isDeleted) throw new Problem('user.not_found');
  return row;
}

export async function showOne(tx: Tx, baseUrl: string, vault: AccountVault, id: string): Promise<Resource> {
  const [user] = await showAll(tx, baseUrl, vault, [await mustFind(tx, id)], true);
  if (user === undefined) throw new Problem('user.not_found');
  return user;
}
