import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import pg from 'pg';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { mail as mailOf, RawClient, startTestSubmission } from '../../test/kit/submission.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes, listAccounts, type NewAccount } from '../accounts/index.ts';
import { sendMessage } from '../contract/messages.ts';
import {
  addSender,
  checkSender,
  deleteSender,
  listSenders,
  readSender,
  rotateSenderKeys,
  type Sender,
  verifySender,
} from '../contract/senders.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import { startDelivery } from '../delivery/index.ts';
import { openLookUp } from '../platform/look-up.ts';
import { sendingRoutes } from '../sending/index.ts';
import { senderRoutes } from './index.ts';
import { lookAround } from './worker.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let dns: DnsServer;
let api: TestApi;
let mine: NewAccount;
let theirs: NewAccount;
const ourAddress = '198.51.100.7';

before(async () => {
  world = await testWorld();
  mine = await createTestAccount(world);
  theirs = await createTestAccount(world, 'Another Clinic');
  dns = await startDnsServer({});
  const options = {
    ...{ dnsServers: [dns.address], sendingAddresses: [ourAddress], hostname: 'mail.clinic.example' },
    ...{ hasSmarthost: false, trackingUrl: 'https://192.0.2.7' },
  };
  api = await startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...senderRoutes(world, options),
    ...sendingRoutes(world, { trackingUrl: 'https://t.clinic.example' }),
  ]);
});
after(async () => {
  await api.close();
  await dns.close();
  await world.close();
});

const add = (domain: string, account = mine): Promise<Sender> =>
  ask(api, addSender, account.apiKey, { body: { domain } });
const verify = (domain: string, account = mine): Promise<Sender> =>
  ask(api, verifySender, account.apiKey, { params: { domain } });
const recordOf = (sender: Sender, purpose: string) => sender.records.find((one) => one.purpose === purpose);

/** Publishes as the page says. */
function publish(sender: Sender, ...purposes: readonly string[]): void {
  for (const { purpose, name, value } of sender.records)
    if (purposes.includes(purpose)) dns.tell(name, { txt: [value] });
}
const everything = ['ownership', 'dkim', 'spf', 'dmarc'];

async function signing(domain: string): Promise<Sender> {
  publish(await add(domain), ...everything);
  return verify(domain);
}

test('a domain is added with what to publish, and verified once its owner did', async () => {
  const added = await add(' Praxis-Müller.example. ');
  assert.equal(added.domain, 'xn--praxis-mller-klb.example');
  assert.equal(added.status, 'unverified');
  assert.deepEqual(
    added.records.map(({ purpose, state }) => [purpose, state]),
    ['ownership', 'dkim', 'dkim', 'spf', 'dmarc', 'mta-sts', 'tls-rpt'].map((purpose) => [purpose, 'unchecked']),
  );
  assert.match(recordOf(added, 'spf')?.value ?? '', /^v=spf1 ip4:198\.51\.100\.7 ~all$/);
  const nothing = await verify(added.domain);
  assert.deepEqual([nothing.status, recordOf(nothing, 'ownership')?.state], ['unverified', 'missing']);
  publish(added, ...everything);
  const seen = await verify(added.domain);
  assert.deepEqual(
    [seen.status, seen.problems],
    ['signing', 0],
    JSON.stringify(seen.records.flatMap((one) => one.problems)),
  );
  assert.deepEqual(
    seen.keys.map(({ algorithm, state }) => [algorithm, state]),
    [
      ['rsa-sha256', 'signing'],
      ['ed25519-sha256', 'signing'],
    ],
  );
  const again = await ask(api, readSender, mine.apiKey, { params: { domain: 'praxis-müller.example' } });
  assert.deepEqual(again, seen);
  const { senders } = await ask(api, listSenders, mine.apiKey);
  assert.ok(senders.some(({ domain, status }) => domain === added.domain && status === 'signing'));
});

test('what is no domain, is there already or is nowhere is refused', async () => {
  await add('once.example');
  const code = (body: unknown) => refusal(api, addSender, mine.apiKey, { body });
  for (const domain of [
    'localhost',
    '192.0.2.1',
    'a b.example',
    'care@clinic.example',
    'https://clinic.example/',
    'a\u202Eb.example',
  ])
    assert.equal(await code({ domain }), 'sender_domain.invalid', domain);
  assert.equal(await code({ domain: 'ONCE.example' }), 'sender_domain.exists');
  for (const endpoint of [readSender, verifySender, checkSender, rotateSenderKeys, deleteSender])
    assert.equal(
      await refusal(api, endpoint, theirs.apiKey, { params: { domain: 'once.example' } }),
      'sender_domain.not_found',
    );
});

