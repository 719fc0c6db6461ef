/** All SQL on users as a directory knows them, on the settings of provisioning, and on what a directory got wrong. It opens nothing. */
import type { Role } from '../contract/permissions.ts';
import { empty, raw, type Sql, sql, type Tx } from '../platform/database.ts';

export interface StoredUser {
  readonly id: string;
  readonly emailSealed: Buffer;
  readonly nameSealed: Buffer;
  readonly role: Role;
  readonly departmentId: string | null;
  readonly createdAt: Date;
  readonly deactivatedAt: Date | null;
  /** Null: no directory ever wrote this user. */
  readonly attributesSealed: Buffer | null;
  readonly roleGiven: Role | null;
  readonly isOutByGroups: boolean;
  readonly changedAt: Date;
  /** Gone for the directory. */
  readonly isDeleted: boolean;
}

const isGone = raw('(p.deleted_at IS NOT NULL AND u.deactivated_at IS NOT NULL)');
const userColumns = raw(`u.id, u.email_sealed AS "emailSealed", u.name_sealed AS "nameSealed", u.role,
  u.department_id AS "departmentId", u.created_at AS "createdAt", u.deactivated_at AS "deactivatedAt",
  p.attributes_sealed AS "attributesSealed", p.role_given AS "roleGiven",
  coalesce(p.is_out_by_groups, false) AS "isOutByGroups",
  greatest(u.created_at, p.changed_at, u.deactivated_at) AS "changedAt", coalesce(${isGone.sql}, false) AS "isDeleted"`);
const everybody = raw(`users u LEFT JOIN provisioned_users p ON p.account_id = u.account_id AND p.user_id = u.id`);

export async function countUsers(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM ${everybody} WHERE u.account_id = current_account() AND NOT coalesce(${isGone}, false)`);
  return row?.n ?? 0;
}

interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** In the order in which they were made, so that pages stay as they are while others come. */
export const listUserRows = (tx: Tx, { limit, offset }: Page, ids?: readonly string[]): Promise<StoredUser[]> =>
  tx.query(sql`
    SELECT ${userColumns} FROM ${everybody}
     WHERE u.account_id = current_account() AND NOT coalesce(${isGone}, false)
       ${ids === undefined ? empty : sql`AND u.id = ANY (${[...ids]}::uuid[])`}
     ORDER BY u.created_at, u.id LIMIT ${limit} OFFSET ${offset}`);

/** Those who are gone too. */
export const readUserRows = (tx: Tx, ids: readonly string[]): Promise<StoredUser[]> =>
  tx.query(sql`
    SELECT ${userColumns} FROM ${everybody}
     WHERE u.account_id = current_account() AND u.id = ANY (${[...ids]}::uuid[]) ORDER BY u.created_at, u.id`);

/** Whoever never was written by a directory is called by their address. */
const holdersOf = {
  userName: (index: Buffer): Sql => sql`
    SELECT p.user_id AS id FROM provisioned_users p
     WHERE p.account_id = current_account() AND p.user_name_index = ${index}
    UNION SELECT u.id FROM users u WHERE u.account_id = current_account() AND u.email_index = ${index}
       AND NOT EXISTS (SELECT 1 FROM provisioned_users p WHERE p.user_id = u.id)`,
  email: (index: Buffer): Sql => sql`
    SELECT p.user_id AS id FROM provisioned_users p
     WHERE p.account_id = current_account() AND p.email_indexes @> ARRAY[${index}::bytea]
    UNION SELECT u.id FROM users u WHERE u.account_id = current_account() AND u.email_index = ${index}`,
  externalId: (index: Buffer): Sql => sql`
    SELECT p.user_id AS id FROM provisioned_users p
     WHERE p.account_id = current_account() AND p.external_id_index = ${index}`,
};

/** Those who are gone too. */
export async function findUsers(tx: Tx, by: keyof typeof holdersOf, index: Buffer): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`${holdersOf[by](index)} LIMIT 1000`);
  return rows.map((row) => row.id);
}

export interface ProvisionedUser {
  readonly id: string;
  readonly attributesSealed: Buffer;
  readonly userNameIndex: Buffer;
  readonly emailIndexes: readonly Buffer[];
  readonly externalIdIndex: Buffer | null;
  readonly roleGiven: Role | null;
  readonly isOutByGroups: boolean;
  readonly changedAt: Date;
  readonly deletedAt: Date | null;
}

/** In one statement. As JSON, since an array of arrays of different lengths is none. */
export const upsertUsers = (tx: Tx, users: readonly ProvisionedUser[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO provisioned_users (account_id, user_id, attributes_sealed, user_name_index, email_indexes,
                                   external_id_index, role_given, is_out_by_groups, changed_at, deleted_at)
    SELECT current_account(), m.id, decode(m.attributes, 'hex'), decode(m.user_name, 'hex'),
           ARRAY(SELECT decode(email, 'hex') FROM unnest(m.emails) WITH ORDINALITY AS e (email, n) ORDER BY n),
           decode(m.external_id, 'hex'), m.role_given, m.is_out_by_groups, m.changed_at, m.deleted_at
      FROM json_to_recordset(${JSON.stringify(users.map(asTexts))}::json)
        AS m (id uuid, attributes text, user_name text, emails text[], external_id text, role_given text,
              is_out_by_groups boolean, changed_at timestamptz, deleted_at timestamptz)
    ON CONFLICT (user_id) DO UPDATE
       SET attributes_sealed = excluded.attributes_sealed, user_name_index = excluded.user_name_index,
           email_indexes = excluded.email_indexes, external_id_index = excluded.external_id_index,
           role_given = excluded.role_given, is_out_by_groups = excluded.is_out_by_groups,
           changed_at = excluded.changed_at, deleted_at = excluded.deleted_at`);

