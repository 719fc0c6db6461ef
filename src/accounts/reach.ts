/** What somebody may do, from role and narrowing, and whether one reaches as far as another. Undefined stands for everything. */
import { type Permission, permissionNames, type Role, roles } from '../contract/permissions.ts';

export type Reach = readonly Permission[] | undefined;

/** An owner who is not narrowed may do everything, also what later versions add. */
export function permissionsOf(role: Role, narrowedTo: readonly Permission[] | null): Reach {
  if (narrowedTo === null) return role === 'owner' ? undefined : roles[role].permissions;
  return roles[role].permissions.filter((one) => narrowedTo.includes(one));
}

export const covers = (reach: Reach, wished: Reach): boolean =>
  reach === undefined || (wished?.every((one) => reach.includes(one)) ?? false);

export const narrowest = (first: Reach, second: Reach): Reach =>
  first === undefined ? second : second === undefined ? first : first.filter((one) => second.includes(one));

export const namesOf = (reach: Reach): Permission[] => [...(reach ?? permissionNames)];
