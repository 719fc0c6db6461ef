/** Mail that waits for a time of its own: seen, moved, sent at once. Taking it out is the queue's: POST /v1/queue/cancel. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { messageParams } from './messages.ts';
import { cursor, id, instant, noParams, noQuery, nothing } from './values.ts';

const planned = z
  .object({
    id,
    sendAt: instant,
    campaign: z.string().nullable(),
    class: z.enum(['transactional', 'marketing']),
    departmentId: id.nullable(),
    acceptedAt: instant,
    recipients: z.int().meta({ description: 'Who wait for it still.' }),
    held: z.int().meta({ description: 'Those of them who are held back.' }),
  })
  .meta({ id: 'PlannedMessage' });
export type PlannedBody = z.infer<typeof planned>;

export const listPlanned = endpoint({
  name: 'listPlanned',
  method: 'GET',
  path: '/v1/scheduled',
  summary:
    'Messages that wait for a time of their own, the first to go first. A page of somebody narrowed to a department may hold fewer.',
  area: 'queue',
  params: noParams,
  query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(25), cursor: cursor.optional() }),
  body: nothing,
  status: 200,
  result: z.object({ messages: z.array(planned), nextCursor: z.string().nullable() }),
  problems: ['request.bad_cursor'],
});

export const planAnew = endpoint({
  name: 'planAnew',
  method: 'PATCH',
  path: '/v1/messages/{id}',
  summary:
    'Move a planned message to another time, at most 30 days ahead; null: send it now. Once any of it has begun to go out, nothing is changed.',
  area: 'queue',
  params: messageParams,
  query: noQuery,
  body: z.object({ sendAt: instant.nullable() }).strict(),
  status: 200,
  result: z.object({ id, sendAt: instant.nullable(), recipients: z.int() }),
  problems: ['message.not_found', 'message.not_planned'],
});

export const plannedEndpoints = [listPlanned, planAnew];
