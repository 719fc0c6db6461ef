/** A message is erased: nothing that names its recipients can be read any more, every count stands, and a certificate says so. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import PostalMime from 'postal-mime';
import { auditDirectory, type NewAccount } from '../../src/accounts/index.ts';
import { auditRoutes } from '../../src/audit/index.ts';
import { readAuditKey } from '../../src/contract/audit.ts';
import { eraseMessage, listMessageEvents, readMessage } from '../../src/contract/messages.ts';
import { readEngagement } from '../../src/contract/reports.ts';
import { type ErasureCertificate, erasureText } from '../../src/core/sending/erasure.ts';
import { type Delivery, startDelivery } from '../../src/delivery/index.ts';
import { openOfMessage } from '../../src/platform/message-seal.ts';
import { isSignedWith } from '../../src/platform/signing.ts';
import type { SealPurpose } from '../../src/platform/vault.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { createTestAccount } from '../kit/account.ts';
import { ask, refusal, startApi, type TestApi } from '../kit/api.ts';
import { keysOfMessage } from '../kit/message-keys.ts';
import { differencesFromRecount } from '../kit/recount.ts';
import { type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { browser, startTracking, type Tracking, until } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let tracking: Tracking;
let api: TestApi;
let owner: pg.Client;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  owner = new pg.Client({ connectionString: world.database.connectionUrl });
  await owner.connect();
  sink = await startSmtpSink({
    script: ({ stage, address }) =>
      stage === 'rcpt' && address.startsWith('gone') ? { code: 550, text: `5.1.1 <${address}> unknown` } : undefined,
  });
  tracking = await startTracking(world, ['127.0.0.1']);
  delivery = startDelivery(world, {
    smarthost: `smtp://127.0.0.1:${sink.port}`,
    mxPort: 25,
    trackingUrl: tracking.baseUrl,
    helloName: 'clinic.example',
    dnsServers: ['127.0.0.1:1'],
    pollMs: 20,
  });
  const sending = { trackingUrl: tracking.baseUrl, maxMessageBytes: 1_000_000, onQueued: () => delivery.nudge() };
  api = await startApi(world, () => [
    ...sendingRoutes(world, sending),
    ...reportRoutes(world),
    ...auditRoutes({ ...world, ...auditDirectory(world) }),
  ]);
});
after(async () => {
  await api?.close();
  await delivery?.close();
  await tracking?.close();
  await sink?.close();
  await owner?.end();
  await world?.close();
});

const letter = {
  from: 'Clinic <care@clinic.example>',
  to: ['canary.ana@example.org', 'gone.canary@example.org'],
  subject: 'canary subject',
  html: '<p>canary body <a href="https://clinic.example/canary">more</a></p>',
};

async function send(body: object, key: string): Promise<string> {
  const response = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 202);
  return ((await response.json()) as { id: string }).id;
}

async function openedEvent(id: string) {
  const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id } });
  return events.find((event) => event.type === 'opened');
}

/** Everything that the keys which are there still open in the rows of a message, and what stands readable. */
async function whatOpens(messageId: string): Promise<string> {
  const keys = await keysOfMessage(world, account.accountId, messageId);
  const open = (purpose: SealPurpose) => (row: { sealed: Buffer }) => {
    const text = openOfMessage(keys, purpose, row.sealed)?.toString() ?? '';
    const { request } = purpose === 'event.detail' && text !== '' ? JSON.parse(text) : {};
    return request?.locked && keys.message
      ? `${text}${keys.message.open('request.kept', Buffer.from(request.locked, 'base64')).length} octets of a request`
      : text;
  };
  const { rows: details } = await owner.query(
    'SELECT detail_sealed AS sealed FROM events WHERE message_id = $1 AND detail_sealed IS NOT NULL',
    [messageId],
  );
  const { rows: replies } = await owner.query(
    'SELECT reply_sealed AS sealed FROM delivery_attempts WHERE message_id = $1 AND reply_sealed IS NOT NULL',
    [messageId],
  );
  const { rows: evidence } = await owner.query(
    'SELECT evidence_sealed AS sealed FROM delivery_attempts WHERE message_id = $1 AND evidence_sealed IS NOT NULL',
    [messageId],
  );
  const { rows: names } = await owner.query(
    `SELECT concat_ws(' ', s.delivered_by, s.gateway_mx, a.host) AS name FROM recipient_states s
       LEFT JOIN delivery_attempts a ON a.recipient_id = s.recipient_id WHERE s.message_id = $1`,
    [messageId],
  );
  const { rows: answers } = await owner.query(
    'SELECT response_sealed AS sealed FROM idempotency_keys WHERE message_id = $1',
    [messageId],
  );
  return [
    ...details.map(open('event.detail')),
    ...replies.map(open('attempt.reply')),
    ...evidence.map(open('attempt.evidence')),
    ...answers.map(open('idempotency.response')),
    ...names.map((row) => row.name),
  ].join('\n');
}