test('a domain that another account has shown to be theirs is not taken, until they remove it', async () => {
  publish(await add('contested.example'), 'ownership');
  await verify('contested.example');
  const other = await add('contested.example', theirs);
  publish(other, 'ownership');
  const asked = { params: { domain: 'contested.example' } };
  assert.equal(await refusal(api, verifySender, theirs.apiKey, asked), 'sender_domain.claimed');
  const gone = await fetch(`${api.url}/v1/senders/contested.example`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${mine.apiKey}` },
  });
  assert.equal(gone.status, 204);
  assert.equal((await verify('contested.example', theirs)).status, 'verified');
});

test('what is wrong in the DNS is said in words', async () => {
  const domain = 'wrong.example';
  const added = await add(domain);
  const [first, second] = added.records.filter(({ purpose }) => purpose === 'dkim');
  dns.tell(domain, { txt: ['v=spf1 include:a.example -all', 'v=spf1 mx ~all', 'unrelated'] });
  dns.tell(first?.name ?? '', { txt: [(first?.value ?? '').slice(0, 255)] });
  dns.tell(second?.name ?? '', { txt: [`v=DKIM1; k=ed25519; p=${'A'.repeat(43)}=`] });
  dns.tell(`_dmarc.${domain}`, { txt: ['v=DMARC1; p=noone'] });
  const seen = await verify(domain);
  assert.equal(seen.status, 'unverified');
  const problems = new Map(seen.records.map(({ name, problems }) => [name, problems.join(' ')]));
  assert.match(problems.get(domain) ?? '', /There are 2 SPF records/);
  assert.match(problems.get(first?.name ?? '') ?? '', /cut short/);
  assert.match(problems.get(second?.name ?? '') ?? '', /another one/);
  assert.match(problems.get(`_dmarc.${domain}`) ?? '', /no policy that there is/);
  dns.tell(domain, { txt: ['v=spf1 include:x.example -all'] });
  for (let i = 0; i < 12; i++)
    dns.tell(`${'x'.repeat(i + 1)}.example`, { txt: [`v=spf1 include:${'x'.repeat(i + 2)}.example -all`] });
  assert.match(recordOf(await verify(domain), 'spf')?.problems.join() ?? '', /more than ten DNS lookups/);
  dns.tell(domain, { txt: ['v=spf1 ip4:203.0.113.0/24 -all'] });
  const other = recordOf(await verify(domain), 'spf');
  assert.match(other?.problems.join() ?? '', /does not allow 198\.51\.100\.7/);
  assert.equal(other?.value, 'v=spf1 ip4:203.0.113.0/24 ip4:198.51.100.7 -all', 'with what is there already');
  dns.tell(`_waxwing.${domain}`, { broken: true });
  assert.equal(recordOf(await verify(domain), 'ownership')?.state, 'unknown');
});

test('new keys sign once they are seen; the old ones do so until then, and go a week later', async () => {
  const domain = 'rotating.example';
  const before = await signing(domain);
  const rotated = await ask(api, rotateSenderKeys, mine.apiKey, { params: { domain } });
  const states = (sender: Sender) => sender.keys.map(({ state }) => state).toSorted();
  assert.deepEqual(states(rotated), ['signing', 'signing', 'waiting', 'waiting']);
  assert.equal(new Set(rotated.keys.map(({ selector }) => selector)).size, 4);
  assert.equal(await refusal(api, rotateSenderKeys, mine.apiKey, { params: { domain } }), 'sender_domain.rotating');
  publish(rotated, 'dkim');
  const after = await verify(domain);
  assert.deepEqual(states(after), ['retired', 'retired', 'signing', 'signing']);
  const retired = after.keys.filter(({ state }) => state === 'retired');
  assert.deepEqual(
    retired.map(({ selector }) => selector).toSorted(),
    before.keys.map(({ selector }) => selector).toSorted(),
  );
  world.clock.advance(8 * 86_400_000);
  assert.deepEqual(states(await verify(domain)), ['signing', 'signing']);
});

test('delivered mail bears both signatures of its author’s domain, and names below it are signed by it', async () => {
  const domain = 'signed.example';
  const { keys } = await signing(domain);
  const sink = await startSmtpSink();
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ smarthost: `smtp://127.0.0.1:${sink.port}`, mxPort: 25, trackingUrl: 'https://t.clinic.example' },
      ...{ helloName: 'clinic.example', dnsServers: [dns.address], pollMs: 20 },
    },
  );
  try {
    for (const from of [`Clinic <care@${domain}>`, `care@news.${domain}`]) {
      const body = {
        from,
        to: ['ana@example.org'],
        subject: 'Grüße',
        html: '<p>Grüße <a href="https://a.example">a</a></p>',
        campaign: 'news',
      };
      const answer = await ask(api, sendMessage, mine.apiKey, { body });
      assert.equal(answer.warnings, undefined);
    }
    const unsigned = { from: 'care@nobody.example', to: ['ana@example.org'], subject: 'Hi', text: 'Hi' };
    assert.match((await ask(api, sendMessage, mine.apiKey, { body: unsigned })).warnings?.join() ?? '', /not verified/);
    delivery.nudge();
    await sink.waitFor(3);
    for (const { from, bytes } of sink.received) {
      const { results } = await dkimVerify(bytes, { resolver: mailauthResolver, minBitLength: 1024 });
      const verdicts = results.map((one) => [one.signingDomain, one.selector, one.status.result]);
      const expected = from.includes('nobody') ? [] : keys.map(({ selector }) => [domain, selector, 'pass']);
      if (from.includes('nobody')) assert.doesNotMatch(bytes.toString(), /^DKIM-Signature/im);
      else {
        assert.deepEqual(verdicts, expected);
        assert.match(
          bytes.toString(),
          /^List-Unsubscribe: <https:.*\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: /m,
        );
        for (const { signingHeaders } of results)
          assert.ok(
            ['list-unsubscribe', 'list-unsubscribe-post'].every((name) =>
              signingHeaders?.keys.toLowerCase().includes(name),
            ),
          );
      }
    }
  } finally {
    await delivery.close();
    await sink.close();
  }
});

