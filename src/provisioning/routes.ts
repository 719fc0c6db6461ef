/** The HTTP routes of provisioning: SCIM for the directory, and its set-up for an administrator. */

import type { Gate } from '../accounts/index.ts';
import { Problem, type ProblemCode, problemKinds } from '../contract/problem.ts';
import {
  changeProvisioning,
  listScimSchemas,
  listScimTypes,
  mapProvisionedGroup,
  patchScimGroup,
  patchScimUser,
  readProvisioning as readProvisioningEndpoint,
  readScimConfig,
  readScimSchema,
  readScimType,
  scimGroups,
  scimPath,
  scimUsers,
} from '../contract/provisioning.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeService, listSchemas, listTypes, readSchema, readType } from './describe-service.ts';
import type { Desk } from './desk.ts';
import { listGroups, readGroup } from './groups-shelf.ts';
import { createGroup, deleteGroup, patchGroup, replaceGroup } from './provision-group.ts';
import { createUser, deleteUser, patchUser, replaceUser } from './provision-user.ts';
import { readSearch, type Scim, scimRoute } from './scim-route.ts';
import { changeSettings, type Group, mapGroup, type Provisioning, readProvisioning } from './set-up-provisioning.ts';
import { listUsers, readUser } from './users-shelf.ts';

export function provisioningRoutes(world: World, gate: Gate, { publicUrl }: { readonly publicUrl: string }): Route[] {
  const desk: Desk = { world, gate, baseUrl: publicUrl.replace(/\/+$/, '') };
  return [...setUpRoutes(desk), ...describingRoutes(desk), ...userRoutes(desk), ...groupRoutes(desk)];
}

const setUpRoutes = (desk: Desk): Route[] => [
  route(readProvisioningEndpoint, 'people.read', writes('provisioned_groups.listed'), async (_request, caller) =>
    provisioningBody(desk, await readProvisioning(desk, caller)),
  ),
  route(changeProvisioning, 'people.manage', writes('provisioning.changed'), ({ body }, caller) =>
    changeSettings(desk, caller, body),
  ),
  route(
    mapProvisionedGroup,
    'people.manage',
    writes('provisioned_group.mapped', ['user.changed', 'user.deactivated', 'user.reactivated']),
    async ({ params, body }, caller) => groupBody(await mapGroup(desk, caller, params.id, body)),
  ),
];

const alike = 'what it tells is the same for every account';

const describingRoutes = (desk: Desk): Route[] => [
  scimRoute(desk, readScimConfig, writesNothing(alike), async () => ({ shown: describeService(desk.baseUrl) })),
  scimRoute(desk, listScimTypes, writesNothing(alike), async () => ({ shown: listTypes(desk.baseUrl) })),
  scimRoute(desk, readScimType, writesNothing(alike), async ({ params }) => ({
    shown: readType(desk.baseUrl, params.id),
  })),
  scimRoute(desk, listScimSchemas, writesNothing(alike), async () => ({ shown: listSchemas(desk.baseUrl) })),
  scimRoute(desk, readScimSchema, writesNothing(alike), async ({ params }) => ({
    shown: readSchema(desk.baseUrl, params.id),
  })),
];

const changesOfUser = ['user.changed', 'user.deactivated', 'user.reactivated'] as const;

const userRoutes = (desk: Desk): Route[] => [
  scimRoute(desk, scimUsers.list, writes('users.listed'), async ({ query }, caller) => ({
    shown: await listUsers(desk, caller, query),
  })),
  scimRoute(desk, scimUsers.search, writes('users.listed'), async ({ json }, caller) => ({
    shown: await listUsers(desk, caller, readSearch(json())),
  })),
  scimRoute(desk, scimUsers.create, writes([], ['user.invited', ...changesOfUser]), async ({ json }, caller) =>
    made(await createUser(desk, caller, json())),
  ),
  scimRoute(desk, scimUsers.read, writes('users.listed'), async ({ params, query }, caller) => ({
    shown: await readUser(desk, caller, params.id, query),
  })),
  scimRoute(desk, scimUsers.replace, writes([], changesOfUser), async ({ params, json, ifMatch }, caller) => ({
    shown: await replaceUser(desk, caller, params.id, json(), ifMatch),
  })),
  scimRoute(desk, patchScimUser, writes([], changesOfUser), async ({ params, json, ifMatch }, caller) => ({
    shown: await patchUser(desk, caller, params.id, json(), ifMatch),
  })),
  scimRoute(
    desk,
    scimUsers.remove,
    writes([], ['user.deactivated', 'user.changed']),
    async ({ params, ifMatch }, caller) => {
      await deleteUser(desk, caller, params.id, ifMatch);
      return {};
    },
  ),
];

const groupRoutes = (desk: Desk): Route[] => [
  scimRoute(desk, scimGroups.list, writes('provisioned_groups.listed'), async ({ query }, caller) => ({
    shown: await listGroups(desk, caller, query),
  })),
  scimRoute(desk, scimGroups.search, writes('provisioned_groups.listed'), async ({ json }, caller) => ({
    shown: await listGroups(desk, caller, readSearch(json())),
  })),
  scimRoute(desk, scimGroups.create, writes('provisioned_group.created'), async ({ json }, caller) =>
    made(await createGroup(desk, caller, json())),
  ),
  scimRoute(desk, scimGroups.read, writes('provisioned_groups.listed'), async ({ params, query }, caller) => ({
    shown: await readGroup(desk, caller, params.id, query),
  })),
  scimRoute(
    desk,
    scimGroups.replace,
    writes('provisioned_group.changed', changesOfUser),
    async ({ params, json, ifMatch }, caller) => ({
      shown: await replaceGroup(desk, caller, params.id, json(), ifMatch),
    }),
  ),
  scimRoute(
    desk,
    patchScimGroup,
    writes('provisioned_group.changed', changesOfUser),
    async ({ params, json, ifMatch }, caller) => {
      await patchGroup(desk, caller, params.id, json(), ifMatch);
      return {};
    },
  ),
  scimRoute(
    desk,
    scimGroups.remove,
    writes('provisioned_group.deleted', changesOfUser),
    async ({ params, ifMatch }, caller) => {
      await deleteGroup(desk, caller, params.id, ifMatch);
      return {};
    },
  ),
];

/** RFC 7644 §3.3: the answer to a POST says where the new resource is. */
const made = (shown: NonNullable<Scim['shown']>): Scim => ({ shown, isNew: true });

const groupBody = ({ id, name, members, role, departmentId, changedAt }: Group) => ({
  ...{ id, name, members, role, departmentId },
  changedAt: changedAt.toISOString(),
});

function isKnownCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemKinds, code);
}

const provisioningBody = (desk: Desk, { defaultRole, withoutGroup, heardAt, groups, faults }: Provisioning) => ({
  ...{ defaultRole, withoutGroup, baseUrl: desk.baseUrl + scimPath },
  lastHeardAt: heardAt?.toISOString() ?? null,
  groups: groups.map(groupBody),
  faults: faults.map(({ id, at, request, code }) => {
    const problem = new Problem(isKnownCode(code) ? code : 'server.error');
    const { title, remedy } = problemKinds[problem.code];
    return { id, at: at.toISOString(), request, code: problem.code, title, remedy };
  }),
});
