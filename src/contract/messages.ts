/** Sending a message and reading what became of it. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import {
  cursor,
  departmentFilter,
  id,
  instant,
  minimumTransport,
  noParams,
  noQuery,
  nothing,
  recipientStatus,
  trackingLevel,
} from './values.ts';
import { verdict } from './verdicts.ts';

export const templateData = z.record(z.string().min(1).max(100), z.unknown()).meta({
  description: 'What the template may name, as JSON: texts, numbers, lists and objects of them. Up to 16 kB.',
});

const trackingChoice = z.object({
  opens: z.boolean().optional(),
  clicks: z.boolean().optional(),
  level: trackingLevel.optional(),
});

const addressText = z.string().max(1000);
const recipientChoice = z.union([
  addressText,
  z.object({ email: addressText, tracking: z.object({ level: trackingLevel.optional() }).optional() }),
]);

export const submission = z
  .object({
    from: addressText.meta({ examples: ['Clinic <care@clinic.example>'] }),
    to: z.array(recipientChoice).meta({ examples: [['ana@example.org']] }),
    replyTo: addressText.optional(),
    subject: z.string().max(2000).optional().meta({ description: 'Required unless a template brings it.' }),
    html: z.string().optional(),
    text: z.string().optional(),
    attachments: z
      .array(
        z.object({
          filename: z.string().min(1).max(255),
          contentType: z.string().min(3).max(255),
          contentBase64: z.string(),
        }),
      )
      .max(100)
      .optional(),
    headers: z.record(z.string().max(100), z.string().max(4000)).optional(),
    campaign: z.string().min(1).max(200).optional(),
    tags: z.array(z.string().min(1).max(100)).max(50).optional(),
    tracking: trackingChoice.optional(),
    discloseRecipients: z.boolean().optional(),
    sendAt: instant.optional(),
    minimumTransport: minimumTransport.optional().meta({
      description: 'How its copies must at least be protected on the way. It only tightens what the account asks for.',
    }),
    class: z.enum(['transactional', 'marketing']).optional().meta({
      description: 'Transactional mail goes first. Absent: marketing with a campaign, transactional without.',
    }),
    unsubscribe: z.boolean().optional().meta({
      description:
        'Whether its copies get the fields by which recipients unsubscribe at once. Absent: marketing mail does, where the account wants it.',
    }),
    templateId: id.optional().meta({ description: 'A template instead of subject, html and text.' }),
    data: templateData.optional().meta({ description: 'What the template may name, for all recipients alike.' }),
    departmentId: id.nullable().optional().meta({
      description:
        'The department that the message belongs to; null: the account itself. Absent: that of the key or user.',
    }),
  })
  .meta({ id: 'Submission' });
export type Submission = z.infer<typeof submission>;

export const accepted = z.object({
  id,
  recipients: z.array(
    z.object({
      id,
      email: z.string().meta({ description: 'Empty where the request came again after its message was erased.' }),
      status: recipientStatus,
    }),
  ),
  warnings: z.array(z.string()).optional(),
});
export type Accepted = z.infer<typeof accepted>;

export const sendMessage = endpoint({
  name: 'sendMessage',
  method: 'POST',
  path: '/v1/messages',
  summary: 'Accept a message for delivery. It survives a crash once this has answered.',
  area: 'sending',
  params: noParams,
  query: noQuery,
  body: submission,
  status: 202,
  result: accepted,
  headers: {
    'Idempotency-Key':
      'Repeat it with the same body to get the same answer without sending twice; once the message is erased, without addresses.',
  },
  problems: [
    'message.no_recipients',
    'message.too_many_recipients',
    'message.no_content',
    'message.invalid_from',
    'message.invalid_address',
    'message.too_large',
    'message.header_malformed',
    'message.header_not_allowed',
    'message.headers_too_large',
    'message.line_too_long',
    'message.nul_octet',
    'attachment.invalid_base64',
    'batch.data_too_large',
    'template.misplaced',
    'template.not_found',
    'template.syntax',
    'template.value_missing',
    'template.value_unusable',
    'idempotency.key_reused',
    'idempotency.key_invalid',
    'sender.not_verified',
    'sender.of_another',
    'department.unknown',
  ],
});

export const messageParams = z.object({ id });

const erased = z.boolean().meta({ description: 'True once it was erased: no word or address of it can be read.' });

const messageDepartment = id
  .nullable()
  .meta({ description: 'The department that it belongs to; null: the account itself.' });

export const message = z
  .object({
    id,
    erased,
    onHold: z.boolean().meta({ description: 'True while a legal hold covers it: nothing of it can be erased.' }),
    departmentId: messageDepartment,
    campaign: z.string().nullable(),
    subject: z.string(),
    from: z.string(),
    tags: z.array(z.string()),
    acceptedAt: instant,
    recipients: z.array(
      z.object({
        id,
        email: z.string(),
        status: recipientStatus,
        deliveredAt: instant.nullable(),
        deliveredBy: z.string().nullable().meta({ description: 'The host whose 250 took the message.' }),
        gatewayMx: z.string().nullable(),
        gatewayMxSource: z.enum(['delivery', 'dns']).nullable(),
        trackingLevel,
        opened: z.boolean(),
        clicked: z.boolean(),
      }),
    ),
    nextCursor: z.string().optional().meta({ description: 'There are more recipients than these.' }),
  })
  .meta({ id: 'Message' });

export const readMessage = endpoint({
  name: 'readMessage',
  method: 'GET',
  path: '/v1/messages/{id}',
  summary: 'A message and where each recipient stands; `opened` and `clicked` obey the suppression setting.',
  area: 'reports',
  params: messageParams,
  query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(1000), cursor: cursor.optional() }),
  body: nothing,
  status: 200,
  result: message,
  problems: ['message.not_found', 'request.bad_cursor'],
});

export const erasureCertificate = z
  .object({
    type: z.literal('erasure'),
    account: id,
    message: id,
    acceptedAt: instant,
    erasedAt: instant,
    unreadableFrom: instant.optional().meta({
      description:
        'From then on no copy that this installation made can be read: seven days later where there are backups.',
    }),
    erased: z.object({
      keys: z.int(),
      recipients: z.int(),
      eventDetails: z.int(),
      attempts: z.int(),
      queued: z.int(),
    }),
    notCovered: z.string(),
    key: z.string(),
    signature: z.string(),
  })
  .meta({ id: 'ErasureCertificate' });

export const eraseMessage = endpoint({
  name: 'eraseMessage',
  method: 'DELETE',
  path: '/v1/messages/{id}',
  summary:
    'Erase a message: its key, content and all that names its recipients. What was counted stays counted. Answers with a signed certificate, the same one when asked again.',
  area: 'sending',
  stepUp: true,
  params: messageParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ certificate: erasureCertificate }),
  problems: ['message.not_found', 'message.on_hold', 'message.kept_by_policy'],
});

export const messageSummary = z.object({
  id,
  erased,
  departmentId: messageDepartment,
  campaign: z.string().nullable(),
  subject: z.string(),
  from: z.string(),
  acceptedAt: instant,
  recipients: z.int(),
  delivered: z.int(),
  opened: z.int(),
  clicked: z.int(),
});

export const listMessages = endpoint({
  name: 'listMessages',
  method: 'GET',
  path: '/v1/messages',
  summary: 'Messages, newest first, optionally of one campaign.',
  area: 'reports',
  params: noParams,
  query: z.object({
    campaign: z.string().max(200).optional(),
    departmentId: departmentFilter,
    limit: z.coerce.number().int().min(1).max(100).default(25),
    cursor: cursor.optional(),
  }),
  body: nothing,
  status: 200,
  result: z.object({ messages: z.array(messageSummary), nextCursor: z.string().nullable() }),
  problems: ['request.bad_cursor'],
});

export const eventType = z.enum([
  ...['accepted', 'deferred', 'delivered', 'bounced', 'dropped', 'opened', 'clicked'],
  ...['delayed', 'complained', 'unsubscribed', 'auto-replied', 'replied'],
] as const);
export type EventType = z.infer<typeof eventType>;

export const event = z
  .object({
    id,
    type: eventType,
    recipientId: id.nullable(),
    occurredAt: instant,
    verdict: verdict.optional(),
    link: z.object({ index: z.int(), url: z.string() }).optional(),
    honeypot: z.boolean().optional().meta({
      description: 'True of a click on the link that no person can see or reach; such a click has no `link`.',
    }),
    request: z
      .object({
        method: z.string(),
        token: z.enum(['valid', 'damaged']),
        ip: z.string().nullable(),
        userAgent: z.string().nullable(),
      })
      .optional()
      .meta({
        description: 'Of an open or click: what asked. Address and agent are null where they are not kept, or no more.',
      }),
    delivery: z
      .object({ host: z.string().nullable(), reply: z.string().nullable(), why: z.string() })
      .optional()
      .meta({ description: 'Of a delivery attempt: who answered what, and what Waxwing made of it.' }),
  })
  .meta({ id: 'Event' });
export type EventBody = z.infer<typeof event>;

export const listMessageEvents = endpoint({
  name: 'listMessageEvents',
  method: 'GET',
  path: '/v1/messages/{id}/events',
  summary: 'Everything that happened to a message, oldest first, with the verdict and reasons of each open and click.',
  area: 'reports',
  params: messageParams,
  query: z.object({
    recipientId: id.optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(1000),
    cursor: cursor.optional(),
  }),
  body: nothing,
  status: 200,
  result: z.object({ events: z.array(event), nextCursor: z.string().optional() }),
  problems: ['message.not_found', 'request.bad_cursor'],
});