const mailauthResolver = async (name: string, type: string): Promise<string[][]> => {
  assert.equal(type, 'TXT');
  const found = await openLookUp([dns.address]).texts(name);
  if (found.kind !== 'found') throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
  return found.records.map((text) => [text]);
};

test('nobody sends by a domain that another account has shown to be theirs, or by one below it', async () => {
  await signing('shown.example');
  const mail = (from: string) => ({ body: { from, to: ['ana@example.org'], subject: 'Hello', text: 'Hello' } });
  for (const from of ['care@shown.example', 'care@Sub.Shown.example'])
    assert.equal(await refusal(api, sendMessage, theirs.apiKey, mail(from)), 'sender.of_another', from);
  await ask(api, sendMessage, theirs.apiKey, mail('care@notshown.example'));
  await ask(api, sendMessage, mine.apiKey, mail('care@shown.example'));
});

test('nobody’s mail by SMTP has an envelope sender of a domain that another account has shown to be theirs', async () => {
  await signing('envelope.example');
  const submission = await startTestSubmission(world);
  const answerTo = async (apiKey: string, envelopeFrom: string): Promise<string> => {
    const client = await RawClient.signedIn(submission.port, apiKey);
    await client.envelope(envelopeFrom, 'ana@example.org');
    const reply = await client.content(mailOf('From: care@theirs.example', 'Subject: Hello', '', 'Hello'));
    client.close();
    return reply;
  };
  try {
    for (const address of ['care@envelope.example', 'care@sub.Envelope.example'])
      assert.match(await answerTo(theirs.apiKey, address), /^550 5\.7\.1 sender\.of_another /, address);
    for (const address of ['', 'care@theirs.example', 'care@neither.example'])
      assert.match(await answerTo(theirs.apiKey, address), /^250 /, address);
    assert.match(await answerTo(mine.apiKey, 'care@envelope.example'), /^250 /, 'its own account');
  } finally {
    await submission.close();
  }
});

test('nobody’s mail names in its Sender field a domain that another account has shown to be theirs, however it is written', async () => {
  await signing('on-behalf.example');
  const submission = await startTestSubmission(world);
  const answerTo = async (apiKey: string, ...fields: readonly string[]): Promise<string> => {
    const client = await RawClient.signedIn(submission.port, apiKey);
    await client.envelope('care@theirs.example', 'ana@example.org');
    const reply = await client.content(mailOf('From: care@theirs.example', ...fields, 'Subject: Hello', '', 'Hello'));
    client.close();
    return reply;
  };
  try {
    for (const fields of [
      ['Sender: care@on-behalf.example'],
      ['sEnDeR:\r\n "Care" <care@Sub.On-Behalf.Example>'],
      ['Sender: care@theirs.example', 'Sender: care@on-behalf.example'],
      ['Sender: care@theirs.example, care@on-behalf.example'],
      ['Sender: care@(a clinic)on-behalf.example'],
      ['Sender: care@on-behalf。example'],
      ['Sender: Care care@on-behalf.example here'],
      ['Sender: =?utf-8?q?care=40on-behalf.example?='],
      ['Sender: <care@on-behalf.example'],
    ])
      assert.match(await answerTo(theirs.apiKey, ...fields), /^550 5\.7\.1 sender\.of_another /, fields.join(' '));
    for (const field of [
      'Sender: care@theirs.example',
      'Sender: root',
      'Sender:',
      'Sender: "a@on-behalf.example" <a@b.example>',
    ])
      assert.match(await answerTo(theirs.apiKey, field), /^250 /, field);
    const many = `Sender: ${Array.from({ length: 6 }, (_, place) => `a@n${place}.example`).join(', ')}`;
    assert.match(await answerTo(theirs.apiKey, many), /^5\d\d .*message\.header_malformed/);
    assert.match(await answerTo(mine.apiKey, 'Sender: care@on-behalf.example'), /^250 /, 'its own account');
  } finally {
    await submission.close();
  }
});

