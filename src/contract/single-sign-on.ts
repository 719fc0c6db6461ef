/** Single sign-on: the identity providers of an account, and how somebody signs in or proves themselves by one. */
import { z } from 'zod';
import { openedSession } from './access.ts';
import { endpoint } from './endpoint.ts';
import { reach, role } from './permissions.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

const name = givenName(100);
const issuer = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .meta({
    description:
      'As the provider writes it in its discovery document. Over https; in a laboratory, http on this machine.',
  });
const clientId = z.string().trim().min(1).max(500);
const clientSecret = z.string().min(1).max(2_000).meta({ description: 'Never shown again.' });
const domain = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/, 'Write it as clinic.example')
  .meta({ description: 'What stands behind the @ of addresses, such as clinic.example.' });

/** An owner is made by an owner, never by a provider. */
const givenRole = role.exclude(['owner']);
const claimValue = z.string().trim().min(1).max(300);
const roleRule = z.object({ value: claimValue, role: givenRole, departmentId: id.nullable() });
const secondFactor = z
  .object({ claim: z.enum(['amr', 'acr']), value: claimValue })
  .meta({ description: 'What the provider must say of how somebody signed in, such as `amr` `mfa`.' });

const settings = {
  issuer: issuer.nullable(),
  clientId: clientId.nullable(),
  domains: z.array(domain).max(50).meta({
    description:
      'Whose addresses it may speak for, once the DNS shows that they are the account’s: see `domainProofs`.',
  }),
  isEnabled: z.boolean(),
  isRequired: z.boolean().meta({
    description:
      'People of these domains sign in by it only. Owners keep their own ways to sign in, so that none is locked out.',
  }),
  trustsAddresses: z.boolean().meta({
    description:
      'Believe addresses that come without `email_verified`: only where the provider lets nobody choose theirs.',
  }),
  makesUsers: z.boolean().meta({ description: 'Make a user of somebody who signs in for the first time.' }),
  defaultRole: givenRole.nullable().meta({ description: 'For whom no rule fits. Null: they are refused.' }),
  defaultDepartmentId: id.nullable().meta({ description: 'Who is put into a department reaches no further.' }),
  widestReach: reach.meta({
    description:
      '`department`: everybody is put into one, by a rule or as a newcomer. `account`: who is put into none reaches the whole account.',
  }),
  roleClaim: claimValue.nullable().meta({
    description:
      'The claim that decides role and department at every sign-in, such as `groups`. Null: the provider has no say. Owners stay owners.',
  }),
  roleRules: z.array(roleRule).max(100).meta({ description: 'The first that fits counts.' }),
  secondFactor: secondFactor.nullable(),
};

export const signOnDomain = z
  .object({
    domain: z.string(),
    state: z.enum(['unproved', 'proved', 'missed']).meta({
      description: '`missed`: it was proved, and its record is no longer seen. It counts until `endsAt`.',
    }),
    record: z
      .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
      .meta({ description: 'What is to be published, and to stay: it is looked at every day.' }),
    lastSeen: z
      .enum(['right', 'wrong', 'missing', 'unanswered', 'claimed'])
      .nullable()
      .meta({ description: 'At the last look. `claimed`: another account has shown that the domain is theirs.' }),
    checkedAt: instant.nullable(),
    provedAt: instant.nullable(),
    endsAt: instant.nullable(),
  })
  .meta({ id: 'SignOnDomain' });
export type SignOnDomain = z.infer<typeof signOnDomain>;

export const signOnConnection = z
  .object({
    id,
    name: z.string(),
    ...settings,
    issuer: z.string().nullable(),
    domains: z.array(z.string()),
    domainProofs: z.array(signOnDomain).meta({ description: 'How the proof of each domain stands.' }),
    hasSecret: z.boolean(),
    people: z.int().meta({ description: 'How many users were recognised by it.' }),
    redirectUri: z.string().meta({ description: 'To register at the provider.' }),
    logoutUri: z.string().meta({ description: 'For back-channel logout, where the provider has it.' }),
    signInLink: z.string().meta({ description: 'Leads straight to the provider.' }),
    createdAt: instant,
    changedAt: instant,
  })
  .meta({ id: 'SignOnConnection' });
