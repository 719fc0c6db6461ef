/**
 * Provisioning by a directory: what an administrator sets up, and the SCIM 2.0 endpoints (RFC 7644). Of SCIM bodies only
 * the outer form is said here; /scim/v2/Schemas tells their attributes.
 */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { role } from './permissions.ts';
import type { ProblemCode } from './problem.ts';
import { id, instant, noParams, noQuery, nothing } from './values.ts';

export const scimPath = '/scim/v2';
export const scimType = 'application/scim+json';

const area = 'provisioning';

const group = z
  .object({
    id,
    name: z.string(),
    members: z.int(),
    role: role.nullable().meta({ description: 'What its members become; of several groups the strongest counts.' }),
    departmentId: id.nullable(),
    changedAt: instant,
  })
  .meta({ id: 'ProvisionedGroup' });

const fallbackRole = z.enum(['admin', 'compliance', 'sender', 'viewer']);
const settings = z.object({
  defaultRole: fallbackRole.meta({ description: 'Of who is in no mapped group. Never owner.' }),
  withoutGroup: z.enum(['default_role', 'deactivate']).meta({ description: 'What losing the last mapped group does.' }),
});

export const readProvisioning = endpoint({
  name: 'readProvisioning',
  method: 'GET',
  path: '/v1/provisioning',
  summary:
    'How a directory provisions users: the address for it, its groups, when it was last heard, what it got wrong.',
  area,
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: settings.extend({
    baseUrl: z.string(),
    lastHeardAt: instant.nullable(),
    groups: z.array(group),
    faults: z
      .array(
        z.object({ id, at: instant, request: z.string(), code: z.string(), title: z.string(), remedy: z.string() }),
      )
      .meta({ description: 'The last 20 refusals, newest first.' }),
  }),
  problems: [],
});

export const changeProvisioning = endpoint({
  name: 'changeProvisioning',
  method: 'PATCH',
  path: '/v1/provisioning',
  summary: 'Set what somebody is who is in no mapped group. It holds for what comes, not for who is there.',
  area,
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: settings.partial(),
  status: 200,
  result: settings,
  problems: ['user.beyond_caller'],
});

export const mapProvisionedGroup = endpoint({
  name: 'mapProvisionedGroup',
  method: 'PUT',
  path: '/v1/provisioning/groups/{id}',
  summary: 'Set which role and department the members of a group get. It holds at once, for all of them.',
  area,
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ role: role.nullable(), departmentId: id.nullable() }),
  status: 200,
  result: group,
  problems: ['group.not_found', 'user.beyond_caller', 'user.last_owner', 'department.unknown'],
});

const scim = z.looseObject({ schemas: z.array(z.string()) }).meta({ id: 'ScimAnswer' });
const shown = {
  attributes: z.string().max(2_000).optional(),
  excludedAttributes: z.string().max(2_000).optional(),
};
const number = z.string().regex(/^[+-]?\d{1,9}$/);
const listQuery = z.object({
  ...shown,
  filter: z.string().max(10_000).optional(),
  startIndex: number.optional(),
  count: number.optional().meta({ description: 'At most 200, else 100.' }),
});

/** It is read as it came, so that what is wrong with it is noted for the administrator. */
const given = z.unknown().meta({ description: 'A resource or a message of SCIM: see /scim/v2/Schemas and RFC 7644.' });
const common = { area, body: nothing, alsoAs: [scimType], result: scim } as const;
const writing = { ...common, body: given, takes: [scimType] } as const;
const ifMatch = { 'if-match': 'Refuses the change when `meta.version` is another one.' };
const badBody: readonly ProblemCode[] = [
  'request.invalid_json',
  'request.too_large',
  'request.unsupported_media_type',
  'scim.invalid_syntax',
  'scim.invalid_value',
  'scim.too_many',
];
const badList: readonly ProblemCode[] = ['scim.invalid_filter', 'scim.too_many'];
const badPath: readonly ProblemCode[] = [...badBody, 'scim.invalid_path', 'scim.no_target', 'scim.mutability'];
const guarded: readonly ProblemCode[] = ['user.beyond_caller', 'user.last_owner'];

const describing = (name: string, path: string, summary: string) =>
  endpoint({
    ...{ ...common, name, summary, method: 'GET', path: scimPath + path, params: noParams, query: noQuery },
    ...{ status: 200, problems: [] },
  });

const describingOne = (name: string, path: string, summary: string) =>
  endpoint({
    ...{ ...common, name, summary, method: 'GET', path: `${scimPath}${path}/{id}`, query: noQuery },
    ...{ params: z.object({ id: z.string() }), status: 200, problems: ['scim.not_found'] },
  });

