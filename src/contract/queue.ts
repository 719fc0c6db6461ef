/** What waits to be sent, by destination, and what people do about it: hold it back, let it go, take it out, try again. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { cursor, id, instant, noParams, noQuery, nothing } from './values.ts';

const lately = z
  .array(z.object({ at: instant, delivered: z.int(), deferred: z.int(), bounced: z.int() }))
  .meta({ description: 'Attempts by five minutes, oldest first; those without any are left out.' });

const destination = z
  .object({
    domain: z.string(),
    queued: z.int().meta({ description: 'All that waits there, counted up to 5,000.' }),
    isMore: z.boolean().meta({ description: 'There is more than was counted.' }),
    due: z.int().meta({ description: 'Could go out now.' }),
    inFlight: z.int().meta({ description: 'Being sent.' }),
    deferred: z.int().meta({ description: 'Waits for its next attempt.' }),
    scheduled: z.int().meta({ description: 'Waits for its first moment: sent for later.' }),
    held: z.int().meta({ description: 'Waits until somebody releases it.' }),
    oldestAt: instant.nullable().meta({ description: 'Since when the oldest of those counted waits.' }),
    heldBackSince: instant.nullable().meta({ description: 'All mail there is held back, also what comes.' }),
    deliveredPerMinute: z.int(),
    atMost: z
      .int()
      .nullable()
      .meta({ description: 'Copies at once, as its answers allow. Null: nothing was seen lately.' }),
    pausedUntil: instant.nullable(),
    last: z
      .object({
        outcome: z.enum(['delivered', 'deferred', 'bounced']),
        why: z.string().meta({ description: 'In words.' }),
        replyCode: z.int().nullable(),
        at: instant,
      })
      .nullable(),
    lately: lately.describe('Attempts of the last hour by five minutes, oldest first; those without any are left out.'),
  })
  .meta({ id: 'QueueDestination' });
export type QueueDestination = z.infer<typeof destination>;

const hold = z.object({
  destination: z.string().nullable(),
  campaign: z.string().nullable(),
  since: instant,
});

export const readQueue = endpoint({
  name: 'readQueue',
  method: 'GET',
  path: '/v1/queue',
  summary: 'What waits to be sent, by recipient domain, with what each said lately and how fast it takes mail.',
  area: 'queue',
  accountWide: true,
  params: noParams,
  query: z.object({ limit: z.coerce.number().int().min(1).max(50).default(25), cursor: cursor.optional() }),
  body: nothing,
  status: 200,
  result: z.object({ destinations: z.array(destination), holds: z.array(hold), nextCursor: z.string().nullable() }),
  problems: ['request.bad_cursor'],
});

export const readQueueDestination = endpoint({
  name: 'readQueueDestination',
  method: 'GET',
  path: '/v1/queue/destinations/{domain}',
  summary: 'What waits for one recipient domain, what it said within a day, in words, and how often.',
  area: 'queue',
  accountWide: true,
  params: z.object({ domain: z.string().min(1).max(255) }),
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    destination,
    day: lately,
    replies: z
      .array(
        z.object({
          outcome: z.enum(['delivered', 'deferred', 'bounced']),
          why: z.string().meta({ description: 'In words.' }),
          replyCode: z.int().nullable(),
          times: z.int(),
          lastAt: instant,
        }),
      )
      .meta({ description: 'The latest first, at most 50 kinds.' }),
  }),
  problems: [],
});

const waiting = z
  .object({
    recipientId: id,
    messageId: id,
    email: z.string().nullable().meta({ description: 'Null for who may not read messages.' }),
    domain: z.string(),
    campaign: z.string().nullable(),
    state: z.enum(['due', 'in-flight', 'deferred', 'scheduled', 'held']),
    queuedAt: instant,
    nextAttemptAt: instant.nullable().meta({ description: 'Null while it is held or being sent.' }),
    attempts: z.int(),
    last: z
      .object({
        why: z.string().meta({ description: 'In words.' }),
        replyCode: z.int().nullable(),
        reply: z.string().nullable().meta({ description: 'As it came; null for who may not read messages.' }),
        at: instant,
      })
      .nullable(),
  })
  .meta({ id: 'QueuedRecipient' });
export type WaitingRecipient = z.infer<typeof waiting>;

export const listQueueRecipients = endpoint({
  name: 'listQueueRecipients',
  method: 'GET',
  path: '/v1/queue/recipients',
  summary: 'Who waits: for a recipient domain, or of a message. Give exactly one of both.',
  area: 'queue',
  accountWide: true,
  params: noParams,
  query: z
    .object({
      destination: z.string().min(1).max(255).optional(),
      messageId: id.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(25),
      cursor: cursor.optional(),
    })
    .refine(({ destination: domain, messageId }) => (domain === undefined) !== (messageId === undefined), {
      message: 'Give exactly one of destination and messageId.',
    }),
  body: nothing,
  status: 200,
  result: z.object({ recipients: z.array(waiting), nextCursor: z.string().nullable() }),
  problems: ['request.bad_cursor'],
});

/** Exactly one of them. */
const selection = z.union([
  z.object({ destination: z.string().min(1).max(255) }).strict(),
  z.object({ campaign: z.string().min(1).max(200) }).strict(),
  z.object({ messageId: id }).strict(),
  z.object({ recipientId: id }).strict(),
]);
export type QueueSelection = z.infer<typeof selection>;

const changed = z.object({
  recipients: z.int().meta({ description: 'How many it concerned.' }),
  isMore: z.boolean().meta({ description: 'There are more: ask again.' }),
});

const change = <Name extends string>(name: Name, path: string, summary: string) =>
  endpoint({
    name,
    method: 'POST',
    path,
    summary,
    area: 'queue',
    accountWide: true,
    params: noParams,
    query: noQuery,
    body: selection,
    status: 200,
    result: changed,
    problems: [],
  });

export const holdQueue = change(
  'holdQueue',
  '/v1/queue/hold',
  'Hold mail back: of a destination or campaign also what comes later. What is just being sent still goes.',
);
export const releaseQueue = change(
  'releaseQueue',
  '/v1/queue/release',
  'Let held mail go. A destination or campaign that is held itself must be released by its own name.',
);
export const cancelQueue = change(
  'cancelQueue',
  '/v1/queue/cancel',
  'Take mail out of the queue for good: its recipients are dropped. What is just being sent still goes.',
);
export const retryQueue = change(
  'retryQueue',
  '/v1/queue/retry',
  'Try now what waits for its next attempt. Mail for later waits for its time, and a paused destination for its pause.',
);

export const queueEndpoints = [
  readQueue,
  readQueueDestination,
  listQueueRecipients,
  holdQueue,
  releaseQueue,
  cancelQueue,
  retryQueue,
];
