/** Legal holds, which keep what they cover, and retention, which lets the rest go in time. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

const since = instant.optional().meta({ description: 'Of mail accepted from then on.' });
const until = instant.optional().meta({ description: 'Of mail accepted before then.' });

/** Also what comes later is covered, as long as it is in the scope. */
const scope = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('message'), messageId: id }),
    z.object({ kind: z.literal('campaign'), campaign: z.string().min(1).max(200), since, until }),
    z.object({ kind: z.literal('recipient'), email: z.string().min(3).max(320), since, until }),
    z.object({ kind: z.literal('department'), departmentId: id, since, until }).meta({
      description: 'A department and all below it.',
    }),
    z.object({ kind: z.literal('period'), since, until }).meta({ description: 'At least one of both bounds.' }),
    z.object({ kind: z.literal('account') }).meta({ description: 'All mail, also what is still to come.' }),
  ])
  .meta({ id: 'HoldScope' });
export type HoldScope = z.infer<typeof scope>;

const actor = z.object({ kind: z.string(), id: z.string() });

const hold = z
  .object({
    id,
    name: z.string(),
    reason: z.string(),
    matter: z.string().nullable(),
    scope,
    placedAt: instant,
    placedBy: actor,
    released: z.object({ at: instant, by: actor, reason: z.string() }).nullable(),
    covers: z
      .object({ messages: z.int(), isMore: z.boolean() })
      .nullable()
      .meta({ description: 'Messages that it keeps now, counted up to 10,000; null: it is released.' }),
  })
  .meta({ id: 'LegalHold' });
export type LegalHold = z.infer<typeof hold>;

export const listHolds = endpoint({
  name: 'listHolds',
  method: 'GET',
  path: '/v1/holds',
  summary: 'Legal holds, those in force first, then the newest; at most 200.',
  area: 'retention',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ holds: z.array(hold) }),
  problems: [],
});

export const placeHold = endpoint({
  name: 'placeHold',
  method: 'POST',
  path: '/v1/holds',
  summary:
    'Place a legal hold. From then on nothing that it covers is erased, by anybody or by itself, until it is released.',
  area: 'retention',
  params: noParams,
  query: noQuery,
  body: z.object({
    name: givenName(200),
    reason: z.string().trim().min(1).max(2000),
    matter: z.string().trim().min(1).max(200).optional().meta({ description: 'Case or matter reference.' }),
    scope,
  }),
  status: 201,
  result: hold,
  problems: ['hold.scope_unknown', 'message.invalid_address', 'report.range_invalid'],
});

export const readHold = endpoint({
  name: 'readHold',
  method: 'GET',
  path: '/v1/holds/{id}',
  summary: 'One legal hold, with how many messages it keeps.',
  area: 'retention',
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 200,
  result: hold,
  problems: ['hold.not_found'],
});

export const releaseHold = endpoint({
  name: 'releaseHold',
  method: 'POST',
  path: '/v1/holds/{id}/release',
  summary: 'Release a legal hold, with a reason. It stays listed; what no other hold covers may be erased again.',
  area: 'retention',
  stepUp: true,
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ reason: z.string().trim().min(1).max(2000) }),
  status: 200,
  result: hold,
  problems: ['hold.not_found', 'hold.released'],
});

const days = z.int().min(1).max(36_500).nullable();

const policy = z.object({
  messageDays: days.meta({
    description:
      'Days after acceptance, a message is erased as by DELETE: content, subject, addresses and details of its events. Null: kept for good.',
  }),
  eventDays: days.meta({
    description:
      'Days after which months of events and verdicts go; numbers in reports stay. Only when every account of the installation lets them go. Null: kept for good.',
  }),
  minimumDays: days.meta({
    description: 'Nothing is erased before, not even by DELETE. Null: there is no such time.',
  }),
  hour: z.int().min(0).max(23).meta({ description: 'When the daily run begins, in the account’s time zone.' }),
});
export type RetentionPolicy = z.infer<typeof policy>;

const run = z.object({
  startedAt: instant,
  endedAt: instant.nullable(),
  how: z.enum(['running', 'done', 'stopped']).meta({ description: 'stopped: the times were changed meanwhile.' }),
  expected: z.int(),
  erased: z.int(),
  keptByHolds: z.int().nullable(),
});

const retention = policy
  .extend({ nextRunAt: instant.nullable(), lastRun: run.nullable(), holdsInForce: z.int() })
  .meta({ id: 'Retention' });
export type Retention = z.infer<typeof retention>;

export const readRetention = endpoint({
  name: 'readRetention',
  method: 'GET',
  path: '/v1/retention',
  summary: 'How long the account keeps its messages, and how the last run went.',
  area: 'retention',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: retention,
  problems: [],
});

export const changeRetention = endpoint({
  name: 'changeRetention',
  method: 'PUT',
  path: '/v1/retention',
  summary: 'Decide how long messages are kept. The first run is at the next time that the hour comes.',
  area: 'retention',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: policy.extend({
    acknowledgedMessages: z.int().min(0).default(0).meta({
      description: '`dueNow` of the preview. Where more than that would go at once, the change is refused.',
    }),
  }),
  status: 200,
  result: retention,
  problems: ['retention.contradictory', 'retention.preview_needed'],
});

export const previewRetention = endpoint({
  name: 'previewRetention',
  method: 'POST',
  path: '/v1/retention/preview',
  summary:
    'What a choice would erase now and in the next 30 days, and what legal holds would keep. It changes nothing.',
  area: 'retention',
  params: noParams,
  query: noQuery,
  body: z.object({ messageDays: days }),
  status: 200,
  result: z.object({
    dueNow: z.int(),
    dueIn30Days: z.int().meta({ description: 'Beside those that are due now.' }),
    keptByHolds: z.int().meta({ description: 'Of all that would be due within 30 days.' }),
    oldest: instant.nullable().meta({ description: 'When the oldest message that is kept was accepted.' }),
  }),
  problems: [],
});

export const retentionEndpoints = [
  readRetention,
  changeRetention,
  previewRetention,
  listHolds,
  placeHold,
  readHold,
  releaseHold,
] as const;
