/** What an administrator sees and decides of provisioning: its groups, what they mean here, and what somebody without one is. */
import { accountVault, assertWithinReach, type Provisioner } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { Role } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import { changingPeople, type Desk } from './desk.ts';
import { listGroupRows, listMembers, type StoredGroup, updateMapping } from './group-store.ts';
import { mustFindGroup } from './groups-shelf.ts';
import { settleStanding } from './settle-standing.ts';
import { openGroupAttributes } from './show-resource.ts';
import {
  listDepartmentNames,
  listFaults,
  readSettings,
  type Settings,
  type StoredFault,
  upsertSettings,
} from './store.ts';

export interface Group extends Pick<StoredGroup, 'id' | 'members' | 'role' | 'departmentId' | 'changedAt'> {
  readonly name: string;
}

export interface Provisioning extends Settings {
  readonly heardAt: Date | null;
  readonly groups: readonly Group[];
  readonly faults: readonly StoredFault[];
}

/** No directory has so many groups that an administrator maps. */
const maxGroups = 1_000;

const openGroup = (vault: AccountVault, row: StoredGroup): Group => ({
  ...row,
  name: String(openGroupAttributes(vault, row.attributesSealed).displayName),
});

/** A directory provisions the account, not a part of it. */
function refuseNarrowed({ departments }: Caller): void {
  if (departments !== undefined) throw new Problem('auth.account_wide');
}

export async function readProvisioning({ world }: Desk, caller: Caller): Promise<Provisioning> {
  refuseNarrowed(caller);
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const groups = await listGroupRows(tx, { limit: maxGroups, offset: 0 });
    const [at, { actor }] = [world.clock.now(), caller];
    const object = { kind: 'provisioned-groups' } as const;
    await record(tx, { at, actor, action: 'provisioned_groups.listed', object, detail: { groups: groups.length } });
    const settings = await readSettings(tx);
    return { ...settings, groups: groups.map((row) => openGroup(vault, row)), faults: await listFaults(tx) };
  });
}

/** Throws user.beyond_caller: nobody lets a directory hand out more than they may. */
export function changeSettings(
  desk: Desk,
  caller: Caller,
  wish: { readonly [Name in keyof Settings]?: Settings[Name] | undefined },
): Promise<Settings> {
  refuseNarrowed(caller);
  return changingPeople(desk, caller, async (tx, by) => {
    const before = await readSettings(tx);
    const defaultRole = wish.defaultRole ?? before.defaultRole;
    const withoutGroup = wish.withoutGroup ?? before.withoutGroup;
    assertWithinReach({ ...by, reach: caller.permissions }, defaultRole, null);
    await upsertSettings(tx, { defaultRole, withoutGroup });
    const [object, detail] = [{ kind: 'provisioning' } as const, { defaultRole, withoutGroup }];
    await record(tx, { at: by.at, actor: caller.actor, action: 'provisioning.changed', object, detail });
    return { defaultRole, withoutGroup };
  });
}

export interface Mapping {
  readonly role: Role | null;
  readonly departmentId: string | null;
}

/** Throws group.not_found, user.beyond_caller, user.last_owner or department.unknown. */
export function mapGroup(desk: Desk, caller: Caller, id: string, mapping: Mapping): Promise<Group> {
  refuseNarrowed(caller);
  return changingPeople(desk, caller, async (tx, provisioner) => {
    const by: Provisioner = { ...provisioner, reach: caller.permissions };
    const before = await mustFindGroup(tx, id);
    for (const role of [before.role, mapping.role]) if (role !== null) assertWithinReach(by, role, null);
    await assertDepartment(tx, mapping.departmentId);
    await updateMapping(tx, id, mapping);
    const detail = { role: mapping.role, department: mapping.departmentId !== null, members: before.members };
    const object = { kind: 'provisioned-group', id } as const;
    await record(tx, { at: by.at, actor: caller.actor, action: 'provisioned_group.mapped', object, detail });
    const members = await listMembers(tx, [id]);
    await settleStanding(
      tx,
      by,
      members.map(({ userId }) => userId),
    );
    return openGroup(by.vault, await mustFindGroup(tx, id));
  });
}

async function assertDepartment(tx: Tx, id: string | null): Promise<void> {
  if (id !== null && !(await listDepartmentNames(tx)).some((one) => one.id === id))
    throw new Problem('department.unknown');
}
