/** Signatures against published examples where there are any, and against what openssl made where not. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Amazon, openAmazon, topic } from '../../test/kit/amazon.ts';
import { checkPassword } from './basic-auth.ts';
import { isUsableKey } from './check-call.ts';
import { hashOf } from './equal-secrets.ts';
import type { Proof, ProviderCall } from './proof.ts';
import { checkMailgun, checkMandrill, checkResend, checkSendGrid } from './signatures.ts';
import { openSns } from './sns.ts';

const call = (rawBody: string, headers: Record<string, string>, more: Partial<ProviderCall> = {}): ProviderCall => ({
  headers,
  rawBody: Buffer.from(rawBody),
  payload: undefined,
  form: null,
  addresses: [],
  ...more,
});
const kindOf = (proof: Proof): string => proof.kind;

describe('SendGrid’s signature', () => {
  // From the tests of github.com/sendgrid/sendgrid-nodejs, packages/eventwebhook.
  const key =
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==';
  const signature = 'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=';
  const body = `${JSON.stringify([
    {
      email: 'hello@world.com',
      event: 'dropped',
      reason: 'Bounced Address',
      sg_event_id: 'ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA',
      sg_message_id: 'LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0',
      'smtp-id': '<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>',
      timestamp: 1600112492,
    },
  ])}\r\n`;
  const headers = {
    'x-twilio-email-event-webhook-signature': signature,
    'x-twilio-email-event-webhook-timestamp': '1600112502',
  };
  const nowMs = 1_600_112_600_000;

  it('is right in the published example', () => {
    assert.equal(kindOf(checkSendGrid(call(body, headers), key, nowMs)), 'proven');
    assert.equal(
      kindOf(checkSendGrid(call(body, headers), `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----`, nowMs)),
      'proven',
    );
  });

  it('is wrong when body, time or key is another, absent when it is absent, and ages', () => {
    assert.equal(kindOf(checkSendGrid(call(`${body} `, headers), key, nowMs)), 'invalid');
    const later = { ...headers, 'x-twilio-email-event-webhook-timestamp': '1600112503' };
    assert.equal(kindOf(checkSendGrid(call(body, later), key, nowMs)), 'invalid');
    assert.equal(kindOf(checkSendGrid(call(body, headers), 'bm9uc2Vuc2U=', nowMs)), 'invalid');
    const mangled = { ...headers, 'x-twilio-email-event-webhook-signature': 'AAAA' };
    assert.equal(kindOf(checkSendGrid(call(body, mangled), key, nowMs)), 'invalid');
    assert.equal(kindOf(checkSendGrid(call(body, {}), key, nowMs)), 'missing');
    assert.equal(kindOf(checkSendGrid(call(body, headers), key, nowMs + 26 * 3_600_000)), 'expired');
    assert.equal(kindOf(checkSendGrid(call(body, headers), key, nowMs - 3_600_000)), 'expired');
  });

  it('takes a key of its own curve only', () => {
    assert.equal(isUsableKey('sendgrid', key), true);
    for (const other of ['', 'hello', key.slice(0, 60)]) assert.equal(isUsableKey('sendgrid', other), false);
  });
});

describe('Resend’s signature', () => {
  // The example of docs.svix.com/receiving/verifying-payloads/how-manual.
  const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"test": 2432232314}';
  const right = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  const headers = {
    'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'svix-timestamp': '1614265330',
    'svix-signature': right,
  };
  const nowMs = 1_614_265_330_000;

  it('is right in the published example, alone and among others', () => {
    assert.equal(kindOf(checkResend(call(body, headers), key, nowMs)), 'proven');
    const several = { ...headers, 'svix-signature': `v1,AAAA ${right} v1a,BBBB` };
    assert.equal(kindOf(checkResend(call(body, several), key, nowMs)), 'proven');
  });

  it('is wrong for another body, id, time or key; is told missing; holds for five minutes', () => {
    assert.equal(kindOf(checkResend(call('{"test": 2432232315}', headers), key, nowMs)), 'invalid');
    assert.equal(kindOf(checkResend(call(body, { ...headers, 'svix-id': 'msg_x' }), key, nowMs)), 'invalid');
    assert.equal(
      kindOf(checkResend(call(body, { ...headers, 'svix-timestamp': '1614265331' }), key, nowMs)),
      'invalid',
    );
    assert.equal(kindOf(checkResend(call(body, headers), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAA', nowMs)), 'invalid');
    assert.equal(kindOf(checkResend(call(body, {}), key, nowMs)), 'missing');
    assert.equal(kindOf(checkResend(call(body, headers), key, nowMs + 5 * 60_000)), 'proven');
    assert.equal(kindOf(checkResend(call(body, headers), key, nowMs + 5 * 60_000 + 1)), 'expired');
    assert.equal(kindOf(checkResend(call(body, headers), key, nowMs - 6 * 60_000)), 'expired');
  });
});

describe('Mailgun’s signature', () => {
  const key = 'key-3ax6xnjp29jd6fds4gc373sgvjxteol0';
  const nowMs = 1_795_334_400_000;
  // openssl dgst -sha256 -hmac KEY, of time and token
  const ofAbc = '4c361f9586be7361df6a18c8aea04d91b42878c480fd3e85ede9296794cc3b02';
  const ofAbcLongAgo = 'a7f4068ec405ccbc97c153b13c57022316be12e7d532315f8e531a297fcf4d11';
  const payload = (timestamp: string, token: string, signature: string) => ({
    payload: { signature: { timestamp, token, signature }, 'event-data': {} },
  });

  it('is what openssl makes of time and token, and holds for one body', () => {
    const at = String(nowMs / 1000);
    const proof = checkMailgun(call('{}', {}, payload(at, 'abc', ofAbc)), key, nowMs);
    assert.deepEqual(proof, { kind: 'proven', once: { token: 'abc', bodyHash: hashOf('{}') } });
  });

  it('is refused wrong, old, from the future and absent', () => {
    const at = String(nowMs / 1000);
    assert.equal(kindOf(checkMailgun(call('', {}, payload(at, 'abd', ofAbc)), key, nowMs)), 'invalid');
    assert.equal(kindOf(checkMailgun(call('', {}, payload(at, 'abc', ofAbc)), 'other', nowMs)), 'invalid');
    const old = String(nowMs / 1000 - 26 * 3600);
    assert.equal(kindOf(checkMailgun(call('', {}, payload(old, 'abc', ofAbcLongAgo)), key, nowMs)), 'expired');
    for (const nothing of [null, [], 'x', { signature: { timestamp: {}, token: [], signature: 1 } }])
      assert.equal(kindOf(checkMailgun(call('', {}, { payload: nothing }), key, nowMs)), 'missing');
  });
});

describe('Mandrill’s signature', () => {
  const key = 'sUY8sYB6RNzx2dPtW2RWgA';
  const address = 'https://waxwing.example/v1/provider-events/1';
  const form = new Map([
    ['mandrill_events', '[{"event":"open"}]'],
    ['another', 'ü'],
  ]);
  // openssl dgst -sha1 -hmac KEY, of the address and the fields in order
  const signature = 'a1wdIJIiBlFdPOc3w5UfoIcNe4w=';

  it('is what openssl makes of the address and the sorted fields, at any address of ours', () => {
    const headers = { 'x-mandrill-signature': signature };
    assert.equal(
      kindOf(checkMandrill(call('', headers, { form, addresses: ['http://x', address] }), key, 0)),
      'proven',
    );
    assert.equal(kindOf(checkMandrill(call('', headers, { form, addresses: ['http://x'] }), key, 0)), 'invalid');
    assert.equal(kindOf(checkMandrill(call('', headers, { form, addresses: [address] }), 'other', 0)), 'invalid');
    assert.equal(kindOf(checkMandrill(call('', {}, { form, addresses: [address] }), key, 0)), 'missing');
    const more = new Map([...form, ['extra', '1']]);
    assert.equal(kindOf(checkMandrill(call('', headers, { form: more, addresses: [address] }), key, 0)), 'invalid');
  });
});

describe('a connection’s password', () => {
  const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
  it('is right in full, with its user, and nothing else', () => {
    const kept = hashOf('secret:with:colons');
    assert.equal(kindOf(checkPassword(basic('waxwing:secret:with:colons'), kept)), 'proven');
    for (const wrong of ['waxwing:secret', 'other:secret:with:colons', 'waxwing', '', ':'])
      assert.equal(kindOf(checkPassword(basic(wrong), kept)), 'invalid', wrong);
    assert.equal(kindOf(checkPassword({ headers: {} }, kept)), 'missing');
    assert.equal(kindOf(checkPassword({ headers: { authorization: 'Bearer x' } }, kept)), 'missing');
    assert.equal(kindOf(checkPassword(basic('waxwing:'), null)), 'missing');
  });
});

describe('Amazon SNS’s signature', () => {
  const nowMs = Date.now();
  let amazon: Amazon;
  before(async () => {
    amazon = await openAmazon();
  });
  after(() => amazon.close());

  const envelope = (more: Record<string, string> = {}) => amazon.envelope(more);
  const sns = () => openSns(amazon.fetch);
  const answering = (body: string, ok = true) =>
    openSns(async () => ({ ok, arrayBuffer: async () => new TextEncoder().encode(body).buffer }));

  it('is right in both versions, for messages and for subscriptions', async () => {
    for (const version of ['1', '2']) {
      assert.equal(kindOf(await sns().check(envelope({ SignatureVersion: version }), null, nowMs)), 'proven');
      const subscription = {
        SignatureVersion: version,
        Type: 'SubscriptionConfirmation',
        Token: 't',
        SubscribeURL: 'https://x',
      };
      assert.equal(kindOf(await sns().check(envelope(subscription), topic, nowMs)), 'proven');
    }
  });

  it('is wrong when anything it covers was changed', async () => {
    const right = envelope();
    for (const change of [{ Message: 'Hello' }, { Subject: 'x' }, { MessageId: 'x' }, { Signature: 'AAAA' }])
      assert.equal(kindOf(await sns().check({ ...right, ...change }, null, nowMs)), 'invalid', JSON.stringify(change));
    assert.equal(kindOf(await sns().check({ ...right, Signature: 1 }, null, nowMs)), 'missing');
    assert.equal(kindOf(await sns().check({ ...right, SignatureVersion: 'constructor' }, null, nowMs)), 'invalid');
  });

  it('is not asked for elsewhere than at Amazon’s', async () => {
    amazon.asked.length = 0;
    for (const url of [
      'http://sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com.evil.example/x.pem',
      'https://evil.example/sns.eu-west-1.amazonaws.com/x.pem',
      'https://user:password@sns.eu-west-1.amazonaws.com/x.pem',
      'https://sns.eu-west-1.amazonaws.com:8443/x.pem',
      'https://sns.eu-west-1.amazonaws.com/x.txt',
      'https://s3.eu-west-1.amazonaws.com/sns/x.pem',
      'https://sns.eu-west-1.s3.amazonaws.com/x.pem',
      'https://evilsns.eu-west-1.amazonaws.com/x.pem',
      'file:///etc/passwd.pem',
      '',
    ])
      assert.equal(kindOf(await sns().check(envelope({ SigningCertURL: url }), null, nowMs)), 'invalid', url);
    assert.deepEqual(amazon.asked, []);
    const confirming = sns();
    assert.equal(await confirming.confirm(envelope({ SubscribeURL: 'https://evil.example/' })), false);
    assert.deepEqual(amazon.asked, []);
  });

  it('is refused of another topic, of another day, and where the certificate is none', async () => {
    assert.equal(kindOf(await sns().check(envelope(), `${topic}2`, nowMs)), 'invalid');
    assert.equal(kindOf(await sns().check(envelope(), topic, nowMs + 26 * 3_600_000)), 'expired');
    assert.equal(kindOf(await answering('no').check(envelope(), topic, nowMs)), 'invalid');
    assert.equal(kindOf(await answering('x'.repeat(65 * 1024)).check(envelope(), topic, nowMs)), 'invalid');
    assert.equal(kindOf(await answering('', false).check(envelope(), topic, nowMs)), 'invalid');
    assert.equal(
      kindOf(
        await sns().check(
          envelope({ Timestamp: new Date(nowMs + 5 * 86_400_000).toISOString() }),
          topic,
          nowMs + 5 * 86_400_000,
        ),
      ),
      'invalid',
      'the certificate has ended',
    );
  });

  it('asks for a certificate once', async () => {
    const one = sns();
    amazon.asked.length = 0;
    for (let n = 0; n < 3; n++) assert.equal(kindOf(await one.check(envelope(), null, nowMs)), 'proven');
    assert.equal(amazon.asked.length, 1);
  });
});
