/** One message to up to 10,000 recipients in one request, each copy in its own words, and how far it has come. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { messageParams, submission, templateData } from './messages.ts';
import { id, instant, noParams, noQuery, nothing, trackingLevel } from './values.ts';

export const batchRecipientsMax = 10_000;

export const missingValues = z.enum(['refuse', 'empty']).meta({
  description: 'What becomes of a value that a recipient has none for. Default: such a recipient is refused.',
});

const recipient = z.object({
  email: z.string().max(1000),
  name: z.string().max(100).optional().meta({ description: 'Stands before the address in the copy’s To.' }),
  data: templateData.optional(),
  tracking: z.object({ level: trackingLevel.optional() }).optional(),
});
export type BatchRecipient = z.infer<typeof recipient>;

export const batchSubmission = submission
  .omit({ to: true, discloseRecipients: true, data: true })
  .extend({
    recipients: z
      .array(recipient)
      .meta({ examples: [[{ email: 'ana@example.org', name: 'Ana', data: { visit: 'Monday at nine' } }]] }),
    missing: missingValues.optional(),
    partial: z.boolean().optional().meta({
      description: 'Send to those who can be mailed and name the others in `refused`. Default: all or nobody.',
    }),
  })
  .meta({ id: 'BatchSubmission' });
export type BatchSubmission = z.infer<typeof batchSubmission>;

export const batchAccepted = z.object({
  id,
  accepted: z.int(),
  refused: z.array(z.object({ index: z.int(), code: z.string(), detail: z.string() })),
  warnings: z.array(z.string()).optional(),
});
export type BatchAccepted = z.infer<typeof batchAccepted>;

export const sendBatch = endpoint({
  name: 'sendBatch',
  method: 'POST',
  path: '/v1/batches',
  summary:
    'Accept one message for up to 10,000 recipients, each copy in its own words. It survives a crash once this has answered; repeated with the same key it sends no second copy.',
  area: 'sending',
  params: noParams,
  query: noQuery,
  body: batchSubmission,
  // Each may take 66 MB to read and a minute to try.
  atOnce: { most: 4, mostOfAccount: 2, waiting: 64, waitingOfAccount: 32, waitMs: 20_000 },
  status: 202,
  result: batchAccepted,
  headers: { 'Idempotency-Key': 'Repeat it with the same body to get the same answer without sending twice.' },
  problems: [
    'batch.recipients_refused',
    'template.syntax',
    'template.misplaced',
    'template.not_found',
    'message.no_recipients',
    'message.too_many_recipients',
    'message.no_content',
    'message.invalid_from',
    'message.invalid_address',
    'message.too_large',
    'message.header_malformed',
    'message.header_not_allowed',
    'attachment.invalid_base64',
    'idempotency.key_reused',
    'idempotency.key_invalid',
    'sender.not_verified',
    'sender.of_another',
    'department.unknown',
    'server.busy',
  ],
});

export const batch = z
  .object({
    id,
    campaign: z.string().nullable(),
    departmentId: id.nullable(),
    acceptedAt: instant,
    sendAt: instant.nullable().meta({ description: 'When its first copies go out; null: they may go now, or have.' }),
    recipients: z.int(),
    queued: z.int(),
    deferred: z.int(),
    delivered: z.int(),
    bounced: z.int(),
    dropped: z.int(),
    isDone: z.boolean().meta({ description: 'Nobody is queued or deferred any more.' }),
  })
  .meta({ id: 'Batch' });

export const readBatch = endpoint({
  name: 'readBatch',
  method: 'GET',
  path: '/v1/batches/{id}',
  summary: 'How far a batch, or any message, has come, in numbers. Its recipients are those of the message of that id.',
  area: 'reports',
  params: messageParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: batch,
  problems: ['message.not_found'],
});

export const batchEndpoints = [sendBatch, readBatch];
