/** The HTTP routes of people: users, departments, session limits, everybody's sessions, alerts. */
import { changeDepartmentSettings, readDepartmentSettings } from '../../contract/departments.ts';
import {
  changeDepartment as changeDepartmentEndpoint,
  changeSessionLimits as changeSessionLimitsEndpoint,
  changeUser as changeUserEndpoint,
  createDepartment as createDepartmentEndpoint,
  deactivateUser as deactivateUserEndpoint,
  deleteDepartment as deleteDepartmentEndpoint,
  endSomeSession,
  inviteUser as inviteUserEndpoint,
  listAlerts as listAlertsEndpoint,
  listDepartments as listDepartmentsEndpoint,
  listSessions as listSessionsEndpoint,
  listUsers as listUsersEndpoint,
  readSessionLimits as readSessionLimitsEndpoint,
  renewInvitation as renewInvitationEndpoint,
} from '../../contract/people.ts';
import { type Route, route, writes, writesNothing } from '../../platform/route.ts';
import type { World } from '../../platform/world.ts';
import { listAlerts } from '../alerts.ts';
import type { Gate } from '../gate.ts';
import { endSession, listSessions, type OpenSession } from '../sessions/sessions.ts';
import { changeDepartmentPolicies, readDepartmentPolicies } from './department-settings.ts';
import {
  changeDepartment,
  changeSessionLimits,
  createDepartment,
  deleteDepartment,
  listDepartments,
  readSessionLimits,
} from './departments.ts';
import type { Invitation } from './invitations.ts';
import type { ListedAlert } from './people-store.ts';
import { changeUser, deactivateUser, inviteUser, listUsers, renewInvitation, type User } from './users.ts';

export function peopleRoutes(world: World, gate: Gate, { publicUrl }: { readonly publicUrl: string }): Route[] {
  return [
    route(listUsersEndpoint, 'people.read', writes('users.listed'), async (_request, caller) => ({
      users: (await listUsers(world, caller)).map(userBody),
    })),
    route(inviteUserEndpoint, 'people.manage', writes('user.invited'), async ({ body }, caller) => {
      const { user, invitation } = await inviteUser(world, caller, body, publicUrl);
      return { user: userBody(user), invitation: invitationBody(invitation) };
    }),
    route(changeUserEndpoint, 'people.manage', writes('user.changed'), async ({ params, body }, caller) =>
      userBody(await changeUser(world, gate, caller, params.id, body)),
    ),
    route(deactivateUserEndpoint, 'people.manage', writes('user.deactivated'), async ({ params }, caller) => {
      await deactivateUser(world, gate, caller, params.id);
      return undefined;
    }),
    route(renewInvitationEndpoint, 'people.manage', writes('user.invited_again'), async ({ params }, caller) =>
      invitationBody(await renewInvitation(world, caller, params.id, publicUrl)),
    ),
    ...departmentRoutes(world, gate),
    route(listSessionsEndpoint, 'people.read', writes('sessions.listed'), async (_request, caller) => ({
      sessions: (await listSessions(world, caller, 'all')).map(sessionBody),
    })),
    route(endSomeSession, 'people.manage', writes('session.ended'), async ({ params }, caller) => {
      await endSession(world, gate, caller, params.id);
      return undefined;
    }),
    route(listAlertsEndpoint, 'people.read', writes('alerts.listed'), async (_request, caller) => ({
      alerts: (await listAlerts(world, caller)).map(alertBody),
    })),
  ];
}

const departmentRoutes = (world: World, gate: Gate): Route[] => [
  route(
    listDepartmentsEndpoint,
    'people.read',
    writesNothing('Departments name no person.'),
    async (_request, caller) => ({
      departments: await listDepartments(world, caller),
    }),
  ),
  route(createDepartmentEndpoint, 'people.manage', writes('department.created'), ({ body }, caller) =>
    createDepartment(world, caller, body),
  ),
  route(changeDepartmentEndpoint, 'people.manage', writes('department.changed'), ({ params, body }, caller) =>
    changeDepartment(world, gate, caller, params.id, body),
  ),
  route(deleteDepartmentEndpoint, 'people.manage', writes('department.deleted'), async ({ params }, caller) => {
    await deleteDepartment(world, caller, params.id);
    return undefined;
  }),
  route(
    readDepartmentSettings,
    'people.read',
    writesNothing('Policies of departments name no person.'),
    ({ params }, caller) => readDepartmentPolicies(world, caller, params.id),
  ),
  route(
    changeDepartmentSettings,
    'people.manage',
    writes([], ['department_settings.changed']),
    ({ params, body }, caller) => changeDepartmentPolicies(world, caller, params.id, body),
  ),
  route(
    readSessionLimitsEndpoint,
    'people.read',
    writesNothing('Limits name no person.'),
    async (_request, caller) => ({
      limits: await readSessionLimits(world, caller),
    }),
  ),
  route(changeSessionLimitsEndpoint, 'people.manage', writes('session_limits.changed'), ({ body }, caller) =>
    changeSessionLimits(world, gate, caller, body),
  ),
];

export const userBody = (user: User) => ({
  id: user.id,
  email: user.email,
  name: user.name,
  role: user.role,
  permissions: user.permissions === null ? null : [...user.permissions],
  departmentId: user.departmentId,
  reach: user.reach,
  state: user.state,
  createdAt: user.createdAt.toISOString(),
  lastSignedInAt: user.lastSignedInAt?.toISOString() ?? null,
  passkeys: user.passkeys,
  hasPassword: user.hasPassword,
});

const invitationBody = ({ link, expiresAt }: Invitation) => ({ link, expiresAt: expiresAt.toISOString() });

export const sessionBody = (session: OpenSession) => ({
  id: session.id,
  userId: session.userId,
  openedBy: session.openedBy,
  place: session.place,
  createdAt: session.createdAt.toISOString(),
  lastSeenAt: session.lastSeenAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  isThisOne: session.isThisOne,
});

const alertBody = ({ id, at, what, userId, detail, ...alert }: ListedAlert) => ({
  id,
  at: at.toISOString(),
  what,
  userId,
  isNewBrowser: detail.isNewBrowser ?? false,
  isNewNetwork: detail.isNewNetwork ?? false,
  emergencyId: detail.emergencyId ?? null,
  acknowledgedAt: alert.acknowledgedAt?.toISOString() ?? null,
  acknowledgedBy: alert.acknowledgedBy,
});
