/** Events of other sending providers: the connections they come in by, their webhooks, and taking payloads directly. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

export const provider = z.enum(['sendgrid', 'mailgun', 'postmark', 'ses', 'sparkpost', 'resend', 'mandrill']).meta({
  description: 'The provider: `ses` is Amazon SES by SNS, `mandrill` Mailchimp Transactional.',
});

/** What people call a provider who look for it by its company's name. */
const otherNames = {
  mailchimp: 'mandrill',
  'mailchimp-transactional': 'mandrill',
  'amazon-ses': 'ses',
  'aws-ses': 'ses',
  'twilio-sendgrid': 'sendgrid',
} as const satisfies Record<string, z.infer<typeof provider>>;
type OtherName = keyof typeof otherNames;

export const namedProvider = z
  .enum([...provider.options, ...(Object.keys(otherNames) as OtherName[])])
  .meta({ description: 'The provider, by the name that answers use or another that people use.' });

export const providerOfName = (name: z.infer<typeof namedProvider>): z.infer<typeof provider> =>
  Object.hasOwn(otherNames, name) ? otherNames[name as OtherName] : (name as z.infer<typeof provider>);

const mebibyte = 1024 * 1024;
/** The largest batch of any provider is below 10 MB. */
const maxPayloadBytes = 16 * mebibyte;

const verificationKey = z.string().trim().min(1).max(2000).meta({
  description:
    'What the provider signs with: SendGrid’s verification key, Mailgun’s HTTP webhook signing key, Resend’s signing secret (`whsec_…`), Mandrill’s webhook key; for SES the ARN of the SNS topic. Postmark and SparkPost do not sign.',
});

const connectionName = givenName(100);

export const providerConnection = z
  .object({
    id,
    provider,
    name: z.string(),
    url: z.string().meta({ description: 'Give this address to the provider.' }),
    checks: z.enum(['signature', 'basic-auth', 'signature-or-basic-auth']).meta({
      description: 'How a call shows that it comes from the provider.',
    }),
    createdAt: instant,
    lastEventAt: instant.nullable().meta({ description: 'When the last call came that was taken.' }),
    accepted: z.int(),
    duplicates: z.int(),
    ignored: z.int(),
    refused: z.int().meta({ description: 'Events that could not be read, and calls that were not the provider’s.' }),
    lastRefusal: z.object({ at: instant, reason: z.string() }).nullable(),
  })
  .meta({ id: 'ProviderConnection' });
export type ProviderConnection = z.infer<typeof providerConnection>;

export const listProviderConnections = endpoint({
  name: 'listProviderConnections',
  accountWide: true,
  method: 'GET',
  path: '/v1/provider-connections',
  summary: 'The connections by which other providers tell their events, and how each is doing.',
  area: 'providers',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ connections: z.array(providerConnection) }),
  problems: [],
});

export const createProviderConnection = endpoint({
  name: 'createProviderConnection',
  method: 'POST',
  path: '/v1/provider-connections',
  summary:
    'Make an address for a provider’s webhook. Its user and password, where needed, are shown in this answer only.',
  area: 'providers',
  params: noParams,
  query: noQuery,
  body: z.object({ provider: namedProvider, name: connectionName, verificationKey: verificationKey.optional() }),
  status: 201,
  result: providerConnection.extend({
    basicAuth: z
      .object({ user: z.string(), password: z.string() })
      .optional()
      .meta({ description: 'For HTTP basic authentication of the webhook.' }),
  }),
  problems: ['provider.key_invalid', 'provider.too_many_connections'],
});

export const changeProviderConnection = endpoint({
  name: 'changeProviderConnection',
  method: 'PATCH',
  path: '/v1/provider-connections/{id}',
  summary: 'Rename a connection, or set the key that some providers show only once their webhook is made.',
  area: 'providers',
  params: z.object({ id }),
  query: noQuery,
  body: z.object({ name: connectionName.optional(), verificationKey: verificationKey.optional() }),
  status: 200,
  result: providerConnection,
  problems: ['connection.not_found', 'provider.key_invalid'],
});

export const deleteProviderConnection = endpoint({
  name: 'deleteProviderConnection',
  method: 'DELETE',
  path: '/v1/provider-connections/{id}',
  summary: 'Close a connection: its address is refused from now on. What came in stays.',
  area: 'providers',
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['connection.not_found'],
});

const payload = z.unknown().meta({ description: 'The provider’s own payload, exactly as it sends it.' });

const taken = z
  .object({
    accepted: z.int().meta({ description: 'Events that were new.' }),
    duplicates: z.int().meta({ description: 'Events that were here before; nothing was stored twice.' }),
    ignored: z.int().meta({ description: 'Events of kinds that reports have no use for.' }),
    refused: z.array(z.object({ index: z.int(), reason: z.string() })),
  })
  .meta({ id: 'TakenProviderEvents' });
export type TakenProviderEvents = z.infer<typeof taken>;

const payloadTypes = ['application/x-www-form-urlencoded', 'text/plain'];

export const checkProviderAddress = endpoint({
  name: 'checkProviderAddress',
  method: 'GET',
  path: '/v1/provider-events/{id}',
  summary: 'Whether this is the address of a connection: some providers ask before they send (HEAD).',
  area: 'providers',
  open: true,
  params: z.object({ id }),
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['connection.not_found'],
});

export const receiveProviderEvents = endpoint({
  name: 'receiveProviderEvents',
  method: 'POST',
  path: '/v1/provider-events/{id}',
  summary: 'A provider’s webhook. Needs no API key, but the provider’s signature or the connection’s password.',
  area: 'providers',
  open: true,
  params: z.object({ id }),
  query: noQuery,
  body: payload,
  takes: payloadTypes,
  maxBodyBytes: maxPayloadBytes,
  status: 200,
  result: taken,
  problems: [
    'connection.not_found',
    'provider.signature_missing',
    'provider.signature_invalid',
    'provider.signature_expired',
    'provider.signature_replayed',
    'provider.payload_unknown',
    'provider.too_many_events',
    'request.invalid_json',
    'request.rate_limited',
  ],
});

export const importProviderEvents = endpoint({
  name: 'importProviderEvents',
  method: 'POST',
  path: '/v1/provider-events',
  summary: 'Take a provider’s payload with an API key; with `connection`, the provider’s signature is checked as well.',
  area: 'providers',
  params: noParams,
  query: z.object({ provider: namedProvider.optional(), connection: id.optional() }),
  body: payload,
  takes: payloadTypes,
  maxBodyBytes: maxPayloadBytes,
  status: 200,
  result: taken,
  problems: [
    'connection.not_found',
    'provider.signature_missing',
    'provider.signature_invalid',
    'provider.signature_expired',
    'provider.signature_replayed',
    'provider.payload_unknown',
    'provider.too_many_events',
    'request.invalid_json',
  ],
});
