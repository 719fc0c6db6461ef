/** A message goes out: by SMTP and by REST through one acceptance, durable, then delivered to each recipient as decided. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import PostalMime from 'postal-mime';
import type { NewAccount } from '../../src/accounts/index.ts';
import type { Accepted } from '../../src/contract/messages.ts';
import { openToken } from '../../src/core/token.ts';
import { type Delivery, startDelivery } from '../../src/delivery/index.ts';
import { sql } from '../../src/platform/database.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { tokenKeys } from '../../src/tracking/index.ts';
import { createTestAccount } from '../kit/account.ts';
import { startApi, type TestApi } from '../kit/api.ts';
import { type Received, type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { mail, RawClient, startTestSubmission } from '../kit/submission.ts';
import { until } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

const trackingUrl = 'https://t.clinic.example';

let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let submission: Awaited<ReturnType<typeof startTestSubmission>>;
let api: TestApi;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  sink = await startSmtpSink();
  delivery = startDelivery(world, {
    smarthost: `smtp://127.0.0.1:${sink.port}`,
    mxPort: 25,
    trackingUrl,
    helloName: 'clinic.example',
    dnsServers: ['127.0.0.1:1'],
    pollMs: 20,
  });
  const sending = { trackingUrl, onQueued: () => delivery.nudge() };
  submission = await startTestSubmission(world, sending);
  api = await startApi(world, () => sendingRoutes(world, sending));
});
after(async () => {
  await submission.close();
  await api.close();
  await delivery.close();
  await sink.close();
  await world.close();
});

async function submit(octets: string, ...to: readonly string[]): Promise<string> {
  const client = await RawClient.signedIn(submission.port, account.apiKey);
  await client.envelope('care@clinic.example', ...to);
  const reply = await client.content(octets);
  client.close();
  return /^250 2\.0\.0 queued as (\S+)$/.exec(reply)?.[1] ?? assert.fail(reply);
}

async function post(body: object): Promise<Accepted> {
  const response = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'Clinic <care@clinic.example>', subject: 'Your visit', ...body }),
  });
  assert.equal(response.status, 202);
  return (await response.json()) as Accepted;
}

async function copyFor(address: string): Promise<Received> {
  await until(async () => sink.of(address).length > 0, `a copy for one recipient`);
  assert.equal(sink.of(address).length, 1, 'exactly one copy');
  return sink.of(address)[0] as Received;
}

const newsletter = (...headers: readonly string[]): string =>
  mail(
    'Received: from ehr.clinic.example by hand',
    'From: Clinic <care@clinic.example>',
    'To: Everyone <all@clinic.example>',
    ...headers,
    'Date: Sun, 22 Nov 2026 10:00:00 +0000',
    'Subject: =?utf-8?Q?Gr=C3=BCezi?=',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary="frontier"',
    '',
    'preamble',
    '--frontier',
    'Content-Type: text/plain',
    '',
    'See https://clinic.example/plain',
    '.',
    '--frontier',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p>Good day. <a href="https://clinic.example/visit?a=1&amp;b=2">Visit</a></p>',
    '--frontier--',
    'epilogue',
  );

const trackingUrls = /https:\/\/t\.clinic\.example\/[oc]\/[\w-]+/g;

test('by SMTP: every copy as submitted but for the own headers, those of marketing mail, the rewritten link and one pixel', async () => {
  const id = await submit(
    newsletter('X-Waxwing-Campaign: autumn', 'X-Waxwing-Tags: flu', 'X-Keep: me'),
    'ana@example.org',
    'ben@example.org',
  );
  const copies = [await copyFor('ana@example.org'), await copyFor('ben@example.org')];
  for (const { bytes, from } of copies) {
    assert.equal(from, 'care@clinic.example');
    const text = bytes.toString();
    const [, pixel] = /(<img [^>]*>)/.exec(text) ?? [];
    assert.ok(pixel);
    const asSubmitted = text
      .replace(pixel, '')
      .replace(/https:\/\/t\.clinic\.example\/c\/[\w-]+/, 'https://clinic.example/visit?a=1&amp;b=2')
      .replace(/^Message-ID: .*\r\n/m, '');
    assert.equal(asSubmitted, newsletter('X-Keep: me'));
    assert.match(text, new RegExp(`^Message-ID: <[^>]*${id}[^>]*@clinic\\.example>`, 'm'));
  }
  const [one, two] = copies.map(({ bytes }): readonly string[] => bytes.toString().match(trackingUrls) ?? []);
  assert.equal(one?.length, 2);
  assert.ok(!one?.some((url) => two?.includes(url)), 'no two recipients share a token');
});

test('the link of a copy opens to its destination, message and recipient', async () => {
  const id = await submit(newsletter(), 'cleo@example.org');
  const url = /https:\/\/t\.clinic\.example\/c\/([\w-]+)/.exec((await copyFor('cleo@example.org')).bytes.toString());
  const reading = openToken(tokenKeys(world.vault), url?.[1] ?? '');
  assert.ok(reading.kind === 'valid' && reading.content.kind === 'click');
  assert.equal(reading.content.url, 'https://clinic.example/visit?a=1&b=2');
  assert.ok(reading.content.subject.level === 'identified');
  assert.equal(reading.content.subject.messageId, id);
  assert.equal(reading.content.accountId, account.accountId);
});

test('by REST: each copy names its own recipient alone, unless they are disclosed', async () => {
  await post({ to: ['Dora Ötz <dora@example.org>', 'emil@example.org'], html: '<p>Good day.</p>', text: 'Good day.' });
  for (const [address, name] of [
    ['dora@example.org', 'Dora Ötz'],
    ['emil@example.org', ''],
  ] as const) {
    const { bytes } = await copyFor(address);
    assert.deepEqual(
      (await PostalMime.parse(bytes)).to?.map((to) => [to.address, to.name]),
      [[address, name]],
    );
    assert.equal(bytes.toString().match(/^To:/gim)?.length, 1);
  }
  await post({ to: ['finn@example.org', 'gina@example.org'], text: 'Good day.', discloseRecipients: true });
  assert.deepEqual(
    (await PostalMime.parse((await copyFor('finn@example.org')).bytes)).to?.map((to) => to.address),
    ['finn@example.org', 'gina@example.org'],
  );
});

test('tracking off leaves neither pixel nor rewritten link, by header and by request, for one recipient or all', async () => {
  await submit(newsletter('X-Waxwing-Track: off'), 'hugo@example.org');
  const html = '<a href="https://clinic.example/visit">Visit</a>';
  await post({ to: [{ email: 'iris@example.org', tracking: { level: 'off' } }, 'jan@example.org'], html });
  await post({ to: ['kim@example.org'], html, tracking: { clicks: false } });
  const urls = async (address: string): Promise<readonly string[]> =>
    (await copyFor(address)).bytes.toString().replace(/=\r\n/g, '').match(trackingUrls) ?? [];
  assert.equal((await urls('hugo@example.org')).length, 0);
  assert.equal((await urls('iris@example.org')).length, 0);
  assert.equal((await urls('jan@example.org')).length, 2);
  assert.deepEqual(
    (await urls('kim@example.org')).map((url) => url.slice(0, 27)),
    ['https://t.clinic.example/o/'],
  );
});

test('a scheduled message waits for its time', async () => {
  await post({ to: ['lea@example.org'], text: 'Later.', sendAt: '2026-11-22T13:00:00Z' });
  await post({ to: ['mia@example.org'], text: 'Now.' });
  await copyFor('mia@example.org');
  assert.equal(sink.of('lea@example.org').length, 0);
  world.clock.advance(3_600_000);
  delivery.nudge();
  await copyFor('lea@example.org');
});

test('what was accepted and delivered are events, the acceptance is in the audit log', async () => {
  const { id } = await post({ to: ['nora@example.org'], text: 'Good day.' });
  await copyFor('nora@example.org');
  const types = () =>
    world.db.readAccount(account.accountId, async (tx) => {
      const rows = await tx.query<{ type: string }>(
        sql`SELECT type FROM events WHERE message_id = ${id} ORDER BY type`,
      );
      return rows.map(({ type }) => type);
    });
  await until(async () => (await types()).length === 2, 'the delivery is recorded');
  assert.deepEqual(await types(), ['accepted', 'delivered']);
  const audit = await world.db.readAccount(account.accountId, (tx) =>
    tx.query(sql`SELECT action, actor_kind, detail->>'via' AS via FROM audit_entries WHERE object_id = ${id}`),
  );
  assert.deepEqual(audit, [{ action: 'message.accepted', actor_kind: 'api-key', via: 'rest' }]);
});

test('nothing of a message stands readable in the database or the log', async () => {
  await post({
    to: ['canary-name <canary-recipient@canary-domain.example>'],
    replyTo: 'canary-reply@clinic.example',
    subject: 'canary-subject',
    html: '<a href="https://clinic.example/canary-link">canary-body</a>',
    campaign: 'canary-campaign',
    tags: ['canary-tag'],
    attachments: [{ filename: 'canary-file', contentType: 'text/plain', contentBase64: 'Y2FuYXJ5' }],
  });
  await copyFor('canary-recipient@canary-domain.example');
  const hex = Buffer.from('canary').toString('hex');
  for (const [table, text] of await everyTable()) assert.ok(!text.includes('canary') && !text.includes(hex), table);
  assert.doesNotMatch(world.logLines.join('\n'), /canary/);
});

async function everyTable(): Promise<[string, string][]> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts: [string, string][] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      texts.push([name, rows.map(({ text }) => text).join('\n')]);
    }
    return texts;
  } finally {
    await client.end();
  }
}
