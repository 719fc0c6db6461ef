/** A recipient unsubscribes: by the fields of their copy, at once, for good; and what people are told of it is told once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import PostalMime from 'postal-mime';
import type { NewAccount } from '../../src/accounts/index.ts';
import { accountRoutes } from '../../src/accounts/index.ts';
import { eraseMessage, listMessageEvents, readMessage, sendMessage } from '../../src/contract/messages.ts';
import { readEngagement } from '../../src/contract/reports.ts';
import { changeOutboundSettings } from '../../src/contract/settings.ts';
import { deleteSuppression, listSuppressions, readSuppression } from '../../src/contract/suppressions.ts';
import { type Delivery, startDelivery } from '../../src/delivery/index.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { suppressionRoutes } from '../../src/suppressions/index.ts';
import { createTestAccount } from '../kit/account.ts';
import { ask, request, startApi, type TestApi } from '../kit/api.ts';
import { differencesFromRecount } from '../kit/recount.ts';
import { type Received, type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { mail, RawClient, startTestSubmission } from '../kit/submission.ts';
import { startTracking, type Tracking, until } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let tracking: Tracking;
let submission: Awaited<ReturnType<typeof startTestSubmission>>;
let api: TestApi;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  sink = await startSmtpSink();
  tracking = await startTracking(world);
  delivery = startDelivery(world, {
    ...{ smarthost: `smtp://127.0.0.1:${sink.port}`, mxPort: 25, trackingUrl: tracking.baseUrl },
    ...{ helloName: 'clinic.example', dnsServers: ['127.0.0.1:1'], pollMs: 20 },
  });
  const sending = { trackingUrl: tracking.baseUrl, onQueued: () => delivery.nudge() };
  submission = await startTestSubmission(world, sending);
  api = await startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...sendingRoutes(world, sending),
    ...reportRoutes(world),
    ...suppressionRoutes(world),
  ]);
});
after(async () => {
  await api?.close();
  await submission?.close();
  await delivery?.close();
  await tracking?.close();
  await sink?.close();
  await world?.close();
});

const newsletter = (to: string, more: object = {}) => ({
  ...{ from: 'Clinic <care@clinic.example>', to: [to], subject: 'News', campaign: 'autumn news' },
  ...{ html: '<p>News <a href="https://clinic.example/a">more</a></p>', text: 'News', ...more },
});

async function arrived(to: string, count = 1): Promise<Received[]> {
  const own = () => sink.received.filter((one) => one.to.includes(to));
  await until(async () => own().length >= count, `mail for ${to}`);
  return own();
}

async function sent(
  to: string,
  more: object = {},
): Promise<{ id: string; copy: Received; fields: Map<string, string> }> {
  const before = sink.received.filter((one) => one.to.includes(to)).length;
  const { id } = await ask(api, sendMessage, account.apiKey, { body: newsletter(to, more) });
  const copy = (await arrived(to, before + 1)).at(-1);
  assert.ok(copy);
  const { headers } = await PostalMime.parse(copy.bytes);
  return { id, copy, fields: new Map(headers.map(({ key, value }) => [key, value])) };
}

const linkIn = (fields: ReadonlyMap<string, string>): string =>
  /^<(http[^>]+\/u\/[\w-]{104})>$/.exec(fields.get('list-unsubscribe') ?? '')?.[1] ?? assert.fail('no link');

async function oneClick(url: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) });
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
}

const typesOf = async (id: string): Promise<string[]> =>
  (await ask(api, listMessageEvents, account.apiKey, { params: { id } })).events.map(({ type }) => type);
const reasonsOf = async (email: string) =>
  (await ask(api, readSuppression, account.apiKey, { params: { email } })).reasons;

test('marketing mail carries both fields and a Feedback-ID; transactional mail and what brings its own do not', async () => {
  const { fields } = await sent('ana@example.org');
  assert.match(linkIn(fields), new RegExp(`^${tracking.baseUrl}/u/`));
  assert.equal(fields.get('list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
  assert.match(fields.get('feedback-id') ?? '', /^[0-9a-f]{16}:marketing:[0-9a-f]{16}:waxwing$/);
  const result = await sent('ana@example.org', { class: 'transactional' });
  for (const name of ['list-unsubscribe', 'list-unsubscribe-post', 'feedback-id'])
    assert.equal(result.fields.get(name), undefined, name);
  const asked = await sent('ana@example.org', { class: 'transactional', unsubscribe: true });
  assert.ok(linkIn(asked.fields));
  const refused = await sent('ana@example.org', { unsubscribe: false });
  assert.equal(refused.fields.get('list-unsubscribe'), undefined);
  const own = { 'List-Unsubscribe': '<mailto:leave@clinic.example>', 'Feedback-ID': 'mine:clinic' };
  const { copy, fields: kept } = await sent('ana@example.org', { headers: own });
  assert.deepEqual([kept.get('list-unsubscribe'), kept.get('feedback-id')], Object.values(own));
  assert.equal(kept.get('list-unsubscribe-post'), undefined);
  assert.equal(copy.bytes.toString().match(/^list-unsubscribe/gim)?.length, 1);
});

test('mail by SMTP keeps its header until the account asks; then it gets them by its class, each recipient a link of their own', async () => {
  const client = await RawClient.signedIn(submission.port, account.apiKey);
  await client.envelope('care@clinic.example', 'bo@example.org', 'cy@example.org');
  const octets = mail(
    'From: care@clinic.example',
    'To: all@clinic.example',
    'Subject: News',
    'X-Waxwing-Campaign: news',
    '',
    'Hello',
  );
  assert.match(await client.content(octets), /^250 /);
  for (const to of ['bo@example.org', 'cy@example.org'])
    assert.doesNotMatch((await arrived(to))[0]?.bytes.toString() ?? '', /list-unsubscribe|feedback-id/i);
  await ask(api, changeOutboundSettings, account.apiKey, { body: { listFieldsBySmtp: true } });
  await client.envelope('care@clinic.example', 'bo@example.org', 'cy@example.org');
  assert.match(await client.content(octets), /^250 /);
  await client.envelope('care@clinic.example', 'dee@example.org');
  assert.match(await client.content(octets.replace('X-Waxwing-Campaign: news\r\n', '')), /^250 /);
  client.close();
  const links = await Promise.all(
    ['bo@example.org', 'cy@example.org'].map(async (to) => {
      const { headers } = await PostalMime.parse((await arrived(to, 2))[1]?.bytes ?? '');
      return linkIn(new Map(headers.map(({ key, value }) => [key, value])));
    }),
  );
  assert.equal(new Set(links).size, 2);
  const [plain] = await arrived('dee@example.org');
  assert.doesNotMatch(plain?.bytes.toString() ?? '', /list-unsubscribe|feedback-id/i);
});

test('many POSTs are one event, one count and one entry of the list; marketing mail stops and transactional goes on', async () => {
  const to = 'emil@example.org';
  const { id, fields } = await sent(to);
  const before = await entriesOfAudit();
  for (let n = 0; n < 4; n++) await oneClick(linkIn(fields));
  await tracking.drained();
  await oneClick(linkIn(fields));
  await tracking.drained();
  assert.deepEqual(
    (await typesOf(id)).filter((type) => type === 'unsubscribed'),
    ['unsubscribed'],
  );
  assert.deepEqual(
    (await reasonsOf(to)).map(({ reason, scope, expiresAt }) => [reason, scope, expiresAt]),
    [['unsubscribed', 'marketing', null]],
  );
  assert.equal((await entriesOfAudit()) - before, 1);
  const stopped = await ask(api, sendMessage, account.apiKey, { body: newsletter(to) });
  await until(async () => (await statusOf(stopped.id)) === 'dropped', 'it is dropped');
  await sent(to, { class: 'transactional', campaign: 'results' });
  const { rows } = await ask(api, readEngagement, account.apiKey, { query: { campaign: 'autumn news' } });
  assert.equal(rows[0]?.unsubscribed, 1);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});

test('who is subscribed again and unsubscribes by the same link is off again', async () => {
  const to = 'fay@example.org';
  const { fields } = await sent(to);
  await oneClick(linkIn(fields));
  await tracking.drained();
  assert.equal((await request(api, deleteSuppression, account.apiKey, { params: { email: to } })).status, 204);
  await oneClick(linkIn(fields));
  await tracking.drained();
  assert.equal((await reasonsOf(to)).length, 1);
});

test('marketing mail that was accepted before and not sent yet is dropped, and says why', async () => {
  const to = 'gil@example.org';
  const { fields } = await sent(to);
  const sendAt = new Date(world.clock.now().getTime() + 3_600_000).toISOString();
  const marketing = await ask(api, sendMessage, account.apiKey, { body: newsletter(to, { sendAt }) });
  const result = await ask(api, sendMessage, account.apiKey, {
    body: newsletter(to, { sendAt, class: 'transactional' }),
  });
  await oneClick(linkIn(fields));
  await tracking.drained();
  world.clock.advance(3_700_000);
  await until(async () => (await statusOf(marketing.id)) === 'dropped', 'it is dropped');
  await until(async () => (await statusOf(result.id)) === 'delivered', 'it is delivered');
  const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id: marketing.id } });
  assert.equal(events.at(-1)?.delivery?.why, 'Not sent: the recipient unsubscribed.');
});

test('what was said while nothing could be stored is stored afterwards, once', async () => {
  const to = 'hal@example.org';
  const { id, fields } = await sent(to);
  await tracking.stopDrain();
  for (let n = 0; n < 3; n++) await oneClick(linkIn(fields));
  assert.deepEqual(await reasonsOf(to), []);
  tracking.startDrain();
  await tracking.drained();
  assert.equal((await reasonsOf(to)).length, 1);
  assert.equal((await typesOf(id)).filter((type) => type === 'unsubscribed').length, 1);
});

test('the link of an erased message still acts, though nobody can read whom it names', async () => {
  const to = 'ida@example.org';
  const { id, fields } = await sent(to);
  await until(async () => (await statusOf(id)) === 'delivered', 'it is delivered');
  await ask(api, eraseMessage, account.apiKey, { params: { id } });
  await oneClick(linkIn(fields));
  await tracking.drained();
  assert.deepEqual(
    (await reasonsOf(to)).map(({ reason }) => reason),
    ['unsubscribed'],
  );
  const entries = await entriesOfAudit();
  await oneClick(linkIn(fields));
  await tracking.drained();
  assert.equal(await entriesOfAudit(), entries, 'said again it changes nothing, and no entry says that it did');
  const { suppressions } = await ask(api, listSuppressions, account.apiKey, {});
  assert.equal(suppressions.filter(({ email }) => email === null).length, 1);
  const later = await ask(api, sendMessage, account.apiKey, { body: newsletter(to) });
  await until(async () => (await statusOf(later.id)) === 'dropped', 'it is dropped');
  const client = new pg.Client(world.database.connection);
  await client.connect();
  const { rows } = await client.query('SELECT count(*)::int AS n FROM suppressions WHERE address_sealed IS NULL');
  await client.end();
  assert.equal(rows[0]?.n, 1);
});

test('no tracked link or pixel stands where our own unsubscribe link does', async () => {
  const { fields } = await sent('jo@example.org');
  const url = linkIn(fields);
  const { copy } = await sent('jo@example.org', {
    html: `<p>News <a href="${url}">no more of this</a> <a href="https://clinic.example/b">b</a></p>`,
  });
  const { html = '' } = await PostalMime.parse(copy.bytes);
  assert.ok(html.includes(`href="${url}"`));
  assert.match(html, /\/c\//);
});

test('an account that has a way of its own switches ours off, and may show its campaigns to Gmail', async () => {
  await ask(api, changeOutboundSettings, account.apiKey, { body: { oneClickUnsubscribe: false, feedbackId: 'named' } });
  const { fields } = await sent('kim@example.org', { campaign: 'Früh: jahr' });
  assert.equal(fields.get('list-unsubscribe'), undefined);
  assert.match(fields.get('feedback-id') ?? '', /^Fruh-jahr:marketing:/);
  await ask(api, changeOutboundSettings, account.apiKey, { body: { feedbackId: 'off' } });
  assert.equal((await sent('kim@example.org')).fields.get('feedback-id'), undefined);
  await ask(api, changeOutboundSettings, account.apiKey, { body: { oneClickUnsubscribe: true, feedbackId: 'opaque' } });
});

const statusOf = async (id: string): Promise<string | undefined> =>
  (await ask(api, readMessage, account.apiKey, { params: { id } })).recipients[0]?.status;

async function entriesOfAudit(): Promise<number> {
  const client = new pg.Client(world.database.connection);
  await client.connect();
  const { rows } = await client.query("SELECT count(*)::int AS n FROM audit_entries WHERE actor_id = 'unsubscribe'");
  await client.end();
  return rows[0]?.n ?? -1;
}
