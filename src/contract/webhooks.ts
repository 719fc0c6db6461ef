/** Webhooks: the customer's own endpoints that are told of events, what they are told, and what came of it. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { eventType } from './messages.ts';
import { cursor, id, instant, noParams, noQuery, nothing } from './values.ts';

const ofMessages = eventType.options.map((type) => `message.${type}` as const);

export const webhookEventTypes = [
  ...ofMessages,
  'message.opened.automated',
  'message.clicked.automated',
  'message.erased',
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

export const webhookEventType = z.enum(webhookEventTypes).meta({
  description:
    '`message.opened` and `message.clicked` are of people, and are told when the verdict has settled; `….automated` are of machines.',
});

const description = z.string().trim().min(1).max(100).meta({ description: 'Which program of yours this is.' });
const url = z.string().trim().min(1).max(2_000).meta({
  description:
    'Over https, at a public address, port 443 or from 1024 on. Shown to those who may manage webhooks, and to nobody else.',
});
const eventTypes = z.array(webhookEventType).min(1).max(webhookEventTypes.length);
const departmentId = id
  .nullable()
  .meta({ description: 'Only of mail of this department and of all below it. Null: of the whole account.' });

export const webhookOutcome = z
  .enum([
    'delivered',
    'gone',
    'busy',
    'redirected',
    'refused',
    'timed_out',
    'unreachable',
    'tls_failed',
    'address_refused',
  ])
  .meta({
    description:
      '`gone`: 410. `busy`: 429 or 503. `address_refused`: the name leads into a private or other special network.',
  });
export type WebhookOutcome = z.infer<typeof webhookOutcome>;

export const webhookEndpoint = z
  .object({
    id,
    description: z.string(),
    url: z.string(),
    eventTypes: z.array(z.string()),
    departmentId,
    isEnabled: z.boolean(),
    disabledBecause: z.enum(['asked', 'gone', 'failing']).nullable(),
    disabledAt: instant.nullable(),
    failingSince: instant.nullable().meta({ description: 'Since when nothing was taken. Null: the last try was.' }),
    nextTryAt: instant.nullable().meta({ description: 'When something is tried next. Null: nothing waits.' }),
    lastSequence: z.int().meta({ description: 'The last number given at this endpoint.' }),
    secondSecretEndsAt: instant
      .nullable()
      .meta({ description: 'Until then the secret before this one signs as well.' }),
    createdAt: instant,
    changedAt: instant,
  })
  .meta({ id: 'WebhookEndpoint' });
export type WebhookEndpoint = z.infer<typeof webhookEndpoint>;

const secret = z
  .string()
  .meta({ description: '`whsec_…`, as libraries of Standard Webhooks take it. Never shown again.' });

const manage = { area: 'webhooks', params: noParams, query: noQuery, accountWide: true } as const;
const one = { ...manage, params: z.object({ id }) } as const;
const refusedWishes = ['webhook.url_refused', 'department.unknown'] as const;

export const listWebhookEndpoints = endpoint({
  ...manage,
  name: 'listWebhookEndpoints',
  method: 'GET',
  path: '/v1/webhooks',
  summary: 'The endpoints that are told of events, and how each is doing.',
  body: nothing,
  status: 200,
  result: z.object({ endpoints: z.array(webhookEndpoint) }),
  problems: [],
});

export const createWebhookEndpoint = endpoint({
  ...manage,
  name: 'createWebhookEndpoint',
  method: 'POST',
  path: '/v1/webhooks',
  summary: 'Have an endpoint of yours told of events from now on. Its secret is in this answer only.',
  stepUp: true,
  body: z.object({ url, description, eventTypes, departmentId: departmentId.optional() }).strict(),
  status: 201,
  result: webhookEndpoint.extend({ secret }),
  problems: [...refusedWishes, 'webhook.too_many_endpoints'],
});

export const readWebhookEndpoint = endpoint({
  ...one,
  name: 'readWebhookEndpoint',
  method: 'GET',
  path: '/v1/webhooks/{id}',
  summary: 'One endpoint, and how it is doing.',
  body: nothing,
  status: 200,
  result: webhookEndpoint,
  problems: ['webhook.not_found'],
});

export const changeWebhookEndpoint = endpoint({
  ...one,
  name: 'changeWebhookEndpoint',
  method: 'PATCH',
  path: '/v1/webhooks/{id}',
  summary:
    'Change an endpoint, or switch it off and on. Switched on again, it is told what it missed in the meantime, of up to 30 days.',
  stepUp: true,
  body: z.object({ url, description, eventTypes, departmentId, isEnabled: z.boolean() }).partial().strict(),
  status: 200,
  result: webhookEndpoint,
  problems: ['webhook.not_found', ...refusedWishes],
});

export const deleteWebhookEndpoint = endpoint({
  ...one,
  name: 'deleteWebhookEndpoint',
  method: 'DELETE',
  path: '/v1/webhooks/{id}',
  summary: 'Tell an endpoint nothing more, for good.',
  stepUp: true,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['webhook.not_found'],
});

export const rotateWebhookSecret = endpoint({
  ...one,
  name: 'rotateWebhookSecret',
  method: 'POST',
  path: '/v1/webhooks/{id}/secret',
  summary: 'Make a new secret. Until the overlap is over both sign, so that a receiver may change over when it likes.',
  stepUp: true,
  body: z.object({
    overlapHours: z.int().min(0).max(168).default(24).meta({ description: '0: the old secret signs nothing more.' }),
  }),
  status: 201,
  result: webhookEndpoint.extend({ secret }),
  problems: ['webhook.not_found'],
});

const sent = z.object({ sequence: z.int().meta({ description: 'Its number at this endpoint.' }) });

export const testWebhookEndpoint = endpoint({
  ...one,
  name: 'testWebhookEndpoint',
  method: 'POST',
  path: '/v1/webhooks/{id}/test',
  summary: 'Tell an endpoint `webhook.test`. What comes of it stands among its deliveries.',
  body: z.object({}),
  status: 202,
  result: sent,
  problems: ['webhook.not_found', 'webhook.disabled'],
});

export const webhookDelivery = z
  .object({
    sequence: z.int(),
    eventId: id.meta({ description: 'Sent as `webhook-id`: the same at every try.' }),
    type: z.string(),
    occurredAt: instant,
    state: z.enum(['waiting', 'delivered', 'given_up']),
    isReplay: z.boolean(),
    nextTryAt: instant.nullable(),
    tries: z.int(),
    attempts: z
      .array(z.object({ at: instant, outcome: webhookOutcome, status: z.int().nullable(), durationMs: z.int() }))
      .meta({ description: 'The last twenty tries, newest first.' }),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof webhookDelivery>;

export const listWebhookDeliveries = endpoint({
  ...one,
  name: 'listWebhookDeliveries',
  method: 'GET',
  path: '/v1/webhooks/{id}/deliveries',
  summary: 'What an endpoint was told in the last 30 days, newest first, with each try.',
  query: z.object({
    state: z.enum(['waiting', 'delivered', 'given_up']).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(50),
    cursor: cursor.optional(),
  }),
  body: nothing,
  status: 200,
  result: z.object({ deliveries: z.array(webhookDelivery), nextCursor: z.string().nullable() }),
  problems: ['webhook.not_found', 'request.bad_cursor'],
});

export const replayWebhookDeliveries = endpoint({
  ...one,
  name: 'replayWebhookDeliveries',
  method: 'POST',
  path: '/v1/webhooks/{id}/replay',
  summary:
    'Tell an endpoint again, under the same ids and numbers: one thing, or all of a time that it has been told before.',
  body: z.union([
    z.object({ sequence: z.int().min(1) }).strict(),
    z.object({ since: instant, until: instant.meta({ description: 'Exclusive.' }) }).strict(),
  ]),
  status: 202,
  result: z.object({ replayed: z.int() }),
  problems: ['webhook.not_found', 'webhook.disabled', 'webhook.delivery_not_found', 'webhook.range_too_large'],
});

export const webhookEndpoints = [
  listWebhookEndpoints,
  createWebhookEndpoint,
  readWebhookEndpoint,
  changeWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  listWebhookDeliveries,
  replayWebhookDeliveries,
];
