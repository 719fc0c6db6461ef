/**
 * What somebody narrowed to a department reaches: which permissions are left, which departments, people and keys are
 * theirs. What they do not reach answers like what does not exist.
 */
import { narrowable, type Permission, permissionNames, type Role } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import { permissionsOf, type Reach } from './reach.ts';

export type UserReach = 'account' | 'department';

interface Holder {
  readonly role: Role;
  readonly permissions: readonly Permission[] | null;
  readonly reach: UserReach;
}

/** What a user may do, where they may do it. */
export const permissionsOfUser = ({ role, permissions, reach }: Holder): Reach =>
  withinDepartments(permissionsOf(role, permissions), reach === 'department');

/** What is the account's as a whole is nothing for who is narrowed. */
export const withinDepartments = (reach: Reach, isNarrowed: boolean): Reach =>
  isNarrowed ? (reach ?? permissionNames).filter((one) => narrowable.includes(one)) : reach;

type Narrowed = Pick<Caller, 'departments'>;

export const isNarrowed = ({ departments }: Narrowed): boolean => departments !== undefined;

export const reaches = ({ departments }: Narrowed, departmentId: string | null): boolean =>
  departments === undefined || (departmentId !== null && departments.includes(departmentId));

/** Whose mail a message is: the department named, or that of the key or user. Throws department.unknown. */
export function departmentOfMail(caller: Caller, wished: string | null | undefined): string | null {
  const id = wished === undefined ? (caller.actor.departmentId ?? null) : wished;
  if (!reaches(caller, id)) throw new Problem('department.unknown');
  return id;
}

/** Of something new: the department named, or that of whoever is narrowed. Throws department.unknown. */
export function departmentForNew(caller: Caller, wished: string | null | undefined): string | null {
  const usual = isNarrowed(caller) ? (caller.actor.departmentId ?? null) : null;
  const id = wished === undefined ? usual : wished;
  if (!reaches(caller, id)) throw new Problem('department.unknown');
  return id;
}