export const readScimConfig = describing('readScimConfig', '/ServiceProviderConfig', 'What of SCIM is supported.');
export const listScimTypes = describing('listScimTypes', '/ResourceTypes', 'The kinds of resources.');
export const readScimType = describingOne('readScimType', '/ResourceTypes', 'One kind of resource.');
export const listScimSchemas = describing('listScimSchemas', '/Schemas', 'The attributes that are kept.');
export const readScimSchema = describingOne('readScimSchema', '/Schemas', 'The attributes of one schema.');

/** The seven endpoints of a kind of resource. */
function resourceEndpoints(kind: 'User' | 'Group', problems: Record<'one' | 'write', readonly ProblemCode[]>) {
  const path = `${scimPath}/${kind}s`;
  const onePath = `${path}/{id}`;
  const params = z.object({ id });
  const what = kind.toLowerCase();
  const one = { ...common, params, path: onePath, query: z.object(shown), status: 200 } as const;
  return {
    list: endpoint({
      ...{ ...common, name: `listScim${kind}s`, method: 'GET', path, params: noParams, query: listQuery, status: 200 },
      ...{ summary: `The ${what}s that a filter finds, a page at a time.`, problems: badList },
    }),
    search: endpoint({
      ...{ ...writing, name: `searchScim${kind}s`, method: 'POST', path: `${path}/.search`, params: noParams },
      ...{ query: noQuery, status: 200, summary: `The same by POST, so that no filter stands in a URL.` },
      problems: [...badBody, ...badList],
    }),
    create: endpoint({
      ...{ ...writing, name: `createScim${kind}`, method: 'POST', path, params: noParams, query: z.object(shown) },
      ...{ status: 201, summary: `Make a ${what}.`, problems: [...badBody, ...problems.write] },
    }),
    read: endpoint({
      ...{ ...one, name: `readScim${kind}`, method: 'GET', summary: `One ${what}.`, problems: problems.one },
    }),
    replace: endpoint({
      ...{
        ...one,
        body: given,
        takes: [scimType],
        name: `replaceScim${kind}`,
        method: 'PUT',
        summary: `Replace a ${what}.`,
        headers: ifMatch,
      },
      problems: [...badBody, ...problems.one, ...problems.write, 'scim.version_changed'],
    }),
    remove: endpoint({
      ...{ ...one, name: `deleteScim${kind}`, method: 'DELETE', status: 204, headers: ifMatch, result: nothing },
      ...{ query: noQuery, problems: [...problems.one, ...guarded, 'scim.version_changed'] },
      summary: kind === 'User' ? 'Deactivate a user for good, for the directory.' : 'Delete a group.',
    }),
  };
}

const ofUser: readonly ProblemCode[] = ['user.email_taken', 'scim.user_name_taken', ...guarded];
const ofGroup: readonly ProblemCode[] = ['group.name_taken', 'scim.member_unknown', ...guarded];
const patching = (problems: readonly ProblemCode[]) => [...badPath, ...problems, 'scim.version_changed'] as const;

export const scimUsers = resourceEndpoints('User', { one: ['user.not_found'], write: ofUser });
export const scimGroups = resourceEndpoints('Group', { one: ['group.not_found'], write: ofGroup });

export const patchScimUser = endpoint({
  ...{ ...writing, name: 'patchScimUser', method: 'PATCH', path: `${scimPath}/Users/{id}`, params: z.object({ id }) },
  ...{ query: z.object(shown), status: 200, headers: ifMatch, summary: 'Change parts of a user.' },
  problems: patching(['user.not_found', ...ofUser]),
});

export const patchScimGroup = endpoint({
  ...{ ...writing, name: 'patchScimGroup', method: 'PATCH', path: `${scimPath}/Groups/{id}`, params: z.object({ id }) },
  ...{ query: noQuery, status: 204, headers: ifMatch, result: nothing, summary: 'Change parts of a group.' },
  problems: patching(['group.not_found', ...ofGroup]),
});

export const provisioningEndpoints = [
  readProvisioning,
  changeProvisioning,
  mapProvisionedGroup,
  readScimConfig,
  listScimTypes,
  readScimType,
  listScimSchemas,
  readScimSchema,
  ...Object.values(scimUsers),
  patchScimUser,
  ...Object.values(scimGroups),
  patchScimGroup,
];

/** RFC 7644 §3.12, table 9. */
const scimTypes: Partial<Record<ProblemCode, string>> = {
  'request.invalid_json': 'invalidSyntax',
  'request.malformed': 'invalidValue',
  'scim.invalid_filter': 'invalidFilter',
  'scim.invalid_path': 'invalidPath',
  'scim.invalid_syntax': 'invalidSyntax',
  'scim.invalid_value': 'invalidValue',
  'scim.member_unknown': 'invalidValue',
  'scim.mutability': 'mutability',
  'scim.no_target': 'noTarget',
  'scim.too_many': 'tooMany',
  'scim.user_name_taken': 'uniqueness',
  'user.email_taken': 'uniqueness',
  'group.name_taken': 'uniqueness',
};

export const scimErrorTypeOf = (code: ProblemCode): string | undefined => scimTypes[code];
