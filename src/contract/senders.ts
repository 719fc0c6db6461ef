/** Domains that mail is sent from: what to publish in the DNS, what is seen there, what is wrong, and the signing keys. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noParams, noQuery, nothing } from './values.ts';

export const dnsRecord = z
  .object({
    purpose: z
      .enum([
        ...(['ownership', 'dkim', 'spf', 'dmarc', 'bounce-mx', 'bounce-spf', 'tracking-host'] as const),
        ...(['mta-sts', 'tls-rpt'] as const),
      ])
      .meta({ description: '`bounce-…` and `tracking-host`: names of the whole installation, where they are set.' }),
    name: z.string().meta({ description: 'Where to publish it, as a whole name.' }),
    type: z.enum(['TXT', 'CNAME', 'MX', 'A']),
    value: z.string().meta({ description: 'What to publish, ready to copy.' }),
    isRequired: z.boolean(),
    about: z.string(),
    state: z.enum(['unchecked', 'right', 'missing', 'wrong', 'unknown']).meta({
      description: '`unknown`: the DNS gave no answer, or it cannot be told.',
    }),
    seen: z.array(z.string()).meta({ description: 'What stood there at the last look.' }),
    problems: z.array(z.string()).meta({ description: 'What is wrong, in sentences.' }),
  })
  .meta({ id: 'SenderDnsRecord' });
export type DnsRecord = z.infer<typeof dnsRecord>;

export const dkimAlgorithm = z.enum(['rsa-sha256', 'ed25519-sha256']);

const senderKey = z.object({
  selector: z.string(),
  algorithm: dkimAlgorithm,
  createdAt: instant,
  state: z.enum(['waiting', 'signing', 'retired']).meta({
    description: '`waiting`: not seen in the DNS yet, so it signs nothing. `retired`: a newer one signs.',
  }),
  removableFrom: instant.nullable().meta({ description: 'Of a retired key: when its record may leave the DNS.' }),
});

const status = z.enum(['unverified', 'verified', 'signing']).meta({
  description:
    '`verified`: shown to be the account’s. `signing`: and its mail is signed. Mail of an `unverified` domain goes unsigned.',
});

export const senderSummary = z.object({
  domain: z.string(),
  status,
  createdAt: instant,
  verifiedAt: instant.nullable(),
  checkedAt: instant.nullable().meta({ description: 'When its DNS was last looked at.' }),
  problems: z.int().meta({ description: 'How many required records were missing or wrong then.' }),
});

export type SenderSummary = z.infer<typeof senderSummary>;

export const sender = senderSummary
  .extend({ records: z.array(dnsRecord), keys: z.array(senderKey) })
  .meta({ id: 'Sender' });
export type Sender = z.infer<typeof sender>;

const params = z.object({
  domain: z
    .string()
    .min(3)
    .max(253)
    .meta({ examples: ['clinic.example'] }),
});
const ofSenders = { area: 'senders', query: noQuery } as const;

export const listSenders = endpoint({
  ...ofSenders,
  name: 'listSenders',
  method: 'GET',
  path: '/v1/senders',
  summary: 'The account’s sender domains.',
  params: noParams,
  body: nothing,
  status: 200,
  result: z.object({ senders: z.array(senderSummary) }),
  problems: [],
});

export const addSender = endpoint({
  ...ofSenders,
  name: 'addSender',
  method: 'POST',
  path: '/v1/senders',
  summary: 'Add a domain to send from. Answers with the records to publish; two signing keys are made for it.',
  params: noParams,
  body: z.object({ domain: z.string().min(3).max(253) }).strict(),
  status: 201,
  result: sender,
  problems: ['sender_domain.invalid', 'sender_domain.exists', 'sender_domain.too_many'],
});

export const readSender = endpoint({
  ...ofSenders,
  name: 'readSender',
  method: 'GET',
  path: '/v1/senders/{domain}',
  summary: 'A sender domain with the records to publish and what was seen of them at the last look.',
  params,
  body: nothing,
  status: 200,
  result: sender,
  problems: ['sender_domain.not_found'],
});

export const verifySender = endpoint({
  ...ofSenders,
  name: 'verifySender',
  method: 'POST',
  path: '/v1/senders/{domain}/verify',
  summary: 'Look at the domain’s DNS now. Once its ownership record is seen it is verified; keys that are seen sign.',
  params,
  body: nothing,
  status: 200,
  result: sender,
  problems: ['sender_domain.not_found', 'sender_domain.claimed'],
});

export const rotateSenderKeys = endpoint({
  ...ofSenders,
  name: 'rotateSenderKeys',
  method: 'POST',
  path: '/v1/senders/{domain}/keys',
  summary: 'Make new signing keys. The old ones sign until the new are seen in the DNS, and stay valid a week longer.',
  params,
  body: nothing,
  status: 201,
  result: sender,
  problems: ['sender_domain.not_found', 'sender_domain.rotating'],
});

export const deleteSender = endpoint({
  ...ofSenders,
  name: 'deleteSender',
  method: 'DELETE',
  path: '/v1/senders/{domain}',
  summary: 'Remove a sender domain and its keys. Mail from it goes unsigned from then on.',
  params,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['sender_domain.not_found'],
});

const finding = z.object({ ok: z.boolean().nullable(), why: z.string() }).meta({
  description: '`ok` is null where it cannot be told.',
});

export const senderCheck = z
  .object({
    domain: z.string(),
    checkedAt: instant,
    spf: z.object({
      aligned: z.boolean().nullable(),
      results: z.array(z.object({ address: z.string(), result: z.string(), lookups: z.int(), why: z.string() })),
      why: z.string(),
    }),
    dkim: z.object({ aligned: z.boolean().nullable(), why: z.string() }),
    dmarc: z.object({
      policy: z.enum(['none', 'quarantine', 'reject']).nullable(),
      organisation: z.string(),
      passes: z.boolean().nullable(),
      why: z.string(),
    }),
    bulk: z.array(
      z.object({
        provider: z.enum(['gmail', 'yahoo', 'microsoft']),
        met: z.boolean().nullable(),
        rules: z.array(finding.extend({ rule: z.string() })),
      }),
    ),
  })
  .meta({ id: 'SenderCheck' });
export type SenderCheck = z.infer<typeof senderCheck>;

export const checkSender = endpoint({
  ...ofSenders,
  name: 'checkSender',
  method: 'POST',
  path: '/v1/senders/{domain}/check',
  summary:
    'Would mail of this domain from this server pass SPF, DKIM and DMARC, and the large providers’ rules for bulk mail? Each with the reason. Nothing is sent.',
  params,
  body: nothing,
  status: 200,
  result: senderCheck,
  problems: ['sender_domain.not_found'],
});

export const senderEndpoints = [
  listSenders,
  addSender,
  readSender,
  verifySender,
  checkSender,
  rotateSenderKeys,
  deleteSender,
];
