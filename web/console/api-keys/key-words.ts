/** What a key may do, until when and from where, in words. */
import type { z } from 'zod';
import type { apiKey } from '../../../src/contract/access.ts';
import {
  type Permission,
  permissions as permissionWords,
  type Role,
  roles,
} from '../../../src/contract/permissions.ts';
import { plural } from '../../shared/format.ts';

export type ApiKey = z.infer<typeof apiKey>;

export const roleNames: Readonly<Record<Role, string>> = {
  owner: 'Everything',
  admin: 'Administrator',
  compliance: 'Compliance',
  sender: 'Sender',
  viewer: 'Viewer',
};

const roleList = Object.keys(roles) as Role[];

const isSame = (some: readonly Permission[], others: readonly Permission[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));

/** The role whose permissions these are, if they are a role's. */
export function roleOf(permissions: readonly Permission[] | null): Role | null {
  if (permissions === null) return 'owner';
  return roleList.find((name) => name !== 'owner' && isSame(permissions, roles[name].permissions)) ?? null;
}

/** What a permission is about, without what it is explained by. */
const inBrief = (name: Permission): string => permissionWords[name].replace(/[.:;].*$/, '');

export function mayWords(permissions: readonly Permission[] | null): string {
  const role = roleOf(permissions);
  if (role !== null) return roleNames[role];
  const names = permissions ?? [];
  return names.length <= 2 ? names.map(inBrief).join('; ') : plural(names.length, 'permission');
}

/** One network a line or a comma; empty for anywhere. */
export const networksFrom = (text: string): string[] =>
  text
    .split(/[\s,;]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

/** The last moment of a day (UTC); undefined for no day. */
export const endOfDay = (day: string): string | undefined => (day === '' ? undefined : `${day}T23:59:59.999Z`);

export const isOver = ({ expiresAt }: Pick<ApiKey, 'expiresAt'>, nowMs: number): boolean =>
  expiresAt !== null && Date.parse(expiresAt) <= nowMs;
