/** How well mail must be protected on its way: rules for recipient domains, looking ahead, and receipts of how it went. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { messageParams } from './messages.ts';
import { suppressionReason, suppressionScope } from './suppressions.ts';
import { id, instant, minimumTransport, noParams, noQuery, nothing, recipientStatus } from './values.ts';

const rule = z
  .object({ domain: z.string(), minimumTransport, updatedAt: instant })
  .meta({ id: 'TransportRule', description: 'Mail to the domain needs at least this; elsewhere may ask for more.' });

const ruleParams = z.object({ domain: z.string().min(1).max(255) });

export const listTransportRules = endpoint({
  name: 'listTransportRules',
  method: 'GET',
  path: '/v1/transport-rules',
  summary: 'What the account asks for towards single recipient domains, newest first.',
  area: 'transport',
  accountWide: true,
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ rules: z.array(rule) }),
  problems: [],
});

export const setTransportRule = endpoint({
  name: 'setTransportRule',
  method: 'PUT',
  path: '/v1/transport-rules/{domain}',
  summary: 'Ask for more protection towards a recipient domain. It only tightens, and holds at once for what waits.',
  area: 'transport',
  params: ruleParams,
  query: noQuery,
  body: z.object({ minimumTransport }).strict(),
  status: 200,
  result: rule,
  problems: ['transport_rule.domain_invalid', 'transport_rule.too_many'],
});

export const deleteTransportRule = endpoint({
  name: 'deleteTransportRule',
  method: 'DELETE',
  path: '/v1/transport-rules/{domain}',
  summary: 'Ask for nothing beside the account’s floor towards a recipient domain any more.',
  area: 'transport',
  params: ruleParams,
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['transport_rule.domain_invalid'],
});

const addressText = z.string().max(1000);

export const preflight = endpoint({
  name: 'preflight',
  method: 'POST',
  path: '/v1/preflight',
  summary: 'Where a message would go and how it would be protected, per recipient, and why. Nothing is sent or stored.',
  area: 'transport',
  params: noParams,
  query: noQuery,
  body: z
    .object({
      to: z.array(z.union([addressText, z.looseObject({ email: addressText })])),
      departmentId: id.nullable().optional(),
      minimumTransport: minimumTransport.optional(),
      from: addressText.optional().meta({ description: 'Rules may look at its domain.' }),
      class: z.enum(['transactional', 'marketing']).optional(),
      campaign: z.string().max(200).optional(),
    })
    .meta({ id: 'Preflight', description: 'A submission; what it says beside this is passed over.' }),
  status: 200,
  result: z.object({
    recipients: z.array(
      z.object({
        email: z.string(),
        outcome: z.enum(['sent', 'deferred', 'refused', 'dropped']).meta({
          description: 'What a first attempt would come to; `dropped`: none is made, the address is suppressed.',
        }),
        suppressed: z.object({ reason: suppressionReason, scope: suppressionScope }).nullable().meta({
          description: 'What keeps mail of this class from the address; null: nothing.',
        }),
        protection: z.enum(['tls', 'none']),
        transport: minimumTransport.nullable().meta({
          description: 'The rung that the connection would have to reach; null where none would be made.',
        }),
        route: z
          .object({ id: id.nullable(), name: z.string().nullable(), why: z.string() })
          .meta({ description: 'By which route it would go, and why. Null: the installation’s own way.' }),
        host: z.string().nullable(),
        floor: z.object({ level: minimumTransport, from: z.string() }),
        reasons: z.array(z.string()),
      }),
    ),
  }),
  problems: ['message.no_recipients', 'message.too_many_recipients', 'message.invalid_address', 'department.unknown'],
});

const certificate = z.object({
  subject: z.string(),
  issuer: z.string(),
  notAfter: instant,
  fingerprint: z.string().meta({ description: 'SHA-256, hexadecimal.' }),
  verdict: z.string().meta({ description: '`trusted`, or why the authorities of the web do not vouch for it.' }),
});

const released = z.enum(['opportunistic', 'plain']).meta({
  description:
    'opportunistic: TLS 1.2 or later, whoever the other side is, and never clear text. plain: clear text too.',
});

export const transportRelease = z
  .object({
    transport: released,
    reason: z.string().nullable().meta({ description: 'Null once the message was erased.' }),
    by: z.object({ kind: z.string(), id: z.string() }),
    releasedAt: instant,
    expiresAt: instant,
  })
  .meta({ id: 'TransportRelease', description: 'Mail to one recipient was let go below its policy: by whom and why.' });
export type TransportRelease = z.infer<typeof transportRelease>;

export const releaseTransport = endpoint({
  name: 'releaseTransport',
  method: 'POST',
  path: '/v1/messages/{id}/recipients/{recipientId}/transport-release',
  summary:
    'Let mail that policy keeps back go to one recipient with less protection, until it is delivered or time is up.',
  area: 'transport',
  stepUp: true,
  params: messageParams.extend({ recipientId: id }),
  query: noQuery,
  body: z
    .object({
      transport: released,
      reason: z.string().trim().min(1).max(2000),
      hours: z.int().min(1).max(120).default(24).meta({ description: 'Afterwards policy holds again.' }),
    })
    .strict(),
  status: 201,
  result: transportRelease,
  problems: [
    'message.not_found',
    'transport_release.not_waiting',
    'transport_release.not_below_policy',
    'transport_release.not_ours',
    'transport_release.too_many',
  ],
});

const hostTried = z.object({
  host: z.string(),
  address: z.string().nullable(),
  source: z.string().optional().meta({ description: 'Our own address, where one was chosen.' }),
  toldOf: instant.optional().meta({
    description: 'The host was not asked by this attempt: it was a moment before, at this time, and could not be had.',
  }),
  dane: z.enum(['off', 'none', 'unusable', 'bogus', 'usable']),
  grounds: z.enum(['floor', 'mta-sts', 'dane', 'dane-unusable', 'pin', 'release']),
  demanded: z.enum(['if-offered', 'encrypted', 'verified', 'dane', 'pin']).nullable(),
  tls: z
    .object({
      protocol: z.string(),
      cipher: z.string(),
      verified: z.boolean(),
      proof: z.enum(['dane', 'pin']).nullable(),
      certificate: certificate.nullable(),
    })
    .nullable(),
  reached: minimumTransport.nullable(),
  why: z.string().nullable(),
});

export const receipt = z
  .object({
    type: z.literal('receipt'),
    account: id,
    message: id,
    recipient: id,
    email: z.string().nullable().meta({ description: 'Null once the message was erased.' }),
    acceptedAt: instant,
    status: recipientStatus,
    contentSha256: z.string().nullable().meta({ description: 'Of the message as it was submitted; null once erased.' }),
    releases: z.array(transportRelease).meta({ description: 'When it was let go below its policy, oldest first.' }),
    attempts: z.array(
      z.object({
        at: instant,
        outcome: z.enum(['delivered', 'deferred', 'bounced']),
        why: z.object({ code: z.string(), text: z.string() }),
        host: z.string().nullable(),
        tls: z.string().nullable(),
        reply: z.object({ code: z.int(), text: z.string().nullable() }).nullable(),
        route: z
          .object({ name: z.string().nullable(), why: z.string() })
          .nullable()
          .meta({ description: 'By which route it went, and why. A name of null: the installation’s own way.' }),
        asked: z.object({ level: minimumTransport, from: z.string() }).nullable(),
        released: released.nullable().optional().meta({ description: 'How far below that it had been let go.' }),
        mtaSts: z
          .object({
            state: z.enum(['none', 'unknown', 'enforced', 'testing', 'withdrawn']),
            policyId: z.string().nullable(),
            fault: z.string().nullable(),
          })
          .nullable(),
        tries: z.array(hostTried),
        sentSha256: z.string().nullable().meta({ description: 'Of the copy as it was handed over.' }),
      }),
    ),
    issuedAt: instant,
    key: z.string().meta({ description: 'Fingerprint of the installation’s public key: GET /v1/audit/key.' }),
    signature: z.string(),
  })
  .meta({ id: 'Receipt' });

export const readReceipt = endpoint({
  name: 'readReceipt',
  method: 'GET',
  path: '/v1/messages/{id}/recipients/{recipientId}/receipt',
  summary: 'How one recipient’s copy travelled, signed. Check it anywhere: `waxwing receipt verify FILE --key PUBLIC`.',
  area: 'transport',
  params: messageParams.extend({ recipientId: id }),
  query: noQuery,
  body: nothing,
  status: 200,
  result: receipt,
  problems: ['message.not_found'],
});

export const transportEndpoints = [
  listTransportRules,
  setTransportRule,
  deleteTransportRule,
  preflight,
  readReceipt,
  releaseTransport,
] as const;