test('a delivered, bounced and opened message is erased to its counts, with a certificate that holds', async () => {
  const id = await send(letter, 'first');
  const params = { id };
  await sink.waitFor(1);
  const { html = '' } = await PostalMime.parse(sink.received[0]?.bytes ?? '');
  const hit = /<img[^>]+src="([^"]+\/o\/[^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  world.clock.advance(90_000);
  await fetch(hit, { headers: browser(7) });
  await tracking.drained();
  await until(async () => {
    const { recipients } = await ask(api, readMessage, account.apiKey, { params });
    return (
      recipients
        .map(({ status }) => status)
        .sort()
        .join() === 'bounced,delivered'
    );
  }, 'both recipients are done');
  assert.match(await whatOpens(id), /"locked":[\s\S]*octets of a request[\s\S]*canary[\s\S]*127\.0\.0\.1/);
  const before = await ask(api, readEngagement, account.apiKey);
  const openedBefore = await openedEvent(id);

  const { certificate } = await ask(api, eraseMessage, account.apiKey, { params });
  assert.deepEqual(
    [certificate.erased.keys, certificate.erased.recipients, certificate.erased.attempts, certificate.erased.queued],
    [1, 2, 2, 0],
  );
  const { publicKey } = await ask(api, readAuditKey, account.apiKey);
  const isGenuine = (one: ErasureCertificate): boolean =>
    isSignedWith(createPublicKey(publicKey), erasureText(one), one.signature);
  assert.ok(isGenuine(certificate));
  assert.ok(!isGenuine({ ...certificate, message: account.accountId }));

  assert.doesNotMatch(await whatOpens(id), /canary|81\.2\.|Firefox|"(?:kept|locked)":"|127\.0\.0\.1/);
  const { rows } = await owner.query('SELECT header_sealed, links_sealed FROM messages WHERE id = $1', [id]);
  assert.deepEqual([rows[0].header_sealed.length, rows[0].links_sealed], [0, null]);
  const message = await ask(api, readMessage, account.apiKey, { params });
  assert.deepEqual([message.subject, message.from, message.recipients[0]?.email], ['', '', '']);
  const opened = await openedEvent(id);
  assert.ok(openedBefore?.request?.ip);
  assert.deepEqual(opened?.verdict, openedBefore.verdict);
  assert.deepEqual([opened?.request?.ip, opened?.request?.userAgent], [null, null]);
  assert.deepEqual((await ask(api, readEngagement, account.apiKey)).rows, before.rows);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);

  await fetch(hit, { headers: browser(8) });
  await tracking.drained();
  assert.doesNotMatch(await whatOpens(id), /81\.2\.|"(?:kept|locked)":"/, 'a later hit keeps no address either');
  assert.deepEqual((await ask(api, eraseMessage, account.apiKey, { params })).certificate, certificate);
  assert.equal(await send(letter, 'first'), id, 'the request repeated sends nothing anew');
});

/** Whose lock somebody waits for. */
const waiting = (relation: string) => async (): Promise<boolean> => {
  const { rows } = await owner.query(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1",
    [`%${relation}%FOR %`],
  );
  return rows.length > 0;
};

test('a hit that is just being stored while its message is erased keeps no address', async () => {
  const id = await send({ ...letter, to: ['meanwhile.canary@example.org'] }, 'meanwhile');
  const params = { id };
  await until(async () => {
    const { recipients } = await ask(api, readMessage, account.apiKey, { params });
    return recipients[0]?.status === 'delivered';
  }, 'it is delivered');
  const { html = '' } = await PostalMime.parse(sink.received.at(-1)?.bytes ?? '');
  const hit = /<img[^>]+src="([^"]+\/o\/[^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  const holder = new pg.Client({ connectionString: world.database.connectionUrl });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM recipient_states WHERE message_id = $1 FOR UPDATE', [id]);
    await fetch(hit, { headers: browser(9) });
    await until(waiting('recipient_states'), 'the drain has read its facts and waits for the recipient');
    let isErased = false;
    const erased = ask(api, eraseMessage, account.apiKey, { params }).then(() => {
      isErased = true;
    });
    await until(async () => isErased || (await waiting('messages')()), 'the erasure waits, or is done');
    await holder.query('ROLLBACK');
    await erased;
  } finally {
    await holder.end();
  }
  await tracking.drained();
  assert.ok(await openedEvent(id), 'the hit itself is stored');
  assert.doesNotMatch(await whatOpens(id), /canary|81\.2\.|Firefox|"(?:kept|locked)":"|127\.0\.0\.1/);
});

test('what a server answers after the message was erased is kept as a code alone', async () => {
  const asked = Promise.withResolvers<void>();
  const erased = Promise.withResolvers<void>();
  sink.answerWith(async ({ stage, address }) => {
    if (stage !== 'rcpt') return undefined;
    asked.resolve();
    await erased.promise;
    return { code: 550, text: `5.1.1 <${address}> unknown` };
  });
  const id = await send({ ...letter, to: ['underway.canary@example.org'] }, 'underway');
  await asked.promise;
  await ask(api, eraseMessage, account.apiKey, { params: { id } });
  erased.resolve();
  const attempts = async () =>
    (await owner.query('SELECT outcome, reply_code, reply_sealed FROM delivery_attempts WHERE message_id = $1', [id]))
      .rows;
  await until(async () => (await attempts()).length > 0, 'the attempt is recorded');
  sink.answerWith(undefined);
  assert.deepEqual(await attempts(), [{ outcome: 'bounced', reply_code: 550, reply_sealed: null }]);
  assert.doesNotMatch(await whatOpens(id), /canary/);
});

test('a detail that no longer opens keeps nothing else from going', async () => {
  const id = await send({ ...letter, to: ['broken.canary@example.org'] }, 'broken');
  const waiting = async (): Promise<boolean> =>
    (await ask(api, readMessage, account.apiKey, { params: { id } })).recipients[0]?.status === 'delivered';
  await until(waiting, 'it is delivered');
  await owner.query(
    `UPDATE events SET detail_sealed = overlay(detail_sealed PLACING 'x'::bytea FROM 30) WHERE message_id = $1 AND type = 'delivered'`,
    [id],
  );
  const { certificate } = await ask(api, eraseMessage, account.apiKey, { params: { id } });
  assert.deepEqual([certificate.erased.keys, certificate.erased.eventDetails], [1, 0]);
});

test('what still waits is not sent', async () => {
  const sendAt = new Date(world.clock.now().getTime() + 3_600_000).toISOString();
  const id = await send({ ...letter, to: ['late.canary@example.org'], sendAt }, 'second');
  const { certificate } = await ask(api, eraseMessage, account.apiKey, { params: { id } });
  assert.equal(certificate.erased.queued, 1);
  const { recipients } = await ask(api, readMessage, account.apiKey, { params: { id } });
  assert.equal(recipients[0]?.status, 'dropped');
  const { rows } = await owner.query('SELECT 1 FROM deliveries WHERE message_id = $1', [id]);
  assert.equal(rows.length, 0);
});

test('another account erases nothing, and the program cannot rewrite what is not erased', async () => {
  const id = await send({ ...letter, to: ['kept.canary@example.org'] }, 'third');
  const other = await createTestAccount(world, 'Other');
  assert.equal(await refusal(api, eraseMessage, other.apiKey, { params: { id } }), 'message.not_found');
  assert.equal((await ask(api, readMessage, account.apiKey, { params: { id } })).subject, letter.subject);
  await owner.query('BEGIN');
  await owner.query(`SET LOCAL ROLE waxwing_app; SET LOCAL waxwing.account = '${account.accountId}'`);
  await assert.rejects(
    owner.query(`SELECT replace_details_of_erased($1, '{}', '{}', '{}')`, [id]),
    /the message is not erased/,
  );
  await owner.query('ROLLBACK');
});
