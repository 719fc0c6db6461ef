/** Makes, replaces, changes and deletes groups as a directory says, and lets what they mean here follow at once. */
import type { Provisioner } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { ScimFault } from '../core/provisioning/fault.ts';
import { applyPatch } from '../core/provisioning/patch.ts';
import { assertComplete, type Json, readResource } from '../core/provisioning/read-resource.ts';
import { groupKind, maxMembers, type Resource } from '../core/provisioning/schema.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import { assertVersion, changingPeople, type Desk } from './desk.ts';
import {
  addMembers,
  deleteGroup as deleteGroupRow,
  findGroups,
  insertGroup,
  listMembers,
  removeMembers,
  type StoredGroup,
  updateGroup,
} from './group-store.ts';
import { mustFindGroup, nameIndexOf, showOneGroup } from './groups-shelf.ts';
import { settleStanding } from './settle-standing.ts';
import { groupVersion, openGroupAttributes } from './show-resource.ts';
import { readUserRows } from './store.ts';
import { externalIndexOf, isId } from './users-shelf.ts';

const membersIn = ({ members }: Resource): string[] =>
  Array.isArray(members) ? [...new Set(members.map(({ value }) => String(value).toLowerCase()))] : [];

function sealed(vault: AccountVault, { displayName, externalId }: Resource) {
  const kept = { displayName, ...(externalId === undefined ? {} : { externalId }) };
  return {
    attributesSealed: vault.seal('provisioned.group', JSON.stringify(kept)),
    nameIndex: nameIndexOf(vault, String(displayName)),
    externalIdIndex: typeof externalId === 'string' ? externalIndexOf(vault, externalId) : null,
  };
}

/** Throws scim.member_unknown, also for users of other accounts. */
async function assertUsers(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > maxMembers) throw new ScimFault('tooMany', 'members', `has at most ${maxMembers} values`);
  if (!ids.every(isId)) throw new Problem('scim.member_unknown');
  const known = (await readUserRows(tx, ids)).filter((row) => !row.isDeleted);
  if (known.length !== ids.length) throw new Problem('scim.member_unknown');
}

export function createGroup(desk: Desk, caller: Caller, body: Json): Promise<Resource> {
  const attributes = readResource(groupKind, body);
  assertComplete(groupKind, attributes);
  const members = membersIn(attributes);
  return changingPeople(desk, caller, async (tx, by) => {
    const { at, vault } = by;
    const id = newId(at);
    await assertUsers(tx, members);
    if (!(await insertGroup(tx, { ...sealed(vault, attributes), id, at }))) throw new Problem('group.name_taken');
    await addMembers(tx, id, members);
    const object = { kind: 'provisioned-group', id } as const;
    const detail = { members: members.length };
    await record(tx, { at, actor: caller.actor, action: 'provisioned_group.created', object, detail });
    return showOneGroup(tx, desk.baseUrl, vault, id);
  });
}

export const replaceGroup = (desk: Desk, caller: Caller, id: string, body: Json, ifMatch?: string): Promise<Resource> =>
  changingPeople(desk, caller, async (tx, by) => {
    await changeGroup(tx, by, id, ifMatch, () => readResource(groupKind, body));
    return showOneGroup(tx, desk.baseUrl, by.vault, id);
  });

export const patchGroup = (desk: Desk, caller: Caller, id: string, body: Json, ifMatch?: string): Promise<void> =>
  changingPeople(desk, caller, (tx, by) =>
    changeGroup(tx, by, id, ifMatch, (before) => applyPatch(groupKind, before, body)),
  );

async function changeGroup(
  tx: Tx,
  by: Provisioner,
  id: string,
  ifMatch: string | undefined,
  change: (before: Resource) => Resource,
): Promise<void> {
  const row = await mustFindGroup(tx, id);
  assertVersion(ifMatch, groupVersion(row));
  const before = await openGroup(tx, by, row);
  const after = change(before);
  assertComplete(groupKind, after);
  await assertNameFree(tx, by, id, String(after.displayName));
  const [were, are] = [new Set(membersIn(before)), new Set(membersIn(after))];
  const added = [...are.difference(were)];
  const removed = [...were.difference(are)];
  await assertUsers(tx, added);
  await updateGroup(tx, id, sealed(by.vault, after), by.at);
  if (added.length > 0) await addMembers(tx, id, added);
  if (removed.length > 0) await removeMembers(tx, id, removed);
  const detail = { name: after.displayName !== before.displayName, added: added.length, removed: removed.length };
  const object = { kind: 'provisioned-group', id } as const;
  await record(tx, { at: by.at, actor: by.caller.actor, action: 'provisioned_group.changed', object, detail });
  if (isMapped(row)) await settleStanding(tx, by, [...added, ...removed]);
}

async function openGroup(tx: Tx, { vault }: Provisioner, row: StoredGroup): Promise<Resource> {
  const members = (await listMembers(tx, [row.id])).map(({ userId }) => ({ value: userId }));
  return { ...openGroupAttributes(vault, row.attributesSealed), ...(members.length === 0 ? {} : { members }) };
}

const isMapped = ({ role, departmentId }: StoredGroup): boolean => role !== null || departmentId !== null;

async function assertNameFree(tx: Tx, { vault }: Provisioner, id: string, name: string): Promise<void> {
  const holders = await findGroups(tx, 'name', nameIndexOf(vault, name));
  if (holders.some((one) => one !== id)) throw new Problem('group.name_taken');
}

export const deleteGroup = (desk: Desk, caller: Caller, id: string, ifMatch?: string): Promise<void> =>
  changingPeople(desk, caller, async (tx, by) => {
    const row = await mustFindGroup(tx, id);
    assertVersion(ifMatch, groupVersion(row));
    const members = (await listMembers(tx, [id])).map(({ userId }) => userId);
    await deleteGroupRow(tx, id);
    const object = { kind: 'provisioned-group', id } as const;
    const detail = { members: members.length };
    await record(tx, { at: by.at, actor: caller.actor, action: 'provisioned_group.deleted', object, detail });
    if (isMapped(row)) await settleStanding(tx, by, members);
  });