const asTexts = (user: ProvisionedUser) => ({
  id: user.id,
  attributes: user.attributesSealed.toString('hex'),
  user_name: user.userNameIndex.toString('hex'),
  emails: user.emailIndexes.map((index) => index.toString('hex')),
  external_id: user.externalIdIndex?.toString('hex') ?? null,
  role_given: user.roleGiven,
  is_out_by_groups: user.isOutByGroups,
  changed_at: user.changedAt,
  deleted_at: user.deletedAt,
});

export const listDepartmentNames = (tx: Tx): Promise<{ id: string; name: string }[]> =>
  tx.query(sql`SELECT id, name FROM departments WHERE account_id = current_account() ORDER BY name, id`);

export type FallbackRole = Exclude<Role, 'owner'>;

export interface Settings {
  readonly defaultRole: FallbackRole;
  readonly withoutGroup: 'default_role' | 'deactivate';
}

export async function readSettings(tx: Tx): Promise<Settings & { readonly heardAt: Date | null }> {
  const [row] = await tx.query<Settings & { heardAt: Date | null }>(sql`
    SELECT default_role AS "defaultRole", without_group AS "withoutGroup", heard_at AS "heardAt"
      FROM provisioning WHERE account_id = current_account()`);
  return row ?? { defaultRole: 'viewer', withoutGroup: 'default_role', heardAt: null };
}

export const upsertSettings = (tx: Tx, { defaultRole, withoutGroup }: Settings): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO provisioning (account_id, default_role, without_group)
    VALUES (current_account(), ${defaultRole}, ${withoutGroup})
    ON CONFLICT (account_id) DO UPDATE SET default_role = excluded.default_role, without_group = excluded.without_group`);

/** To half a minute: a directory that brings thousands does not write as many times. */
export const markHeard = (tx: Tx, at: Date): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO provisioning (account_id, heard_at) VALUES (current_account(), ${at})
    ON CONFLICT (account_id) DO UPDATE SET heard_at = excluded.heard_at
     WHERE provisioning.heard_at IS NULL OR provisioning.heard_at < ${new Date(at.getTime() - 30_000)}`);

export interface StoredFault {
  readonly id: string;
  readonly at: Date;
  readonly request: string;
  readonly code: string;
}

const keptFaults = 20;

export async function insertFault(tx: Tx, fault: StoredFault): Promise<void> {
  await tx.query(sql`
    INSERT INTO provisioning_faults (account_id, id, at, request, code)
    VALUES (current_account(), ${fault.id}, ${fault.at}, ${fault.request}, ${fault.code})`);
  await tx.query(sql`
    DELETE FROM provisioning_faults
     WHERE account_id = current_account()
       AND id NOT IN (SELECT id FROM provisioning_faults WHERE account_id = current_account()
                       ORDER BY at DESC, id DESC LIMIT ${keptFaults})`);
}

export const listFaults = (tx: Tx): Promise<StoredFault[]> =>
  tx.query(sql`
    SELECT id, at, request, code FROM provisioning_faults
     WHERE account_id = current_account() ORDER BY at DESC, id DESC LIMIT ${keptFaults}`);
