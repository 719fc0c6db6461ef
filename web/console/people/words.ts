/** How the console speaks of roles, sessions and alerts. */
import type { z } from 'zod';
import type { consoleSession, department, listAlerts, user } from '../../../src/contract/people.ts';
import type { Role } from '../../../src/contract/permissions.ts';

export type User = z.infer<typeof user>;
export type Department = z.infer<typeof department>;
export type ConsoleSession = z.infer<typeof consoleSession>;
export type Alert = z.infer<typeof listAlerts.result>['alerts'][number];

export const roleNames: Readonly<Record<Role, string>> = {
  owner: 'Owner',
  admin: 'Admin',
  compliance: 'Compliance',
  sender: 'Sender',
  viewer: 'Viewer',
};

export const stateNames: Readonly<Record<User['state'], string>> = {
  active: 'Active',
  invited: 'Invited',
  deactivated: 'Deactivated',
};

export const openerNames: Readonly<Record<ConsoleSession['openedBy'], string>> = {
  link: 'Installation link',
  invitation: 'Invitation',
  passkey: 'Passkey',
  password: 'Password and code',
  recovery_code: 'Recovery code',
  sso: 'Single sign-on',
};

export function factorsOf({ passkeys, hasPassword }: User): string {
  const keys = passkeys === 0 ? [] : [passkeys === 1 ? 'Passkey' : `${passkeys} passkeys`];
  return [...keys, ...(hasPassword ? ['Password and app'] : [])].join(', ') || 'None yet';
}

export function alertWords({ what, isNewBrowser, isNewNetwork }: Alert): string {
  if (what === 'installation_link_used') return 'Somebody signed in by an installation link';
  if (what === 'emergency_opened') return 'Emergency access was opened';
  if (what === 'emergency_unreviewed') return 'An emergency access waits for its review';
  if (what === 'webhook_disabled') return 'A webhook was switched off';
  if (what === 'sso_domain_lost') return 'The proof of a single sign-on domain is no longer in the DNS';
  if (isNewBrowser && isNewNetwork) return 'Signed in from a browser and a network not seen before';
  return `Signed in from a ${isNewBrowser ? 'browser' : 'network'} not seen before`;
}

/** Departments with what they lie under: `Clinic › Ward`. */
export function pathOf(id: string, all: readonly Department[]): string {
  const names: string[] = [];
  for (let one = all.find((each) => each.id === id); one !== undefined && names.length < 20; ) {
    names.unshift(one.name);
    const { parentId } = one;
    one = all.find((each) => each.id === parentId);
  }
  return names.join(' › ');
}

/** Each department right before those that lie under it. */
export const inTreeOrder = (departments: readonly Department[]): Department[] =>
  [...departments].sort((one, other) => pathOf(one.id, departments).localeCompare(pathOf(other.id, departments)));

/** Where a user belongs, and whether they are narrowed to it. */
export function whereOf({ departmentId, reach }: User, all: readonly Department[]): string {
  if (departmentId === null) return '';
  const path = pathOf(departmentId, all);
  return reach === 'department' ? `Only ${path} and below` : path;
}
