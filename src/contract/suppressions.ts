/** Whom no mail goes to any more, and why. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noParams, noQuery, nothing } from './values.ts';

export const suppressionReason = z
  .enum(['hard-bounce', 'soft-bounces', 'complaint', 'unsubscribed', 'manual'])
  .meta({ description: 'Why no mail goes there. An address may have several reasons; each goes by itself.' });
export type SuppressionReason = z.infer<typeof suppressionReason>;

export const suppressionScope = z.enum(['all', 'marketing']).meta({
  description: '`marketing`: transactional mail still goes out.',
});
export type SuppressionScope = z.infer<typeof suppressionScope>;

const entry = z.object({
  reason: suppressionReason,
  scope: suppressionScope,
  createdAt: instant,
  expiresAt: instant.nullable().meta({ description: 'Null: until somebody removes it.' }),
});
const suppression = entry
  .extend({
    email: z.string().nullable().meta({
      description:
        'Null: who unsubscribed by the link of a message that is erased is known by a hash alone, and kept from mail all the same.',
    }),
  })
  .meta({ id: 'Suppression' });
export type SuppressionBody = z.infer<typeof suppression>;

const ofAddress = z.object({ email: z.string(), isSuppressed: z.boolean(), reasons: z.array(entry) });

/** Decided by whoever asks; bounces are found by the program. */
const given = z.enum(['unsubscribed', 'complaint', 'hard-bounce', 'manual']);
const params = z.object({ email: z.string().min(3).max(320) });
const area = 'suppressions';

export const listSuppressions = endpoint({
  name: 'listSuppressions',
  accountWide: true,
  method: 'GET',
  path: '/v1/suppressions',
  summary: 'Whom no mail goes to, oldest first.',
  area,
  params: noParams,
  query: z.object({
    reason: suppressionReason.optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(100),
    cursor: z.string().max(500).optional(),
  }),
  body: nothing,
  status: 200,
  result: z.object({ suppressions: z.array(suppression), nextCursor: z.string().optional() }),
  problems: ['request.bad_cursor'],
});

export const readSuppression = endpoint({
  name: 'readSuppression',
  accountWide: true,
  method: 'GET',
  path: '/v1/suppressions/{email}',
  summary: 'Whether mail goes to an address, and if not, why; an address that nothing is known of is not suppressed.',
  area,
  params,
  query: noQuery,
  body: nothing,
  status: 200,
  result: ofAddress,
  problems: ['message.invalid_address'],
});

export const setSuppression = endpoint({
  name: 'setSuppression',
  accountWide: true,
  method: 'PUT',
  path: '/v1/suppressions/{email}',
  summary: 'Send no more mail to an address; holds at once, also for mail that waits.',
  area,
  params,
  query: noQuery,
  body: z.object({
    reason: given.default('manual'),
    scope: suppressionScope
      .optional()
      .meta({ description: 'Default: `marketing` for unsubscribed and complaint, else `all`.' }),
    expiresAt: instant.nullable().default(null),
  }),
  status: 200,
  result: ofAddress,
  problems: ['message.invalid_address'],
});

export const deleteSuppression = endpoint({
  name: 'deleteSuppression',
  accountWide: true,
  method: 'DELETE',
  path: '/v1/suppressions/{email}',
  summary:
    'Let mail go to an address again: for one reason or, without `reason`, for all. Mail that was dropped stays dropped.',
  area,
  params,
  query: z.object({ reason: suppressionReason.optional() }),
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['message.invalid_address', 'suppression.not_found'],
});

const importRow = z.object({
  email: z.string().max(320),
  reason: given.default('manual'),
  scope: suppressionScope.optional(),
});
export const mostImported = 10_000;

export const importSuppressions = endpoint({
  name: 'importSuppressions',
  accountWide: true,
  method: 'POST',
  path: '/v1/suppression-import',
  summary:
    'Add many: JSON, or CSV with the columns email, reason and scope. Rows that are no address are told and skipped.',
  area,
  params: noParams,
  query: noQuery,
  body: z.union([z.strictObject({ suppressions: z.array(importRow) }), z.strictObject({ csv: z.string() })]),
  maxBodyBytes: 4 * 1024 * 1024,
  status: 200,
  result: z.object({
    added: z.int().meta({ description: 'Rows that were taken, those included that were there before.' }),
    refused: z.array(z.object({ row: z.int(), why: z.string() })),
  }),
  problems: ['suppression.import_invalid'],
});
export type ImportRow = z.output<typeof importRow>;
export const importedRow = importRow;

export const exportSuppressions = endpoint({
  name: 'exportSuppressions',
  accountWide: true,
  method: 'GET',
  path: '/v1/suppression-export',
  summary: 'All of them as CSV, in the form that an import takes.',
  area,
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.string(),
  alsoAs: ['text/csv'],
  problems: [],
});

export const suppressionEndpoints = [
  listSuppressions,
  readSuppression,
  setSuppression,
  deleteSuppression,
  importSuppressions,
  exportSuppressions,
];
