/** Gives users the role and department that their groups say, and puts out or lets back in whom the groups decide about. */
import {
  changeProvisionedUser,
  deactivateProvisionedUser,
  type Provisioner,
  reactivateProvisionedUser,
} from '../accounts/index.ts';
import { type Standing, standingOf } from '../core/provisioning/standing.ts';
import type { Tx } from '../platform/database.ts';
import { listGroupsOf } from './group-store.ts';
import { keepUser } from './keep-user.ts';
import { openUserAttributes } from './show-resource.ts';
import { readSettings, readUserRows, type StoredUser } from './store.ts';

export async function settleStanding(tx: Tx, by: Provisioner, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  const settings = await readSettings(tx);
  const fallback = { role: settings.defaultRole, isOut: settings.withoutGroup === 'deactivate' };
  const groups = Map.groupBy(await listGroupsOf(tx, userIds), (one) => one.userId);
  for (const row of await readUserRows(tx, userIds)) {
    const isWanted = openUserAttributes(by.vault, row).active !== false;
    const person = {
      ...{ role: row.role, departmentId: row.departmentId, roleGiven: row.roleGiven },
      ...{ isActive: row.deactivatedAt === null, isOutByGroups: row.isOutByGroups && isWanted },
    };
    await apply(tx, by, row, standingOf(person, groups.get(row.id) ?? [], fallback));
  }
}

async function apply(tx: Tx, by: Provisioner, row: StoredUser, standing: Standing): Promise<void> {
  const { role, departmentId, roleGiven, change } = standing;
  if (change === 'reactivate') await reactivateProvisionedUser(tx, by, row.id);
  if (change === 'deactivate') await deactivateProvisionedUser(tx, by, row.id);
  if (role !== row.role || departmentId !== row.departmentId)
    await changeProvisionedUser(tx, by, row.id, { role, departmentId });
  const isOutByGroups = change === 'none' ? row.isOutByGroups : change === 'deactivate';
  if (roleGiven === row.roleGiven && isOutByGroups === row.isOutByGroups) return;
  await keepUser(tx, by, row.id, { attributes: openUserAttributes(by.vault, row), roleGiven, isOutByGroups });
}
