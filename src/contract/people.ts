/** The people of an account: users, departments, how long their sessions last, and what somebody should look at. */
import { z } from 'zod';
import { changeDepartmentSettings, readDepartmentSettings } from './departments.ts';
import { endpoint } from './endpoint.ts';
import { permission, reach, role } from './permissions.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

const idleMinutes = z.int().min(1).max(1440);
const absoluteMinutes = z.int().min(1).max(10_080);
const personName = givenName(100);
const narrowing = z.array(permission).max(100).nullable().meta({
  description: 'Null: all that the role allows. Else only these of them.',
});

const userReach = reach.meta({
  description: 'What the role is about: the whole account, or only the department and everything below it.',
});

export const user = z
  .object({
    id,
    email: z.string(),
    name: z.string(),
    role,
    permissions: narrowing,
    departmentId: id.nullable(),
    reach: userReach,
    state: z.enum(['invited', 'active', 'deactivated']),
    createdAt: instant,
    lastSignedInAt: instant.nullable(),
    passkeys: z.int(),
    hasPassword: z.boolean().meta({ description: 'A password with one-time codes.' }),
  })
  .meta({ id: 'User' });

const invitation = z.object({
  link: z
    .string()
    .meta({ description: 'Works once, for three days. Hand it over yourself: Waxwing sends no mail for it.' }),
  expiresAt: instant,
});

export const listUsers = endpoint({
  name: 'listUsers',
  method: 'GET',
  path: '/v1/users',
  summary: 'The users of the account.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ users: z.array(user) }),
  problems: [],
});

export const inviteUser = endpoint({
  name: 'inviteUser',
  method: 'POST',
  path: '/v1/users',
  summary: 'Invite somebody. The answer has a one-time link with which they choose how they will sign in.',
  area: 'people',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: z.object({
    email: z.email().max(254),
    name: personName,
    role,
    permissions: narrowing.optional(),
    departmentId: id.nullable().optional(),
    reach: userReach.optional(),
  }),
  status: 201,
  result: z.object({ user, invitation }),
  problems: ['user.email_taken', 'user.beyond_caller', 'department.unknown', 'department.account_wide'],
});

export const changeUser = endpoint({
  name: 'changeUser',
  method: 'PATCH',
  path: '/v1/users/{id}',
  summary: 'Change a user’s name, role, exact permissions or department. It holds at once, in open sessions too.',
  area: 'people',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({
    name: personName.optional(),
    role: role.optional(),
    permissions: narrowing.optional(),
    departmentId: id.nullable().optional(),
    reach: userReach.optional(),
  }),
  status: 200,
  result: user,
  problems: [
    'user.not_found',
    'user.beyond_caller',
    'user.last_owner',
    'department.unknown',
    'department.account_wide',
  ],
});

export const deactivateUser = endpoint({
  name: 'deactivateUser',
  method: 'DELETE',
  path: '/v1/users/{id}',
  summary: 'Deactivate a user: every session and every API key of theirs ends at once.',
  area: 'people',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['user.not_found', 'user.beyond_caller', 'user.last_owner'],
});

export const renewInvitation = endpoint({
  name: 'renewInvitation',
  method: 'POST',
  path: '/v1/users/{id}/invitation',
  summary:
    'A fresh invitation: for who never came, who lost every way to sign in, or who comes back. Earlier ones end; accepting it replaces all passkeys and the password.',
  area: 'people',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({}),
  status: 201,
  result: invitation,
  problems: ['user.not_found', 'user.beyond_caller'],
});

export const department = z
  .object({
    id,
    name: z.string(),
    parentId: id.nullable(),
    idleMinutes: z.int().nullable(),
    absoluteMinutes: z.int().nullable(),
  })
  .meta({ id: 'Department' });

const departmentWish = {
  name: personName,
  parentId: id.nullable().optional(),
  idleMinutes: idleMinutes.nullable().optional(),
  absoluteMinutes: absoluteMinutes.nullable().optional(),
};

export const listDepartments = endpoint({
  name: 'listDepartments',
  method: 'GET',
  path: '/v1/departments',
  summary: 'The departments of the account, a tree by `parentId`.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ departments: z.array(department) }),
  problems: [],
});

