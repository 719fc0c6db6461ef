/** The audit log: who did what to what, chained so that nobody can rewrite it, and exported so that anybody can check it. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instantOrDay, noParams, noQuery, nothing } from './values.ts';

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
