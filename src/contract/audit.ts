/** The audit log: who did what to what, chained so that nobody can rewrite it, and exported so that anybody can check it. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { cursor, id, instant, instantOrDay, noParams, noQuery, nothing } from './values.ts';

export const exportAudit = endpoint({
  name: 'exportAudit',
  method: 'GET',
  path: '/v1/audit/export',
  summary:
    'The audit log as JSON lines in the order of its chain, between two signed checkpoints; check it with `waxwing audit verify`. Days are those of UTC; entries between the range and its checkpoints are included.',
  area: 'audit',
  stepUp: true,
  params: noParams,
  query: z.object({ since: instantOrDay.optional(), until: instantOrDay.optional() }),
  body: nothing,
  status: 200,
  result: z.string(),
  alsoAs: ['application/jsonl'],
  problems: ['report.range_invalid', 'audit.chain_broken'],
});

export const readAuditKey = endpoint({
  name: 'readAuditKey',
  method: 'GET',
  path: '/v1/audit/key',
  summary: 'The public key that signs checkpoints of audit chains. Keep a copy where this server cannot change it.',
  area: 'audit',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ keyId: z.string(), publicKey: z.string().meta({ description: 'Ed25519, PEM.' }) }),
  problems: [],
});

const filters = {
  since: instantOrDay.optional().meta({ description: 'From then on. A day is one of UTC.' }),
  until: instantOrDay.optional().meta({ description: 'Before that moment, or until the end of that day of UTC.' }),
  action: z.string().max(100).optional().meta({ description: 'Such as `message.read`.' }),
  actorId: z.string().max(200).optional(),
  objectKind: z.string().max(100).optional().meta({ description: 'Such as `message`.' }),
  objectId: z.string().max(200).optional(),
  outcome: z.enum(['done', 'refused']).optional(),
  departmentId: id.optional().meta({ description: 'Of whoever acted.' }),
  q: z.string().trim().min(1).max(200).optional().meta({
    description:
      'An id, a part of an action’s name, or, for who may see people, a part of the name of a person, key or department.',
  }),
} as const;

export type AuditFilters = z.output<z.ZodObject<typeof filters>>;

export const auditEntry = z
  .object({
    id,
    at: instant,
    action: z.string(),
    outcome: z.enum(['done', 'refused']),
    actor: z.object({
      kind: z.string().meta({ description: '`user`, `api-key`, `session` (an installation link’s) or `system`.' }),
      id: z.string().nullable(),
      name: z.string().nullable().meta({ description: 'For who may see people, as it is now.' }),
    }),
    department: z.object({ id, name: z.string().nullable() }).nullable(),
    object: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
    reason: z.object({ kind: z.string(), id: z.string().nullable() }).nullable(),
    address: z.string().nullable().meta({
      description: 'From where somebody acted; null where nobody did, or where it can no longer be read.',
    }),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryAnswer = z.output<typeof auditEntry>;

export const listAuditEntries = endpoint({
  name: 'listAuditEntries',
  method: 'GET',
  path: '/v1/audit/entries',
  summary:
    'Entries of the audit log, newest first. Looking for them is itself an entry, once for all its pages. A page may be short or empty and still have a `nextCursor`: it looked through so much of the log as one request may, back to `searchedTo`.',
  area: 'audit',
  params: noParams,
  query: z.object({
    ...filters,
    cursor: cursor.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  }),
  body: nothing,
  status: 200,
  result: z.object({
    entries: z.array(auditEntry),
    nextCursor: z.string().nullable(),
    searchedTo: instant.nullable().meta({
      description:
        'What is older was not looked at yet: `nextCursor` goes on there. Null: there is no more to look at.',
    }),
  }),
  problems: ['report.range_invalid', 'request.bad_cursor'],
});

const dayCounts = z.object({
  day: z.string().meta({ description: 'Of UTC, such as `2026-11-22`.' }),
  entries: z.number().int().meta({ description: 'Places taken in the chain: done and refused.' }),
  refused: z.number().int().meta({ description: 'Those of them that were refused.' }),
});
export type DayCounts = z.output<typeof dayCounts>;

export const readAuditActivity = endpoint({
  name: 'readAuditActivity',
  method: 'GET',
  path: '/v1/audit/activity',
  summary: 'How many entries the audit log got on each of the last days, oldest first; today is the last.',
  area: 'audit',
  params: noParams,
  query: z.object({ days: z.coerce.number().int().min(1).max(366).default(30) }),
  body: nothing,
  status: 200,
  result: z.object({ days: z.array(dayCounts) }),
  problems: [],
});

export const mostExportedEntries = 100_000;

export const exportAuditEntries = endpoint({
  name: 'exportAuditEntries',
  method: 'GET',
  path: '/v1/audit/entries/export',
  summary: `What \`GET /v1/audit/entries\` finds, newest first and up to ${mostExportedEntries} entries, as a file for people. It proves nothing: for that there is \`GET /v1/audit/export\`.`,
  area: 'audit',
  stepUp: true,
  params: noParams,
  query: z.object({
    ...filters,
    format: z.enum(['json', 'csv']).default('json').meta({ description: '`json`: one entry a line.' }),
    limit: z.coerce.number().int().min(1).max(mostExportedEntries).default(mostExportedEntries),
  }),
  body: nothing,
  status: 200,
  result: z.string(),
  alsoAs: ['application/jsonl', 'text/csv'],
  problems: ['report.range_invalid'],
});