test('an account that asks for verified senders sends by those only', async () => {
  await signing('asked.example');
  await ask(api, changeOutboundSettings, mine.apiKey, { body: { requireVerifiedSender: true } });
  const mail = (from: string) => ({ body: { from, to: ['ana@example.org'], subject: 'Hello', text: 'Hello' } });
  await ask(api, sendMessage, mine.apiKey, mail('care@asked.example'));
  await ask(api, sendMessage, mine.apiKey, mail('care@sub.asked.example'));
  for (const from of ['care@notasked.example', 'care@example', 'care@wrong.example'])
    assert.equal(await refusal(api, sendMessage, mine.apiKey, mail(from)), 'sender.not_verified', from);
  await ask(api, changeOutboundSettings, mine.apiKey, { body: { requireVerifiedSender: false } });
});

test('a check says whether mail would pass, and which rules of the large providers are met', async () => {
  const domain = 'checked.example';
  await signing(domain);
  dns.tell('7.100.51.198.in-addr.arpa', { ptr: 'mail.clinic.example' });
  dns.tell('mail.clinic.example', { a: [ourAddress] });
  const good = await ask(api, checkSender, mine.apiKey, { params: { domain } });
  assert.deepEqual(
    [good.spf.aligned, good.dkim.aligned, good.dmarc.passes, good.dmarc.policy],
    [true, true, true, 'none'],
  );
  assert.deepEqual(
    good.bulk.map(({ provider, met }) => [provider, met]),
    [
      ['gmail', true],
      ['yahoo', true],
      ['microsoft', true],
    ],
  );
  dns.tell('7.100.51.198.in-addr.arpa', { ptr: 'other.example' });
  dns.tell(domain, { txt: ['v=spf1 -all'] });
  dns.tell(`_dmarc.${domain}`, {});
  const bad = await ask(api, checkSender, mine.apiKey, { params: { domain } });
  assert.deepEqual([bad.spf.aligned, bad.dmarc.passes, bad.dmarc.policy], [false, false, null]);
  const failing = bad.bulk[0]?.rules.filter(({ ok }) => ok === false).map(({ rule }) => rule);
  assert.deepEqual(failing, ['SPF passes', 'There is a DMARC record', 'DMARC passes', 'The servers have names']);
});

test('waiting domains are looked at by themselves', async () => {
  const domain = 'patient.example';
  publish(await add(domain), ...everything);
  const names = { hostname: null, bounceDomain: null, trackingHost: null, publicUrl: null };
  const needs = { dns: openLookUp([dns.address]), addresses: async () => [ourAddress], names };
  await lookAround(world, needs, new AbortController().signal);
  assert.equal((await ask(api, readSender, mine.apiKey, { params: { domain } })).status, 'signing');
});

test('the trouble of one account keeps no other from being looked at', async () => {
  const domains = ['first-trouble.example', 'second-trouble.example'];
  publish(await add(domains[0] ?? '', mine), ...everything);
  publish(await add(domains[1] ?? '', theirs), ...everything);
  const [first] = await listAccounts(world.db);
  const [broken, whole] = first?.accountId === mine.accountId ? [mine, theirs] : [theirs, mine];
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  try {
    await owner.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trouble of this account'; END $$;
      CREATE TRIGGER trouble BEFORE UPDATE ON sender_domains FOR EACH ROW WHEN (NEW.account_id = '${broken.accountId}') EXECUTE FUNCTION fail()`);
    const names = { hostname: null, bounceDomain: null, trackingHost: null, publicUrl: null };
    const needs = { dns: openLookUp([dns.address]), addresses: async () => [ourAddress], names };
    await assert.rejects(lookAround(world, needs, new AbortController().signal), /a trouble of this account/);
    const domain = domains[whole === mine ? 0 : 1] ?? '';
    assert.equal((await ask(api, readSender, whole.apiKey, { params: { domain } })).status, 'signing');
  } finally {
    await owner.query('DROP TRIGGER IF EXISTS trouble ON sender_domains');
    await owner.end();
  }
});
