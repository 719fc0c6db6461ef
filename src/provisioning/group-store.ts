/** All SQL on groups, who is in them, and what an administrator made of them. It opens nothing. */
import type { Role } from '../contract/permissions.ts';
import { empty, raw, sql, type Tx } from '../platform/database.ts';

export interface StoredGroup {
  readonly id: string;
  readonly attributesSealed: Buffer;
  readonly role: Role | null;
  readonly departmentId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly members: number;
}

const groupColumns = raw(`g.id, g.attributes_sealed AS "attributesSealed", g.role, g.department_id AS "departmentId",
  g.version, g.created_at AS "createdAt", g.changed_at AS "changedAt",
  (SELECT count(*)::int FROM provisioned_members m
    WHERE m.account_id = g.account_id AND m.group_id = g.id) AS members`);

export async function countGroups(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    sql`SELECT count(*)::int AS n FROM provisioned_groups WHERE account_id = current_account()`,
  );
  return row?.n ?? 0;
}

export const listGroupRows = (
  tx: Tx,
  { limit, offset }: { readonly limit: number; readonly offset: number },
  ids?: readonly string[],
): Promise<StoredGroup[]> =>
  tx.query(sql`
    SELECT ${groupColumns} FROM provisioned_groups g
     WHERE g.account_id = current_account() ${ids === undefined ? empty : sql`AND g.id = ANY (${[...ids]}::uuid[])`}
     ORDER BY g.created_at, g.id LIMIT ${limit} OFFSET ${offset}`);

export async function readGroupRow(tx: Tx, id: string): Promise<StoredGroup | undefined> {
  return (await listGroupRows(tx, { limit: 1, offset: 0 }, [id]))[0];
}

export async function findGroups(tx: Tx, by: 'name' | 'externalId', index: Buffer): Promise<string[]> {
  const column = raw(by === 'name' ? 'name_index' : 'external_id_index');
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM provisioned_groups WHERE account_id = current_account() AND ${column} = ${index} LIMIT 1000`);
  return rows.map((row) => row.id);
}

export async function findGroupsOf(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT group_id AS id FROM provisioned_members WHERE account_id = current_account() AND user_id = ${userId}
     LIMIT 1000`);
  return rows.map((row) => row.id);
}

interface GroupIndexes {
  readonly attributesSealed: Buffer;
  readonly nameIndex: Buffer;
  readonly externalIdIndex: Buffer | null;
}

/** False: the account has a group of this name. */
export async function insertGroup(
  tx: Tx,
  group: GroupIndexes & { readonly id: string; readonly at: Date },
): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO provisioned_groups (account_id, id, attributes_sealed, name_index, external_id_index, created_at, changed_at)
    VALUES (current_account(), ${group.id}, ${group.attributesSealed}, ${group.nameIndex}, ${group.externalIdIndex},
            ${group.at}, ${group.at})
    ON CONFLICT (account_id, name_index) DO NOTHING RETURNING id`);
  return rows.length === 1;
}

export const updateGroup = (tx: Tx, id: string, group: GroupIndexes, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE provisioned_groups
       SET attributes_sealed = ${group.attributesSealed}, name_index = ${group.nameIndex},
           external_id_index = ${group.externalIdIndex}, version = version + 1, changed_at = ${at}
     WHERE account_id = current_account() AND id = ${id}`);

export const updateMapping = (
  tx: Tx,
  id: string,
  { role, departmentId }: Pick<StoredGroup, 'role' | 'departmentId'>,
): Promise<unknown> =>
  tx.query(sql`
    UPDATE provisioned_groups SET role = ${role}, department_id = ${departmentId}
     WHERE account_id = current_account() AND id = ${id}`);

export const deleteGroup = (tx: Tx, id: string): Promise<unknown> =>
  tx.query(sql`DELETE FROM provisioned_groups WHERE account_id = current_account() AND id = ${id}`);

export interface Membership {
  readonly groupId: string;
  readonly userId: string;
}

export const listMembers = (tx: Tx, groupIds: readonly string[]): Promise<Membership[]> =>
  tx.query(sql`
    SELECT group_id AS "groupId", user_id AS "userId" FROM provisioned_members
     WHERE account_id = current_account() AND group_id = ANY (${[...groupIds]}::uuid[]) ORDER BY user_id`);

export const addMembers = (tx: Tx, groupId: string, userIds: readonly string[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO provisioned_members (account_id, group_id, user_id)
    SELECT current_account(), ${groupId}, id FROM unnest(${[...userIds]}::uuid[]) AS id ON CONFLICT DO NOTHING`);

export const removeMembers = (tx: Tx, groupId: string, userIds: readonly string[]): Promise<unknown> =>
  tx.query(sql`
    DELETE FROM provisioned_members
     WHERE account_id = current_account() AND group_id = ${groupId} AND user_id = ANY (${[...userIds]}::uuid[])`);

/** The groups were changed by it too. */
export async function leaveAllGroups(tx: Tx, userId: string, at: Date): Promise<void> {
  await tx.query(sql`
    UPDATE provisioned_groups g SET version = version + 1, changed_at = ${at}
      FROM provisioned_members m
     WHERE g.account_id = current_account() AND m.account_id = g.account_id AND m.group_id = g.id
       AND m.user_id = ${userId}`);
  await tx.query(sql`
    DELETE FROM provisioned_members WHERE account_id = current_account() AND user_id = ${userId}`);
}

export interface GroupOfUser extends Pick<StoredGroup, 'role' | 'departmentId' | 'attributesSealed'> {
  readonly userId: string;
  readonly groupId: string;
}

/** Oldest group first. */
export const listGroupsOf = (tx: Tx, userIds: readonly string[]): Promise<GroupOfUser[]> =>
  tx.query(sql`
    SELECT m.user_id AS "userId", g.id AS "groupId", g.role, g.department_id AS "departmentId",
           g.attributes_sealed AS "attributesSealed"
      FROM provisioned_members m JOIN provisioned_groups g ON g.account_id = m.account_id AND g.id = m.group_id
     WHERE m.account_id = current_account() AND m.user_id = ANY (${[...userIds]}::uuid[])
     ORDER BY g.created_at, g.id`);