export type SignOnConnection = z.infer<typeof signOnConnection>;

export type SignOnSettings = { readonly [Key in keyof typeof settings]: z.output<(typeof settings)[Key]> };

const manage = { area: 'people', params: noParams, query: noQuery } as const;
const one = { ...manage, params: z.object({ id }) } as const;
const refusedWishes = [
  'user.beyond_caller',
  'auth.account_wide',
  'department.unknown',
  'sso.issuer_refused',
  'sso.domain_taken',
  'sso.incomplete',
  'sso.reach_missing',
] as const;

export const listSignOnConnections = endpoint({
  ...manage,
  name: 'listSignOnConnections',
  method: 'GET',
  path: '/v1/single-sign-on',
  summary: 'The identity providers that people of the account sign in with.',
  body: nothing,
  status: 200,
  result: z.object({ connections: z.array(signOnConnection) }),
  problems: ['auth.account_wide'],
});

const wish = z.object(settings).partial().extend({ clientSecret: clientSecret.nullable().optional() });

export const createSignOnConnection = endpoint({
  ...manage,
  name: 'createSignOnConnection',
  method: 'POST',
  path: '/v1/single-sign-on',
  summary:
    'Begin a connection to an identity provider. Its answer has the redirect URI to register there; what the provider gives in return may follow.',
  stepUp: true,
  body: wish.extend({ name }),
  status: 201,
  result: signOnConnection,
  problems: [...refusedWishes, 'sso.too_many_connections'],
});

export const changeSignOnConnection = endpoint({
  ...one,
  name: 'changeSignOnConnection',
  method: 'PATCH',
  path: '/v1/single-sign-on/{id}',
  summary:
    'Change a connection, switch it on or off. Another issuer or client id forgets whom it recognised: everybody is recognised by their address once more.',
  stepUp: true,
  body: wish.extend({ name: name.optional() }),
  status: 200,
  result: signOnConnection,
  problems: ['sso.not_found', ...refusedWishes],
});

export const deleteSignOnConnection = endpoint({
  ...one,
  name: 'deleteSignOnConnection',
  method: 'DELETE',
  path: '/v1/single-sign-on/{id}',
  summary: 'Delete a connection. Users stay; sessions that it opened end.',
  stepUp: true,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['sso.not_found', 'user.beyond_caller', 'auth.account_wide'],
});

export const signOnFindings = [
  'not_set_up',
  'address_refused',
  'unreachable',
  'not_found',
  'not_discovery',
  'issuer_mismatch',
  'no_authorization_endpoint',
  'no_token_endpoint',
  'no_keys',
  'no_code_flow',
  'no_pkce',
] as const;

export const checkSignOnConnection = endpoint({
  ...one,
  name: 'checkSignOnConnection',
  method: 'POST',
  path: '/v1/single-sign-on/{id}/check',
  summary: 'Fetch the provider’s discovery document and keys now, and say what is wrong with them.',
  body: z.object({}),
  status: 200,
  result: z.object({
    findings: z.array(z.enum(signOnFindings)).meta({ description: 'None: nothing is wrong.' }),
    foundIssuer: z
      .string()
      .nullable()
      .meta({ description: 'What the provider calls itself, where that is another name.' }),
    supports: z.object({ backChannelLogout: z.boolean(), issuerInAnswers: z.boolean() }),
  }),
  problems: ['sso.not_found', 'auth.account_wide'],
});

export const checkSignOnDomains = endpoint({
  ...one,
  name: 'checkSignOnDomains',
  method: 'POST',
  path: '/v1/single-sign-on/{id}/domains/check',
  summary:
    'Look now whether the DNS shows that the domains of a connection are the account’s. Nobody comes in by one that is not proved.',
  body: z.object({}),
  status: 200,
  result: z.object({
    domains: z.array(
      signOnDomain.extend({
        found: z.array(z.string()).meta({ description: 'What stands there beside the record that is wanted.' }),
      }),
    ),
  }),
  problems: ['sso.not_found', 'auth.account_wide'],
});

