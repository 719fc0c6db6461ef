/** Webhooks over real HTTP: who is let in, by what proof, what a stranger gets, and what hostile bodies do. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { type Amazon, openAmazon, topic } from '../../test/kit/amazon.ts';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import {
  changeProviderConnection,
  checkProviderAddress,
  createProviderConnection,
  deleteProviderConnection,
  importProviderEvents,
  listProviderConnections,
  receiveProviderEvents,
} from '../contract/providers.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { sql } from '../platform/database.ts';
import { story, tell } from './fixtures/story.ts';
import { providerRoutes } from './index.ts';

tryStatementsHere(import.meta.filename);

const publicUrl = 'https://waxwing.example';
let world: TestWorld;
let api: TestApi;
let amazon: Amazon;
let account: TestAccount;
before(async () => {
  world = await testWorld(new Date().toISOString());
  amazon = await openAmazon();
  api = await startApi(world, () => providerRoutes(world, { publicUrl, fetch: amazon.fetch }));
  account = await testKeys(world);
});
after(async () => {
  await api?.close();
  await amazon?.close();
  await world?.close();
});

const connect = async (provider: ProviderName, verificationKey?: string) => {
  const body = { provider, name: `our ${provider}`, ...(verificationKey === undefined ? {} : { verificationKey }) };
  return ask(api, createProviderConnection, account.apiKey, { body });
};
type Connection = Awaited<ReturnType<typeof connect>>;

interface Call {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}
const post = (id: string, { body, headers = {} }: Call): Promise<Response> =>
  fetch(`${api.url}/v1/provider-events/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
async function taken(id: string, call: Call) {
  const response = await post(id, call);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return receiveProviderEvents.result.parse(JSON.parse(text));
}
async function refusedAs(id: string, call: Call): Promise<string> {
  const response = await post(id, call);
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
}
const listed = async (id: string) => {
  const { connections } = await ask(api, listProviderConnections, account.apiKey);
  return connections.find((one) => one.id === id);
};
const basic = ({ basicAuth }: Connection) => ({
  authorization: `Basic ${Buffer.from(`${basicAuth?.user}:${basicAuth?.password}`).toString('base64')}`,
});
const seconds = (): string => String(Math.floor(world.clock.now().getTime() / 1000));

describe('a connection', () => {
  it('is made with an address and a password that is shown once, told of, renamed and closed', async () => {
    const made = await connect('postmark');
    assert.equal(made.url, `${publicUrl}/v1/provider-events/${made.id}`);
    assert.deepEqual([made.checks, made.basicAuth?.user], ['basic-auth', 'waxwing']);
    const told = await listed(made.id);
    assert.ok(told !== undefined && !('basicAuth' in told));
    assert.doesNotMatch(JSON.stringify(told), new RegExp(made.basicAuth?.password ?? 'none'));
    const params = { id: made.id };
    const renamed = await ask(api, changeProviderConnection, account.apiKey, { params, body: { name: 'other' } });
    assert.equal(renamed.name, 'other');
    const open = await fetch(`${api.url}/v1/provider-events/${made.id}`, { method: 'HEAD' });
    assert.equal(open.status, 204);
    const deletion = { method: 'DELETE', headers: { authorization: `Bearer ${account.apiKey}` } };
    assert.equal((await fetch(`${api.url}/v1/provider-connections/${made.id}`, deletion)).status, 204);
    assert.equal(await listed(made.id), undefined);
    const call = { body: '{}', headers: basic(made) };
    assert.equal(await refusedAs(made.id, call), '404 connection.not_found');
    assert.equal(await refusal(api, deleteProviderConnection, account.apiKey, { params }), 'connection.not_found');
    assert.equal(await refusal(api, checkProviderAddress, undefined, { params }), 'connection.not_found');
    for (const id of [crypto.randomUUID(), 'x', '%00'])
      assert.equal(await refusedAs(id, { body: '{}' }), '404 connection.not_found');
  });

  it('takes no key that cannot be the provider’s', async () => {
    for (const [provider, verificationKey] of [
      ['sendgrid', 'hello'],
      ['resend', 'whsec_!'],
      ['ses', 'arn:aws:s3:::bucket'],
      ['postmark', 'any'],
    ] as const)
      assert.equal(
        await refusal(api, createProviderConnection, account.apiKey, {
          body: { provider, name: 'x', verificationKey },
        }),
        'provider.key_invalid',
      );
  });

  it('ends where an account has a hundred', async () => {
    const other = await testKeys(world);
    const body = { provider: 'postmark', name: 'one of many' } as const;
    for (let n = 0; n < 100; n++) await ask(api, createProviderConnection, other.apiKey, { body });
    assert.equal(await refusal(api, createProviderConnection, other.apiKey, { body }), 'provider.too_many_connections');
  });
});

describe('a call with the right proof', () => {
  const payload = (provider: ProviderName) => JSON.stringify(tell(provider));
  const one = (provider: ProviderName, who = 'ana') =>
    JSON.stringify(
      tell(
        provider,
        story.filter((told) => told.who === who && told.kind === 'open'),
      )[0],
    );

  it('is taken from SendGrid, and refused changed, unsigned or in the name of basic authentication', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const connection = await connect('sendgrid', publicKey.export({ format: 'der', type: 'spki' }).toString('base64'));
    assert.deepEqual([connection.checks, connection.basicAuth], ['signature', undefined]);
    const timestamp = seconds();
    const body = `${payload('sendgrid')}\r\n`;
    const signature = sign('sha256', Buffer.from(timestamp + body), privateKey).toString('base64');
    const headers = {
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': signature,
    };
    assert.equal((await taken(connection.id, { body, headers })).accepted, 16);
    assert.equal((await taken(connection.id, { body, headers })).duplicates, 16);
    assert.equal(await refusedAs(connection.id, { body: `${body} `, headers }), '401 provider.signature_invalid');
    assert.equal(await refusedAs(connection.id, { body }), '401 provider.signature_missing');
    const told = await listed(connection.id);
    assert.deepEqual([told?.accepted, told?.duplicates, told?.refused], [16, 16, 2]);
    assert.match(told?.lastRefusal?.reason ?? '', /not signed/);
    assert.equal(told?.lastEventAt, world.clock.now().toISOString());
  });

  it('is taken from Resend, and is refused after five minutes', async () => {
    const connection = await connect('resend');
    assert.equal(connection.checks, 'basic-auth');
    const secret = Buffer.from('0123456789abcdef0123456789');
    const params = { id: connection.id };
    const verificationKey = `whsec_${secret.toString('base64')}`;
    const changed = await ask(api, changeProviderConnection, account.apiKey, { params, body: { verificationKey } });
    assert.equal(changed.checks, 'signature');
    const body = one('resend');
    const signed = (timestamp: string) => ({
      'svix-id': 'msg_1',
      'svix-timestamp': timestamp,
      'svix-signature': `v1,${createHmac('sha256', secret).update(`msg_1.${timestamp}.${body}`).digest('base64')}`,
    });
    assert.equal((await taken(connection.id, { body, headers: signed(seconds()) })).accepted, 1);
    const old = String(Number(seconds()) - 301);
    assert.equal(await refusedAs(connection.id, { body, headers: signed(old) }), '401 provider.signature_expired');
    const byPassword = { body, headers: basic(connection) };
    assert.equal(
      await refusedAs(connection.id, byPassword),
      '401 provider.signature_missing',
      'the key has taken its place',
    );
  });

  it('is taken from Mailgun once for each token, and again for the same body alone', async () => {
    const connection = await connect('mailgun', 'signing key');
    const timestamp = seconds();
    const signed = (body: string, token = 'a'.repeat(50)) => {
      const signature = createHmac('sha256', 'signing key')
        .update(timestamp + token)
        .digest('hex');
      return JSON.stringify({ ...(JSON.parse(body) as object), signature: { timestamp, token, signature } });
    };
    const first = signed(one('mailgun', 'bo'));
    assert.equal((await taken(connection.id, { body: first })).accepted, 1);
    assert.equal((await taken(connection.id, { body: first })).duplicates, 1);
    const forged = { body: signed(one('mailgun', 'ana')) };
    assert.equal(await refusedAs(connection.id, forged), '401 provider.signature_replayed');
    assert.equal((await taken(connection.id, { body: signed(one('mailgun', 'ana'), 'b'.repeat(50)) })).accepted, 1);
  });

  it('is taken from Mandrill in its form, signed with our address', async () => {
    const connection = await connect('mandrill', 'webhook key');
    const form = (url: string, events = payload('mandrill')) => ({
      body: new URLSearchParams({ mandrill_events: events }).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-mandrill-signature': createHmac('sha1', 'webhook key')
          .update(`${url}mandrill_events${events}`)
          .digest('base64'),
      },
    });
    assert.equal((await taken(connection.id, form(connection.url))).accepted, 16);
    assert.equal((await taken(connection.id, form(`${api.url}/v1/provider-events/${connection.id}`))).duplicates, 16);
    assert.deepEqual(await taken(connection.id, form(connection.url, '[]')), {
      accepted: 0,
      duplicates: 0,
      ignored: 0,
      refused: [],
    });
    assert.equal(await refusedAs(connection.id, form('https://other.example')), '401 provider.signature_invalid');
    const other = { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    assert.equal(await refusedAs(connection.id, other), '400 provider.payload_unknown');
  });

  it('is taken from Postmark and SparkPost with the password alone', async () => {
    for (const provider of ['postmark', 'sparkpost'] as const) {
      const connection = await connect(provider);
      const headers = basic(connection);
      assert.equal((await taken(connection.id, { body: payload(provider), headers })).accepted, 16);
      assert.equal(await refusedAs(connection.id, { body: payload(provider) }), '401 provider.signature_missing');
      const wrong = { authorization: `Basic ${Buffer.from('waxwing:wrong').toString('base64')}` };
      assert.equal(await refusedAs(connection.id, { body: '[]', headers: wrong }), '401 provider.signature_invalid');
      const key = { authorization: `Bearer ${account.apiKey}` };
      assert.equal(await refusedAs(connection.id, { body: '[]', headers: key }), '401 provider.signature_missing');
    }
  });
});

describe('Amazon SES', () => {
  const text = { 'content-type': 'text/plain; charset=UTF-8' };
  const envelope = (fields: Record<string, string>) => ({
    body: JSON.stringify(amazon.envelope(fields)),
    headers: text,
  });
  const events = tell('ses').map((record) => JSON.stringify(record));

  it('is subscribed to when Amazon itself asks, by one visit, and then tells', async () => {
    const connection = await connect('ses');
    assert.equal(connection.checks, 'signature-or-basic-auth');
    const SubscribeURL = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t';
    const asking = { Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL };
    amazon.asked.length = 0;
    const forged = { ...amazon.envelope(asking), SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?evil' };
    assert.equal(
      await refusedAs(connection.id, { body: JSON.stringify(forged), headers: text }),
      '401 provider.signature_invalid',
    );
    assert.equal(amazon.asked.filter((url) => url.includes('evil')).length, 0, 'nothing is visited unproven');
    assert.equal((await taken(connection.id, envelope(asking))).ignored, 1);
    assert.deepEqual(
      amazon.asked.filter((url) => !url.endsWith('.pem')),
      [SubscribeURL],
    );
    for (const Message of events)
      assert.equal((await taken(connection.id, envelope({ Message, SignatureVersion: '1' }))).accepted, 1);
    const TopicArn = `${topic}-of-somebody-else`;
    assert.equal(
      await refusedAs(connection.id, envelope({ Message: '{}', TopicArn })),
      '401 provider.signature_invalid',
    );
  });

  it('is asked again when its own answer fails', async () => {
    const connection = await connect('ses', topic);
    const SubscribeURL = 'https://elsewhere.example/';
    const asking = envelope({ Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL });
    assert.equal(await refusedAs(connection.id, asking), '503 server.unavailable');
  });

  it('may send raw messages, with the password only', async () => {
    const connection = await connect('ses');
    const raw = { ...text, 'x-amz-sns-rawdelivery': 'true' };
    const body = events[0] ?? '';
    const asked = await post(connection.id, { body, headers: raw });
    assert.deepEqual([asked.status, asked.headers.get('www-authenticate')], [401, 'Basic realm="waxwing"']);
    assert.equal((await listed(connection.id))?.refused, 0, 'Amazon gives its password only when asked');
    assert.equal((await taken(connection.id, { body, headers: { ...raw, ...basic(connection) } })).duplicates, 1);
    const batch = { body: `[${body}]`, headers: { ...raw, ...basic(connection) } };
    assert.equal(await refusedAs(connection.id, batch), '401 provider.signature_invalid');
  });
});

describe('an API key', () => {
  it('stands for the signature, but does not heal a wrong one', async () => {
    const connection = await connect('resend', `whsec_${Buffer.alloc(24, 7).toString('base64')}`);
    const query = { connection: connection.id };
    const body = tell('resend')[0];
    const unsigned = await ask(api, importProviderEvents, account.apiKey, { query, body });
    assert.equal(unsigned.accepted + unsigned.duplicates, 1);
    assert.equal((await listed(connection.id))?.lastEventAt, world.clock.now().toISOString());
    const response = await fetch(`${api.url}/v1/provider-events?connection=${connection.id}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${account.apiKey}`,
        'content-type': 'application/json',
        'svix-id': 'x',
        'svix-timestamp': seconds(),
        'svix-signature': 'v1,AAAA',
      },
      body: '{}',
    });
    assert.equal(((await response.json()) as { code: string }).code, 'provider.signature_invalid');
    const other = await testKeys(world);
    assert.equal(await refusal(api, importProviderEvents, other.apiKey, { query, body }), 'connection.not_found');
    const mismatch = { query: { ...query, provider: 'ses' }, body };
    assert.equal(await refusal(api, importProviderEvents, account.apiKey, mismatch), 'provider.payload_unknown');
    assert.equal(await refusal(api, importProviderEvents, account.apiKey, { body }), 'request.malformed');
  });
});

describe('many wrong calls', () => {
  it('are refused without a word in the database, while the right ones go on', async () => {
    const connection = await connect('postmark');
    const codes = [];
    const headers = { authorization: `Basic ${Buffer.from('waxwing:wrong').toString('base64')}` };
    for (let n = 0; n < 33; n++) codes.push(await refusedAs(connection.id, { body: '{}', headers }));
    assert.deepEqual(new Set(codes.slice(0, 30)), new Set(['401 provider.signature_invalid']));
    assert.deepEqual(new Set(codes.slice(30)), new Set(['429 request.rate_limited']));
    assert.equal(
      await refusedAs(connection.id, { body: '{}' }),
      '401 provider.signature_missing',
      'asked for a password',
    );
    assert.equal((await listed(connection.id))?.refused, 30);
    const call = { body: JSON.stringify({ RecordType: 'SubscriptionChange' }), headers: basic(connection) };
    assert.equal((await taken(connection.id, call)).ignored, 1);
  });
});

describe('a hostile body', () => {
  let id = '';
  let headers: Record<string, string> = {};
  before(async () => {
    const connection = await connect('sparkpost');
    id = connection.id;
    headers = basic(connection);
  });
  const open = (fields: object) => ({
    msys: {
      track_event: { type: 'open', message_id: 'm', rcpt_to: 'eve@hill.example', timestamp: '1795334400', ...fields },
    },
  });

  it('is refused as a whole when it is no JSON, no payload, too large or too much', async () => {
    assert.equal(await refusedAs(id, { body: '{', headers }), '400 request.invalid_json');
    assert.equal(await refusedAs(id, { body: '"x"', headers }), '400 provider.payload_unknown');
    assert.equal(await refusedAs(id, { body: 'null', headers }), '400 provider.payload_unknown');
    const many = { body: JSON.stringify(Array.from({ length: 10_001 }, () => 0)), headers };
    assert.equal(await refusedAs(id, many), '413 provider.too_many_events');
    const large = { body: `["${'x'.repeat(17 * 1024 * 1024)}"]`, headers };
    assert.equal(await refusedAs(id, large), '413 request.too_large');
    const other = { body: '<a/>', headers: { ...headers, 'content-type': 'application/xml' } };
    assert.equal(await refusedAs(id, other), '415 request.unsupported_media_type');
  });

  it('loses its wrong parts, with their places and reasons, and keeps the right ones', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const parts = [
      JSON.stringify(open({ event_id: 'good' })),
      deep,
      '{"msys":{"track_event":{"type":"open","__proto__":{"message_id":"m","rcpt_to":"x@hill.example"}}}}',
      '{"__proto__":{"msys":{}}}',
      '7',
      'null',
      JSON.stringify(open({ timestamp: 'yesterday' })),
      JSON.stringify(open({ timestamp: 4e12 })),
      JSON.stringify(open({ rcpt_to: { a: 1 } })),
      JSON.stringify(open({ rcpt_to: 'x'.repeat(100_000) })),
      JSON.stringify(open({ message_id: 'a\u0000b' })),
      JSON.stringify(open({ message_id: ['m'] })),
      JSON.stringify(open({ event_id: 'agent', user_agent: `a\u0000b${'x'.repeat(100_000)}`, ip_address: '<script>' })),
      JSON.stringify(open({ event_id: 'half', campaign_id: '\ud800', rcpt_tags: deep })),
    ];
    const result = await taken(id, { body: `[${parts.join(',')}]`, headers });
    assert.deepEqual([result.accepted, result.ignored], [3, 1]);
    assert.deepEqual(
      result.refused.map(({ index }) => index),
      [1, 2, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.match(result.refused.find(({ index }) => index === 6)?.reason ?? '', /no usable time/);
    assert.match(result.refused.find(({ index }) => index === 8)?.reason ?? '', /no usable recipient address/);
    assert.match(result.refused.find(({ index }) => index === 10)?.reason ?? '', /no usable message id/);
    assert.equal((await listed(id))?.lastRefusal?.reason, result.refused[0]?.reason);
  });
});

describe('what came in', () => {
  it('is nowhere in clear: not in the database’s texts, the audit or the log', async () => {
    const rows = await world.db.readAccount(account.accountId, (tx) =>
      tx.query(sql`
        SELECT m::text AS row FROM messages m UNION ALL SELECT r::text FROM recipients r UNION ALL SELECT e::text FROM events e
        UNION ALL SELECT a::text FROM audit_entries a UNION ALL SELECT c::text FROM provider_connections c
        UNION ALL SELECT p::text FROM provider_events p UNION ALL SELECT d::text FROM dimensions d`),
    );
    assert.ok(rows.length > 50);
    const told = JSON.stringify(rows) + world.logLines.join('\n');
    for (const secret of ['hill.example', 'ana', '198.51.100', 'signing key', 'whsec_', 'clinic.example/book'])
      assert.ok(!told.includes(secret) && !told.includes(Buffer.from(secret).toString('hex')), secret);
  });

  it('is told to the audit log in counts', async () => {
    const rows = await world.db.readAccount(account.accountId, (tx) =>
      tx.query<{ action: string }>(sql`SELECT DISTINCT action FROM audit_entries ORDER BY 1`),
    );
    const actions = rows.map(({ action }) => action);
    for (const action of [
      'provider_connection.changed',
      'provider_connection.created',
      'provider_connection.deleted',
      'provider_events.taken',
    ])
      assert.ok(actions.includes(action), action);
  });
});

describe('without an address of its own', () => {
  it('a connection is where its maker reached us', async () => {
    const local = await startApi({ ...world, metrics: new Registry() }, () => providerRoutes(world, {}));
    try {
      const body = { provider: 'sparkpost', name: 'here' } as const;
      const made = await ask(local, createProviderConnection, account.apiKey, { body });
      assert.equal(made.url, `${local.url}/v1/provider-events/${made.id}`);
      assert.equal((await fetch(made.url)).status, 204);
    } finally {
      await local.close();
    }
  });
});

describe('a provider’s other name', () => {
  it('is understood, and told as the one that answers use', async () => {
    const body = { provider: 'mailchimp-transactional', name: 'x' } as const;
    assert.equal((await ask(api, createProviderConnection, account.apiKey, { body })).provider, 'mandrill');
    const taken = await ask(api, importProviderEvents, account.apiKey, {
      query: { provider: 'aws-ses' },
      body: tell('ses'),
    });
    assert.equal(taken.accepted + taken.duplicates, 16);
    const unknown = { query: { provider: 'constructor' }, body: [] };
    assert.equal(await refusal(api, importProviderEvents, account.apiKey, unknown), 'request.malformed');
  });
});