export const createDepartment = endpoint({
  name: 'createDepartment',
  method: 'POST',
  path: '/v1/departments',
  summary: 'Make a department. Its session limits hold for all below it too; nothing below can loosen them.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: z.object(departmentWish),
  status: 201,
  result: department,
  problems: ['department.misplaced', 'department.unknown'],
});

export const changeDepartment = endpoint({
  name: 'changeDepartment',
  method: 'PATCH',
  path: '/v1/departments/{id}',
  summary: 'Change a department’s name, place in the tree or session limits.',
  area: 'people',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ ...departmentWish, name: personName.optional() }),
  status: 200,
  result: department,
  problems: ['department.not_found', 'department.misplaced', 'department.unknown', 'department.above_caller'],
});

export const deleteDepartment = endpoint({
  name: 'deleteDepartment',
  method: 'DELETE',
  path: '/v1/departments/{id}',
  summary: 'Delete a department that has neither people, keys, mail nor departments below it.',
  area: 'people',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['department.not_found', 'department.in_use', 'department.above_caller'],
});

const sessionLimit = z.object({ role, idleMinutes: z.int(), absoluteMinutes: z.int() });

export const readSessionLimits = endpoint({
  name: 'readSessionLimits',
  method: 'GET',
  path: '/v1/session-limits',
  summary: 'How long sessions of each role last without use and in all.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ limits: z.array(sessionLimit) }),
  problems: [],
});

export const changeSessionLimits = endpoint({
  name: 'changeSessionLimits',
  accountWide: true,
  method: 'PUT',
  path: '/v1/session-limits',
  summary: 'Set how long sessions of a role last. It holds at once, in open sessions too.',
  area: 'people',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: z.object({ role, idleMinutes, absoluteMinutes }),
  status: 200,
  result: sessionLimit,
  problems: [],
});

export const consoleSession = z
  .object({
    id,
    userId: id.nullable().meta({ description: 'Null: opened by an installation link.' }),
    openedBy: z.enum(['link', 'invitation', 'passkey', 'password', 'recovery_code', 'sso']),
    place: z.string().meta({ description: 'Browser and network, as they were seen when it was opened.' }),
    createdAt: instant,
    lastSeenAt: instant,
    expiresAt: instant,
    isThisOne: z.boolean(),
  })
  .meta({ id: 'ConsoleSession' });

export const listSessions = endpoint({
  name: 'listSessions',
  method: 'GET',
  path: '/v1/sessions',
  summary: 'Everybody’s open console sessions, newest first.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ sessions: z.array(consoleSession) }),
  problems: [],
});

export const endSomeSession = endpoint({
  name: 'endSomeSession',
  method: 'DELETE',
  path: '/v1/sessions/{id}',
  summary: 'End anybody’s session at once.',
  area: 'people',
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['session.not_found'],
});

const alertKind = z.enum([
  'unusual_sign_in',
  'installation_link_used',
  'emergency_opened',
  'emergency_unreviewed',
  'webhook_disabled',
  'sso_domain_lost',
]);
export type AlertKind = z.infer<typeof alertKind>;

export const listAlerts = endpoint({
  name: 'listAlerts',
  method: 'GET',
  path: '/v1/alerts',
  summary: 'What somebody should look at, newest first: at most the last 200.',
  area: 'people',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    alerts: z.array(
      z.object({
        id,
        at: instant,
        what: alertKind,
        userId: id.nullable(),
        isNewBrowser: z.boolean(),
        isNewNetwork: z.boolean(),
        emergencyId: id.nullable().meta({ description: 'The emergency access that it tells of.' }),
        acknowledgedAt: instant.nullable(),
        acknowledgedBy: id.nullable().meta({ description: 'Null beside a time: no user, but a program or a link.' }),
      }),
    ),
  }),
  problems: [],
});

export const peopleEndpoints = [
  listUsers,
  inviteUser,
  changeUser,
  deactivateUser,
  renewInvitation,
  listDepartments,
  createDepartment,
  changeDepartment,
  deleteDepartment,
  readDepartmentSettings,
  changeDepartmentSettings,
  readSessionLimits,
  changeSessionLimits,
  listSessions,
  endSomeSession,
  listAlerts,
];
