/** Gives users the role and department that their groups say, and puts out or lets back in whom the groups decide about. */
import { type Provisioner, settleProvisionedUsers } from '../accounts/index.ts';
import { type Standing, standingOf } from '../core/provisioning/standing.ts';
import type { Tx } from '../platform/database.ts';
import { listGroupsOf } from './group-store.ts';
import { keepUsers } from './keep-user.ts';
import { openUserAttributes } from './show-resource.ts';
import { readSettings, readUserRows, type Settings, type StoredUser } from './store.ts';

/** So many are read, judged and written at a time, by the same few statements. */
const usersAtOnce = 1_000;

export async function settleStanding(tx: Tx, by: Provisioner, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  const settings = await readSettings(tx);
  const all = [...new Set(userIds)];
  for (let from = 0; from < all.length; from += usersAtOnce)
    await settle(tx, by, settings, all.slice(from, from + usersAtOnce));
}

async function settle(tx: Tx, by: Provisioner, settings: Settings, userIds: readonly string[]): Promise<void> {
  const fallback = { role: settings.defaultRole, isOut: settings.withoutGroup === 'deactivate' };
  const groups = Map.groupBy(await listGroupsOf(tx, userIds), (one) => one.userId);
  const settled = (await readUserRows(tx, userIds)).map((row) => {
    const isWanted = openUserAttributes(by.vault, row).active !== false;
    const person = {
      ...{ role: row.role, departmentId: row.departmentId, roleGiven: row.roleGiven },
      ...{ isActive: row.deactivatedAt === null, isOutByGroups: row.isOutByGroups && isWanted },
    };
    return { row, standing: standingOf(person, groups.get(row.id) ?? [], fallback) };
  });
  await settleProvisionedUsers(
    tx,
    by,
    settled.map(({ row: { id }, standing: { role, departmentId, change } }) => ({ id, role, departmentId, change })),
  );
  await keepUsers(
    tx,
    by,
    settled.flatMap((one) => toKeep(by, one)),
  );
}

/** Nothing where the groups say what they said before. */
function toKeep(by: Provisioner, { row, standing }: { readonly row: StoredUser; readonly standing: Standing }) {
  const { roleGiven, change } = standing;
  const isOutByGroups = change === 'none' ? row.isOutByGroups : change === 'deactivate';
  if (roleGiven === row.roleGiven && isOutByGroups === row.isOutByGroups) return [];
  return [{ id: row.id, attributes: openUserAttributes(by.vault, row), roleGiven, isOutByGroups }];
}