export const forgetSignOnIdentity = endpoint({
  ...manage,
  name: 'forgetSignOnIdentity',
  method: 'DELETE',
  path: '/v1/single-sign-on/{id}/people/{userId}',
  summary:
    'Forget whom a connection took for this user: their next sign-in recognises them by their address once more. For somebody who got another account at the provider.',
  stepUp: true,
  params: z.object({ id, userId: id }),
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['sso.not_found', 'user.beyond_caller', 'auth.account_wide'],
});

const startedSignOn = z.object({ url: z.string().meta({ description: 'Where the browser goes now.' }) });
const open = { area: 'access', params: noParams, query: noQuery, open: true } as const;

export const startSignOn = endpoint({
  ...open,
  name: 'startSignOn',
  method: 'POST',
  path: '/v1/sign-in/sso',
  summary: 'Begin a sign-in at the identity provider that serves an address’s domain, or at a connection by its id.',
  body: z.union([z.object({ email: z.string().min(3).max(254) }).strict(), z.object({ connectionId: id }).strict()]),
  status: 200,
  result: startedSignOn,
  problems: ['sso.no_connection', 'sso.provider_unreachable', 'sso.provider_misconfigured'],
});

const response = z.object({
  connectionId: id,
  response: z.string().min(1).max(8_000).meta({
    description: 'The query with which the provider sent the browser back to the redirect URI, as it came.',
  }),
});

const refusedResponses = [
  'sso.state_invalid',
  'sso.no_connection',
  'sso.provider_unreachable',
  'sso.provider_misconfigured',
  'sso.provider_refused',
  'sso.code_refused',
  'sso.client_refused',
  'sso.token_invalid',
  'sso.token_expired',
  'sso.second_factor_missing',
] as const;

export const finishSignOn = endpoint({
  ...open,
  name: 'finishSignOn',
  method: 'POST',
  path: '/v1/sign-in/sso/finish',
  summary: 'Hand over the identity provider’s answer, in the browser that began, and be signed in.',
  body: response,
  status: 200,
  result: openedSession,
  problems: [
    ...refusedResponses,
    'sso.address_unverified',
    'sso.domain_not_served',
    'sso.domain_unproved',
    'sso.reach_missing',
    'sso.user_unknown',
    'sso.user_deactivated',
    'sso.user_beyond_connection',
    'sso.subject_changed',
    'sso.no_role',
    'sso.department_gone',
  ],
});

const own = { area: 'access', params: noParams, query: noQuery } as const;

export const startSignOnProof = endpoint({
  ...own,
  name: 'startSignOnProof',
  method: 'POST',
  path: '/v1/session/step-up/sso',
  summary: 'Begin to prove again who you are, at the identity provider that opened this session.',
  body: z.object({}),
  status: 200,
  result: startedSignOn,
  problems: ['sso.no_connection', 'sso.provider_unreachable', 'sso.provider_misconfigured'],
});

export const finishSignOnProof = endpoint({
  ...own,
  name: 'finishSignOnProof',
  method: 'POST',
  path: '/v1/session/step-up/sso/finish',
  summary: 'Hand over the identity provider’s answer; what asks for a fresh proof is open for five minutes.',
  body: response,
  status: 200,
  result: openedSession,
  problems: [...refusedResponses, 'sso.not_fresh', 'sso.wrong_person'],
});

export const endSignOnSessions = endpoint({
  name: 'endSignOnSessions',
  method: 'POST',
  path: '/v1/sign-in/sso/{id}/logout',
  summary: 'For identity providers: OpenID Connect Back-Channel Logout. Ends the sessions that the token names.',
  area: 'sign-on',
  open: true,
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  takes: ['application/x-www-form-urlencoded'],
  maxBodyBytes: 20_000,
  status: 200,
  result: nothing,
  problems: ['sso.not_found', 'sso.logout_invalid'],
});

export const singleSignOnEndpoints = [
  listSignOnConnections,
  createSignOnConnection,
  changeSignOnConnection,
  deleteSignOnConnection,
  checkSignOnConnection,
  checkSignOnDomains,
  forgetSignOnIdentity,
  startSignOn,
  finishSignOn,
  startSignOnProof,
  finishSignOnProof,
  endSignOnSessions,
];
