/** The directory's groups, opened inside one transaction. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { ScimFault } from '../core/provisioning/fault.ts';
import { mentions } from '../core/provisioning/filter.ts';
import { isShown, type Json, project, type Shown } from '../core/provisioning/read-resource.ts';
import { groupKind, type Resource } from '../core/provisioning/schema.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { Desk } from './desk.ts';
import {
  countGroups,
  findGroups,
  findGroupsOf,
  listGroupRows,
  listMembers,
  readGroupRow,
  type StoredGroup,
} from './group-store.ts';
import { type ListWish, listResources, type Shelf } from './list-resources.ts';
import { showGroup } from './show-resource.ts';
import { externalIndexOf, isId } from './users-shelf.ts';

/** Of one answer. */
const maxShownMembers = 50_000;

export const nameIndexOf = (vault: AccountVault, name: string): Buffer =>
  vault.index('provisioned.group-name', name.normalize('NFC').toLowerCase());

async function showAll(
  tx: Tx,
  baseUrl: string,
  vault: AccountVault,
  rows: readonly StoredGroup[],
  isWithMembers: boolean,
): Promise<Resource[]> {
  if (!isWithMembers) return rows.map((row) => showGroup(baseUrl, vault, row, undefined));
  if (rows.reduce((sum, row) => sum + row.members, 0) > maxShownMembers)
    throw new ScimFault('tooMany', 'count', 'is smaller, or members are in excludedAttributes');
  const memberships = await listMembers(
    tx,
    rows.map((row) => row.id),
  );
  const members = Map.groupBy(memberships, (one) => one.groupId);
  return rows.map((row) => showGroup(baseUrl, vault, row, members.get(row.id)?.map((one) => one.userId) ?? []));
}

const shelfOf = (tx: Tx, baseUrl: string, vault: AccountVault, wish: Shown): Shelf => ({
  kind: groupKind,
  count: () => countGroups(tx),
  async read(range, filter, ids) {
    const isWithMembers = isShown(groupKind, 'members', wish) || (filter !== undefined && mentions(filter, 'members'));
    return showAll(tx, baseUrl, vault, await listGroupRows(tx, range, ids), isWithMembers);
  },
  find: ({ path, value }) => {
    if (path === 'id') return Promise.resolve(isId(value) ? [value] : []);
    if (path === 'displayName') return findGroups(tx, 'name', nameIndexOf(vault, value));
    if (path === 'externalId') return findGroups(tx, 'externalId', externalIndexOf(vault, value));
    if (path !== 'members.value') return undefined;
    return isId(value) ? findGroupsOf(tx, value) : Promise.resolve([]);
  },
});

export async function listGroups({ world, baseUrl }: Desk, caller: Caller, wish: ListWish): Promise<Json> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const list = await listResources(shelfOf(tx, baseUrl, vault, wish), wish);
    await recordLook(tx, world.clock.now(), caller, Number(list.itemsPerPage));
    return list;
  });
}

/** Throws group.not_found. */
export async function readGroup({ world, baseUrl }: Desk, caller: Caller, id: string, shown: Shown): Promise<Json> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const group = await showOneGroup(tx, baseUrl, vault, id, isShown(groupKind, 'members', shown));
    await recordLook(tx, world.clock.now(), caller, 1);
    return project(groupKind, group, shown);
  });
}

const recordLook = (tx: Tx, at: Date, { actor }: Caller, groups: number): Promise<void> =>
  record(tx, {
    at,
    actor,
    action: 'provisioned_groups.listed',
    object: { kind: 'provisioned-groups' },
    detail: { groups },
  });

export async function mustFindGroup(tx: Tx, id: string): Promise<StoredGroup> {
  const row = await readGroupRow(tx, id);
  if (row === undefined) throw new Problem('group.not_found');
  return row;
}

export async function showOneGroup(
  tx: Tx,
  baseUrl: string,
  vault: AccountVault,
  id: string,
  isWithMembers = true,
): Promise<Resource> {
  const [group] = await showAll(tx, baseUrl, vault, [await mustFindGroup(tx, id)], isWithMembers);
  if (group === undefined) throw new Problem('group.not_found');
  return group;
}
