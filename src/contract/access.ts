/** API keys, the one-time sign-in link and the console's session. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { permission, reach, role } from './permissions.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

export const apiKey = z
  .object({
    id,
    name: z.string(),
    hint: z.string().meta({ description: 'The last four characters, to recognise it by.' }),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
    permissions: z.array(permission).nullable().meta({ description: 'Null: everything.' }),
    expiresAt: instant.nullable(),
    allowedNetworks: z.array(z.string()).nullable().meta({ description: 'Null: from anywhere.' }),
    departmentId: id.nullable().meta({
      description:
        'It reaches this department and all below it, and sends as it. Null: no more than its maker reaches.',
    }),
    replacedBy: id.nullable().meta({ description: 'The key that took its place; this one works until it expires.' }),
  })
  .meta({ id: 'ApiKey' });

const keyLimits = {
  departmentId: id.nullable().optional().meta({
    description: 'Bind the key to a department. Whoever is narrowed to one gives theirs or one below; absent: theirs.',
  }),
  role: role.optional().meta({ description: 'A template of permissions.' }),
  permissions: z.array(permission).min(1).max(100).optional().meta({
    description: 'Exactly these; with `role`, those of them that the role has. Neither: everything the caller may do.',
  }),
  expiresAt: instant.optional().meta({ description: 'Not after the end of the key that makes it; absent: the same.' }),
  allowedNetworks: z
    .array(z.string().max(50))
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Addresses or networks such as 192.0.2.0/24 from which the key is taken.' }),
};

export const listApiKeys = endpoint({
  name: 'listApiKeys',
  method: 'GET',
  path: '/v1/api-keys',
  summary: 'The account’s API keys; the secrets themselves are not kept.',
  area: 'access',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ apiKeys: z.array(apiKey) }),
  problems: [],
});

export const createApiKey = endpoint({
  name: 'createApiKey',
  method: 'POST',
  path: '/v1/api-keys',
  summary: 'Make an API key. Its secret is shown once, in this answer only.',
  area: 'access',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: z.object({ name: givenName(100), ...keyLimits }),
  status: 201,
  result: apiKey.extend({ secret: z.string() }),
  problems: ['key.beyond_caller', 'department.unknown'],
});

export const rotateApiKey = endpoint({
  name: 'rotateApiKey',
  method: 'POST',
  path: '/v1/api-keys/{id}/rotate',
  summary: 'Make a key that takes another one’s place, with the same limits. The old one works for some hours more.',
  area: 'access',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ overlapHours: z.number().min(0).max(720).default(24) }),
  status: 201,
  result: apiKey.extend({ secret: z.string() }),
  problems: ['key.not_found', 'key.beyond_caller'],
});

export const revokeApiKey = endpoint({
  name: 'revokeApiKey',
  method: 'DELETE',
  path: '/v1/api-keys/{id}',
  summary: 'Revoke an API key at once.',
  area: 'access',
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['key.not_found', 'key.last_one'],
});

export const openedSession = z
  .object({
    account: z.object({ id, name: z.string() }),
    user: z
      .object({
        id,
        name: z.string(),
        role,
        departmentId: id.nullable(),
        reach: reach.meta({ description: '`department`: only what belongs to their department and those below it.' }),
      })
      .nullable()
      .meta({ description: 'Null: an installation link opened the session; it may do what an owner may.' }),
    permissions: z.array(permission),
    expiresAt: instant,
    idleMinutes: z.number().meta({ description: 'It ends earlier when it is not used for so long.' }),
  })
  .meta({ id: 'OpenedSession' });

export const openSession = endpoint({
  name: 'openSession',
  method: 'POST',
  path: '/v1/session',
  summary: 'Redeem a one-time sign-in link for a console session (a cookie).',
  area: 'access',
  open: true,
  params: noParams,
  query: noQuery,
  body: z.object({ token: z.string().min(1).max(200) }),
  status: 200,
  result: openedSession,
  problems: ['auth.link_invalid'],
});

export const readSession = endpoint({
  name: 'readSession',
  method: 'GET',
  path: '/v1/session',
  summary: 'Who is signed in.',
  area: 'access',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: openedSession,
  problems: [],
});

export const endSession = endpoint({
  name: 'endSession',
  method: 'DELETE',
  path: '/v1/session',
  summary: 'Sign out.',
  area: 'access',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: [],
});
