/** Where mail goes out: routes with their relays, how those are doing, and the rules that choose a route. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

const name = givenName(100);
const hostName = z.string().trim().min(1).max(253);
const tls = z.enum(['starttls', 'implicit']).meta({
  description:
    '`implicit`: TLS from the first byte. `starttls`: whether TLS is a must is decided by `minimumTransport`; a login never goes without it.',
});
const priority = z.int().min(0).max(1_000).meta({ description: 'Lower is asked first.' });
const weight = z
  .int()
  .min(1)
  .max(1_000)
  .meta({ description: 'Of one priority, each relay comes first as often as its weight is of the sum.' });
const pin = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable()
  .meta({ description: 'SHA-256 of its public key (SPKI). A relay that shows another key gets nothing.' });

export const health = z
  .object({
    state: z.enum(['unused', 'working', 'unsteady', 'resting', 'failing']).meta({
      description:
        '`unused`: nothing was sent through it in the last hour. `unsteady`: it does not answer each time, and mail goes on trying it. `resting`: left alone for a moment after failures. `failing`: the next copy tries it again.',
    }),
    text: z.string().meta({ description: 'The same in words.' }),
    answeredAt: instant.nullable(),
    failingSince: instant.nullable(),
    restsUntil: instant.nullable(),
  })
  .meta({ id: 'RelayHealth' });
export type RelayHealth = z.infer<typeof health>;

const relay = z.object({ host: z.string(), port: z.int(), tls, priority, weight });

const relayToRead = relay
  .extend({ id, user: z.string().nullable(), hasPassword: z.boolean(), pin, health })
  .meta({ id: 'Relay', description: 'Its password is never shown.' });

const relayToWrite = z
  .object({
    id: id
      .optional()
      .meta({ description: 'One that the route has already: its password is kept unless another is given.' }),
    host: hostName,
    port: z.int().min(1).max(65_535).default(587),
    tls: tls.default('starttls'),
    priority: priority.default(10),
    weight: weight.default(1),
    user: z.string().min(1).max(500).nullable().default(null),
    password: z.string().min(1).max(2_000).optional(),
    pin: pin.default(null),
  })
  .strict();

const routeToWrite = z
  .object({
    name,
    kind: z.enum(['direct', 'relay']),
    hosts: z.array(relayToWrite).max(20).default([]),
    sourceAddresses: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .max(100)
      .default([])
      .meta({ description: 'From which of the installation’s addresses it leaves; none: from any of them.' }),
    heloName: hostName
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i)
      .nullable()
      .default(null)
      .meta({ description: 'Said in EHLO instead of the address’s own name.' }),
  })
  .strict();
export type RouteToWrite = z.infer<typeof routeToWrite>;

export const mailRoute = z
  .object({
    id,
    name: z.string(),
    kind: z.enum(['direct', 'relay']),
    hosts: z.array(relayToRead),
    sourceAddresses: z.array(z.string()),
    heloName: z.string().nullable(),
    createdAt: instant,
    changedAt: instant,
  })
  .meta({ id: 'MailRoute' });
export type MailRouteRead = z.infer<typeof mailRoute>;

const pattern = z.string().trim().min(1).max(255).nullable();
const messageClass = z.enum(['transactional', 'marketing']).nullable();
const ruleToWrite = z
  .object({
    routeId: id,
    recipientDomain: pattern.default(null).meta({ description: '`example.org`, or `*.example.org` for all below it.' }),
    senderDomain: pattern.default(null),
    departmentId: id.nullable().default(null).meta({ description: 'Of mail of this department and of all below it.' }),
    messageClass: messageClass.default(null),
  })
  .strict();
export type RouteRuleToWrite = z.infer<typeof ruleToWrite>;

export const mailRouteRule = z
  .object({
    id,
    routeId: id,
    recipientDomain: z.string().nullable(),
    senderDomain: z.string().nullable(),
    departmentId: id.nullable(),
    messageClass,
  })
  .meta({ id: 'MailRouteRule', description: 'Null: any.' });
export type MailRouteRuleRead = z.infer<typeof mailRouteRule>;

const manage = { area: 'routes', params: noParams, query: noQuery, accountWide: true } as const;
const one = { ...manage, params: z.object({ id }) } as const;
const wrong = [
  'mail_route.name_taken',
  'mail_route.hosts_wrong',
  'mail_route.host_refused',
  'mail_route.password_needed',
  'mail_route.source_unknown',
] as const;

export const listRoutes = endpoint({
  ...manage,
  name: 'listRoutes',
  method: 'GET',
  path: '/v1/routes',
  summary:
    'Where mail goes out: the installation’s own way, the account’s routes, how relays are doing, and the rules.',
  body: nothing,
  status: 200,
  result: z.object({
    installation: z.object({
      kind: z.enum(['direct', 'relay']),
      hosts: z.array(relay.extend({ health })),
    }),
    sourceAddresses: z.array(z.object({ address: z.string(), heloName: z.string().nullable() })),
    routes: z.array(mailRoute),
    rules: z.array(mailRouteRule).meta({ description: 'The first that fits in all it asks for decides.' }),
  }),
  problems: [],
});

export const createRoute = endpoint({
  ...manage,
  name: 'createRoute',
  method: 'POST',
  path: '/v1/routes',
  summary: 'Add a route. No mail goes by it until a rule says so.',
  stepUp: true,
  body: routeToWrite,
  status: 201,
  result: mailRoute,
  problems: [...wrong, 'mail_route.too_many'],
});

export const readRoute = endpoint({
  ...one,
  name: 'readRoute',
  method: 'GET',
  path: '/v1/routes/{id}',
  summary: 'One route, and how its relays are doing.',
  body: nothing,
  status: 200,
  result: mailRoute,
  problems: ['mail_route.not_found'],
});

export const changeRoute = endpoint({
  ...one,
  name: 'changeRoute',
  method: 'PUT',
  path: '/v1/routes/{id}',
  summary: 'Write a route anew. Mail that waits goes by it about a second later.',
  stepUp: true,
  body: routeToWrite,
  status: 200,
  result: mailRoute,
  problems: ['mail_route.not_found', ...wrong],
});

export const deleteRoute = endpoint({
  ...one,
  name: 'deleteRoute',
  method: 'DELETE',
  path: '/v1/routes/{id}',
  summary: 'Remove a route that no rule names, with its logins.',
  stepUp: true,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['mail_route.not_found', 'mail_route.in_use'],
});

export const changeRouteRules = endpoint({
  ...manage,
  name: 'changeRouteRules',
  method: 'PUT',
  path: '/v1/route-rules',
  summary: 'Write all rules anew, in their order. None: the installation’s own way holds for all mail.',
  stepUp: true,
  body: z.object({ rules: z.array(ruleToWrite).max(200) }).strict(),
  status: 200,
  result: z.object({ rules: z.array(mailRouteRule) }),
  problems: ['mail_route.not_found', 'mail_route.rule_domain_invalid', 'department.unknown'],
});

export const routeEndpoints = [listRoutes, createRoute, readRoute, changeRoute, deleteRoute, changeRouteRules] as const;
