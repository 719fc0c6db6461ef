/** Users and groups as SCIM shows them: opened, with links and versions. It reads no table. */
import { createHash } from 'node:crypto';
import { scimPath } from '../contract/provisioning.ts';
import {
  enterpriseSchema,
  groupKind,
  groupSchema,
  type Item,
  type Resource,
  userKind,
  userSchema,
} from '../core/provisioning/schema.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { GroupOfUser, StoredGroup } from './group-store.ts';
import type { StoredUser } from './store.ts';

/** What is kept of a resource as the directory wrote it: no id, no links. */
export function openUserAttributes(vault: AccountVault, row: StoredUser): Resource {
  const isActive = row.deactivatedAt === null;
  if (row.attributesSealed !== null) {
    const kept = JSON.parse(vault.open('provisioned.user', row.attributesSealed).toString()) as Resource;
    // Whom losing groups put out may still be wanted by the directory.
    return { ...kept, active: row.isOutByGroups ? kept.active !== false : isActive };
  }
  const email = vault.open('user.email', row.emailSealed).toString();
  const name = vault.open('user.name', row.nameSealed).toString();
  const emails = [{ value: email, type: 'work', primary: true }];
  return { userName: email, displayName: name, name: { formatted: name }, emails, active: isActive };
}

export const openGroupAttributes = (vault: AccountVault, sealed: Uint8Array): Resource =>
  JSON.parse(vault.open('provisioned.group', sealed).toString()) as Resource;

const locationOf = (baseUrl: string, kind: 'User' | 'Group', id: string): string =>
  `${baseUrl}${scimPath}/${kind}s/${id}`;

export function showUser(
  baseUrl: string,
  vault: AccountVault,
  row: StoredUser,
  memberships: readonly GroupOfUser[],
): Resource {
  const attributes = openUserAttributes(vault, row);
  const groups = memberships.map(({ groupId, attributesSealed }) => ({
    value: groupId,
    display: String(openGroupAttributes(vault, attributesSealed).displayName),
    $ref: locationOf(baseUrl, 'Group', groupId),
    type: 'direct',
  }));
  const shown = {
    schemas: [userSchema, ...(attributes[enterpriseSchema] === undefined ? [] : [enterpriseSchema])],
    id: row.id,
    ...attributes,
    active: row.deactivatedAt === null,
    ...(groups.length === 0 ? {} : { groups }),
  };
  const dates = { created: row.createdAt.toISOString(), lastModified: row.changedAt.toISOString() };
  const location = locationOf(baseUrl, 'User', row.id);
  const meta = { resourceType: userKind.name, ...dates, location, version: versionOf(shown) };
  return { ...shown, meta } as unknown as Resource;
}

const versionOf = (shown: unknown): string =>
  `W/"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 16)}"`;

export const groupVersion = ({ version }: Pick<StoredGroup, 'version'>): string => `W/"${version}"`;

/** `members`: undefined where nobody asked for them. */
export function showGroup(
  baseUrl: string,
  vault: AccountVault,
  row: StoredGroup,
  members: readonly string[] | undefined,
): Resource {
  const shownMembers = members?.map(
    (value): Item => ({ value, $ref: locationOf(baseUrl, 'User', value), type: 'User' }),
  );
  const dates = { created: row.createdAt.toISOString(), lastModified: row.changedAt.toISOString() };
  const location = locationOf(baseUrl, 'Group', row.id);
  return {
    schemas: [groupSchema],
    id: row.id,
    ...openGroupAttributes(vault, row.attributesSealed),
    ...(shownMembers === undefined ? {} : { members: shownMembers }),
    meta: { resourceType: groupKind.name, ...dates, location, version: groupVersion(row) },
  } as unknown as Resource;
}
