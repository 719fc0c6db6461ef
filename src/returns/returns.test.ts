import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { startApi, type TestApi } from '../../test/kit/api.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { RawClient } from '../../test/kit/submission.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault, type NewAccount } from '../accounts/index.ts';
import { type Delivery, startDelivery } from '../delivery/index.ts';
import { foldOnce } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import type { Listening } from '../platform/world.ts';
import { reportRoutes } from '../reports/index.ts';
import { sendingRoutes } from '../sending/index.ts';
import { suppressionRoutes } from '../suppressions/index.ts';
import { rejudgeRecipients } from '../tracking/index.ts';
import { startIntake } from './index.ts';
import { forgetReturns } from './worker.ts';

tryStatementsHere(import.meta.filename);

const domain = 'bounces.clinic.example';
const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-returns-'));
let world: TestWorld;
let account: NewAccount;
let api: TestApi;
let sink: SmtpSink;
let delivery: Delivery;
let intake: Listening;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  sink = await startSmtpSink();
  delivery = startDelivery(world, {
    ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
    ...{ smarthost: `smtp://127.0.0.1:${sink.port}`, bounceDomain: domain, dnsServers: ['127.0.0.1:1'] },
  });
  const sending = { trackingUrl: 'https://t.clinic.example', onQueued: () => delivery.nudge() };
  api = await startApi(world, () => [
    ...sendingRoutes(world, sending),
    ...reportRoutes(world),
    ...suppressionRoutes(world),
  ]);
  intake = await startIntake(world, {
    ...{ port: 0, host: '127.0.0.1', hostname: 'mx.clinic.example' },
    domain,
    dataDir,
  });
});
after(async () => {
  await intake?.close();
  await api?.close();
  await delivery?.close();
  await sink?.close();
  await world?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const call = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(api.url + path, {
    method,
    headers: {
      authorization: `Bearer ${account.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
};

interface Sent {
  readonly id: string;
  readonly email: string;
  /** The envelope sender that the copy came with. */
  readonly returnPath: string;
}

let people = 0;
const submit = (email: string, more: object = {}) =>
  call('POST', '/v1/messages', { from: 'care@clinic.example', to: [email], subject: 'Hello', text: 'Hello', ...more });

const eventually = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (const deadline = Date.now() + 20_000; ; ) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(Date.now() < deadline, 'it does not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const statusOf = async (id: string): Promise<string> => (await call('GET', `/v1/messages/${id}`)).recipients[0].status;
const whenStatus = (id: string, status: string) =>
  eventually(async () => ((await statusOf(id)) === status ? true : undefined));

/** A message that was delivered. */
async function sent(more: object = {}): Promise<Sent> {
  people += 1;
  const email = `person${people}@example.org`;
  const { id } = await submit(email, more);
  const copy = await eventually(async () => sink.of(email)[0]);
  await whenStatus(id, 'delivered');
  world.clock.advance(1_000);
  return { id, email, returnPath: copy.from };
}

interface EventShape {
  readonly type: string;
  readonly delivery?: { readonly reply: string | null; readonly why: string };
}
const eventsOf = async ({ id }: Pick<Sent, 'id'>): Promise<EventShape[]> =>
  (await call('GET', `/v1/messages/${id}/events`)).events;
/** What came after the delivery. */
const typesOf = async (one: Pick<Sent, 'id'>): Promise<string[]> =>
  (await eventsOf(one)).map(({ type }) => type).filter((type) => type !== 'accepted' && type !== 'delivered');

const bounce = (one: Sent, action = 'failed', status = '5.1.1', words = '550 5.1.1 User unknown'): string =>
  [
    'From: MAILER-DAEMON@mx.example',
    `To: ${one.returnPath}`,
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
    '',
    '--x',
    '',
    'It could not be delivered.',
    '--x',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    `Final-Recipient: rfc822; ${one.email}`,
    `Action: ${action}`,
    `Status: ${status}`,
    `Diagnostic-Code: smtp; ${words}`,
    '--x--',
    '',
  ].join('\r\n');

/** As a mail server sends it: null sender, by nodemailer. Gives the reply; throws what was refused. */
const giveBack = async (to: string, raw: string | Buffer, from = ''): Promise<string> => {
  const transport = createTransport({ host: '127.0.0.1', port: intake.port, tls: { rejectUnauthorized: false } });
  try {
    const { response } = await transport.sendMail({ envelope: { from, to: [to] }, raw });
    world.clock.advance(1_000);
    return response;
  } finally {
    transport.close();
  }
};
const refusedWith = async (to: string, raw: string): Promise<string> => {
  try {
    return await giveBack(to, raw);
  } catch (error) {
    return String((error as { response?: string }).response);
  }
};

test('each copy leaves with a return address of its own that shows no address', async () => {
  const [one, other] = [await sent(), await sent()];
  assert.match(one.returnPath, /^b-[a-z2-7]{29}@bounces\.clinic\.example$/);
  assert.notEqual(one.returnPath, other.returnPath);
});

test('a bounce after the delivery makes it bounced, counts move exactly, and nothing more is sent to a dead address', async () => {
  const one = await sent();
  assert.match(await giveBack(one.returnPath.toUpperCase(), bounce(one)), /^250 /);
  assert.deepEqual(await typesOf(one), ['bounced']);
  assert.equal(await statusOf(one.id), 'bounced');
  const last = (await eventsOf(one)).at(-1);
  assert.equal(last?.type, 'bounced');
  assert.match(last?.delivery?.why ?? '', /does not exist/);
  assert.match(last?.delivery?.reply ?? '', /User unknown/);
  await foldOnce(world);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  assert.equal((await call('GET', `/v1/suppressions/${one.email}`)).reasons[0].reason, 'hard-bounce');
  const again = await submit(one.email);
  assert.equal(await statusOf(again.id), 'dropped');
  assert.deepEqual(
    (await eventsOf(again)).map(({ type }) => type),
    ['accepted', 'dropped'],
  );
  assert.match((await eventsOf(again)).at(-1)?.delivery?.why ?? '', /came back before/);
  assert.equal(sink.of(one.email).length, 1);
  await foldOnce(world);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});

test('the same report is taken once, however often it comes', async () => {
  const one = await sent();
  const delayed = bounce(one, 'delayed', '4.4.1', 'connection timed out');
  await giveBack(one.returnPath, delayed);
  assert.match(await giveBack(one.returnPath, `Received: from a by b; now\r\n\tfor c\r\n${delayed}`), /^250 /);
  assert.deepEqual(await typesOf(one), ['delayed']);
  assert.equal(await statusOf(one.id), 'delivered');
});

test('a forged return address is refused at RCPT, as are all other addresses', async () => {
  const one = await sent();
  const client = await RawClient.connect(intake.port);
  await client.say('EHLO mx.example');
  assert.match(await client.say('MAIL FROM:<>'), /^250 /);
  const forged = one.returnPath.replace(/^b-./, (start) => (start === 'b-a' ? 'b-c' : 'b-a'));
  for (const address of [
    forged,
    `postmaster@${domain}`,
    'ana@example.org',
    one.returnPath.replace(domain, 'clinic.example'),
  ])
    assert.match(await client.say(`RCPT TO:<${address}>`), /^550 5\.1\.1 /, address);
  assert.match(await client.say(`RCPT TO:<${one.returnPath}>`), /^250 /);
  client.close();
});

const complaintOf = (type: string): string =>
  [
    'From: fbl@isp.example',
    'Content-Type: multipart/report; report-type=feedback-report; boundary=x',
    '',
    '--x',
    'Content-Type: message/feedback-report',
    '',
    `Feedback-Type: ${type}`,
    '--x--',
    '',
  ].join('\r\n');

test('a complaint keeps marketing from its sender’s reach and transactional mail going', async () => {
  const one = await sent();
  await giveBack(one.returnPath, complaintOf('abuse'), 'fbl@isp.example');
  assert.deepEqual(await typesOf(one), ['complained']);
  assert.equal(await statusOf((await submit(one.email, { campaign: 'News' })).id), 'dropped');
  await whenStatus((await submit(one.email)).id, 'delivered');
});

test('complaints are counted in reports: each recipient once, by domain, in every view, in the table too', async () => {
  const mail = { campaign: 'Unwanted' };
  const [one, other] = [await sent(mail), await sent(mail)];
  await giveBack(one.returnPath, complaintOf('abuse'), 'fbl@isp.example');
  await giveBack(one.returnPath, complaintOf('fraud'), 'fbl@isp.example');
  await giveBack(other.returnPath, complaintOf('not-spam'), 'fbl@isp.example');
  assert.deepEqual(await typesOf(one), ['complained', 'complained']);
  for (const isFolded of [false, true]) {
    if (isFolded) await foldOnce(world);
    for (const groupBy of ['campaign', 'recipientDomain', 'day', 'sender', 'department']) {
      const { rows, totals } = await call(
        'GET',
        `/v1/reports/engagement?campaign=Unwanted&groupBy=${groupBy}&view=strict`,
      );
      assert.deepEqual([totals.delivered, totals.complained], [2, 1], groupBy);
      assert.equal(rows[0]?.complained, 1, groupBy);
    }
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  }
  const { accountId } = account;
  const until = new Date(world.clock.now().getTime() + 1_000).toISOString();
  const since = new Date(world.clock.now().getTime() - 3_600_000).toISOString();
  const cut = await call('GET', `/v1/reports/engagement?campaign=Unwanted&since=${since}&until=${until}`);
  assert.equal(cut.totals?.complained ?? cut, 1, 'a range that cuts days counts the same');
  const table = await fetch(`${api.url}/v1/reports/engagement?campaign=Unwanted&format=csv`, {
    headers: { authorization: `Bearer ${account.apiKey}` },
  });
  const [head = '', line = ''] = (await table.text()).replace('\ufeff', '').split('\r\n');
  assert.equal(line.split(',')[head.split(',').indexOf('complained')], '1');
  await world.db.asAccount(accountId, async (tx) => {
    const vault = await accountVault(world, accountId);
    const rows = await tx.query<{ id: string }>(sql`SELECT id FROM recipients WHERE message_id = ${one.id}`);
    await rejudgeRecipients(
      tx,
      { accountId, vault },
      rows.map(({ id }) => id),
      world.clock.now(),
    );
  });
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});

test('complaints from before they were counted are counted from the events that there are', async () => {
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  try {
    await foldOnce(world);
    await owner.query('UPDATE recipient_states SET complained_at = NULL; UPDATE rollups SET complained = 0');
    assert.notDeepEqual(await differencesFromRecount(world.database.connection), []);
    const migration = readFileSync(join(import.meta.dirname, '../../migrations/0047_complaints.sql'), 'utf8');
    await owner.query(migration.slice(migration.indexOf('UPDATE recipient_states')));
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
    await foldOnce(world);
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  } finally {
    await owner.end();
  }
});

/** The address for unsubscribing by mail that a copy came with, and its field as it was sent. */
async function wayOutOf({ email }: Sent): Promise<{ address: string; field: string }> {
  const copy = await eventually(async () => sink.of(email)[0]);
  const text = copy.bytes.toString('latin1');
  const field = /^List-Unsubscribe:(?:[^\r]|\r\n[ \t])*/im.exec(text)?.[0] ?? '';
  return { field, address: /<mailto:([^?>]+)\?subject=unsubscribe>/.exec(field)?.[1] ?? '' };
}

test('mail to the address that a copy names unsubscribes its recipient, as the link does', async () => {
  const one = await sent({ campaign: 'By mail' });
  const { field, address } = await wayOutOf(one);
  assert.match(
    field,
    /^List-Unsubscribe: <https:\/\/t\.clinic\.example\/u\/[\w-]{104}>,\r\n <mailto:u-[a-z2-7]{29}@bounces\.clinic\.example\?subject=unsubscribe>$/,
  );
  assert.ok(field.split('\r\n').every((line) => line.length < 998));
  // Whatever case it comes in; whose mail it is does not matter, since people forward and have aliases.
  await giveBack(address.toUpperCase(), 'From: alias@example.net\r\nSubject: unsubscribe\r\n\r\n', 'alias@example.net');
  await giveBack(address, `From: ${one.email}\r\nSubject: unsubscribe\r\n\r\nPlease.\r\n`, one.email);
  assert.deepEqual(await typesOf(one), ['unsubscribed'], 'once, however often it is said');
  assert.equal(await statusOf(one.id), 'delivered');
  const { isSuppressed, reasons, suppressions } = await call('GET', `/v1/suppressions/${one.email}`);
  assert.ok(isSuppressed, JSON.stringify({ reasons, suppressions }));
  assert.equal(await statusOf((await submit(one.email, { campaign: 'News' })).id), 'dropped');
  await whenStatus((await submit(one.email)).id, 'delivered');
  const { totals } = await call('GET', '/v1/reports/engagement?campaign=By+mail');
  assert.equal(totals.unsubscribed, 1);
  assert.deepEqual(await differencesFromRecount(world.database.connection), []);
});

test('no machine’s answer, report or forged address unsubscribes anybody', async () => {
  const one = await sent({ campaign: 'By mail' });
  const { address } = await wayOutOf(one);
  const away = `From: ${one.email}\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nBack soon\r\n`;
  assert.match(await giveBack(address, away, one.email), /^250/, 'nobody is told that a machine answered in vain');
  assert.match(await giveBack(address, 'Subject: unsubscribe\r\n\r\n', ''), /^250/);
  assert.match(await giveBack(address, complaintOf('abuse'), 'fbl@isp.example'), /^250/);
  const forged = address.replace(/^u-./, (begin) => (begin === 'u-q' ? 'u-r' : 'u-q'));
  assert.match(await refusedWith(forged, 'Subject: unsubscribe\r\n\r\n'), /^550/);
  assert.match(await refusedWith(one.returnPath.replace(/^b-/, 'u-'), 'Subject: unsubscribe\r\n\r\n'), /^550/);
  assert.match(await refusedWith(address.replace(/^u-/, 'b-'), 'Subject: unsubscribe\r\n\r\n'), /^550/);
  assert.deepEqual(await typesOf(one), []);
  assert.equal((await call('GET', `/v1/suppressions/${one.email}`)).isSuppressed, false);
  assert.equal((await wayOutOf(await sent())).field, '', 'mail that is not marketing has no way out');
});

test('a person’s answer and a machine’s are told apart, and neither is a bounce', async () => {
  const one = await sent();
  await giveBack(one.returnPath, `From: ${one.email}\r\nSubject: Re: Hello\r\n\r\nThank you\r\n`, one.email);
  await giveBack(
    one.returnPath,
    `From: ${one.email}\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nBack soon\r\n`,
  );
  assert.deepEqual(await typesOf(one), ['replied', 'auto-replied']);
  assert.equal(await statusOf(one.id), 'delivered');
  assert.equal((await call('GET', `/v1/suppressions/${one.email}`)).isSuppressed, false);
});

test('nothing is ever answered: no bounce, loop or junk makes a message of ours', async () => {
  const one = await sent();
  const count = async () =>
    (
      await world.db.asAccount(account.accountId, (tx) =>
        tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM messages`),
      )
    )[0]?.n;
  const [before, received] = [await count(), sink.count()];
  for (const from of ['', one.returnPath, one.email])
    await giveBack(
      one.returnPath,
      `From: ${one.returnPath}\r\nSubject: loop\r\nReply-To: ${one.returnPath}\r\n\r\n${from}\r\n`,
      from,
    );
  assert.equal(await count(), before);
  assert.equal(sink.count(), received);
});

test('a bounce that overtakes the record of its delivery is asked to come again', async () => {
  sink.answerWith(({ stage }) => (stage === 'data' ? { code: 451, text: 'later' } : undefined));
  people += 1;
  const email = `person${people}@example.org`;
  const { id } = await submit(email);
  await whenStatus(id, 'deferred');
  sink.answerWith(undefined);
  const [row] = await world.db.asAccount(account.accountId, (tx) =>
    tx.query<{ handle: Buffer }>(sql`SELECT handle FROM recipients WHERE message_id = ${id}`),
  );
  const { returnPathOf } = await import('../suppressions/index.ts');
  const returnPath = returnPathOf(world.vault, domain)(row?.handle ?? Buffer.alloc(8));
  assert.match(await refusedWith(returnPath, bounce({ id, email, returnPath })), /^451 4\.3\.2 /);
  assert.equal(await statusOf(id), 'deferred');
});

test('mail that waits is silenced when its address is suppressed meanwhile', async () => {
  sink.answerWith(({ stage }) => (stage === 'rcpt' ? { code: 451, text: 'later' } : undefined));
  people += 1;
  const email = `person${people}@example.org`;
  const { id } = await submit(email);
  await whenStatus(id, 'deferred');
  await call('PUT', `/v1/suppressions/${email}`, { reason: 'manual' });
  sink.answerWith(undefined);
  world.clock.advance(60_000);
  delivery.nudge();
  await whenStatus(id, 'dropped');
  assert.equal(sink.of(email).length, 0);
  assert.match((await eventsOf({ id })).at(-1)?.delivery?.why ?? '', /suppression list/);
});

test('a report of 50 MB is taken by its beginning, without holding the rest', async () => {
  const one = await sent();
  const returned = Buffer.alloc(50_000_000, 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do\r\n');
  const head = Buffer.from(
    bounce(one, 'failed', '5.2.2', '552 5.2.2 mailbox full').replace(
      '--x--\r\n',
      '--x\r\nContent-Type: message/rfc822\r\n\r\n',
    ),
  );
  const beforeBytes = process.memoryUsage().arrayBuffers;
  assert.match(await giveBack(one.returnPath, Buffer.concat([head, returned])), /^250 /);
  assert.ok(process.memoryUsage().arrayBuffers - beforeBytes < 200_000_000);
  assert.equal(await statusOf(one.id), 'bounced');
  const [row] = await world.db.asAccount(account.accountId, (tx) =>
    tx.query<{ bytes: number }>(sql`SELECT max(length(content_sealed)) AS bytes FROM returned_mail`),
  );
  assert.ok((row?.bytes ?? Number.POSITIVE_INFINITY) < 600_000);
});

test('reports of an erased message are taken and keep no word', async () => {
  const one = await sent();
  await call('DELETE', `/v1/messages/${one.id}`);
  await giveBack(one.returnPath, bounce(one));
  const events = await eventsOf(one);
  assert.equal(events.at(-1)?.type, 'bounced');
  assert.equal(events.at(-1)?.delivery?.reply, null);
  const rows = await world.db.asAccount(account.accountId, (tx) =>
    tx.query<{ content: unknown }>(
      sql`SELECT content_sealed AS content FROM returned_mail WHERE message_id = ${one.id}`,
    ),
  );
  assert.deepEqual(rows, [{ content: null }]);
});

test('what was said before TLS is forgotten, and what was slipped in behind STARTTLS is not run inside it', async () => {
  const one = await sent();
  const client = await RawClient.connect(intake.port);
  await client.say('EHLO mx.example.org');
  await client.say('MAIL FROM:<>');
  client.write(`STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<>\r\nRCPT TO:<${one.returnPath}>\r\n`);
  assert.match(await client.reply(), /^220 /);
  await client.startTls();
  for (const command of [`RCPT TO:<${one.returnPath}>`, 'DATA', 'MAIL FROM:<>'])
    assert.match(await client.say(command), /^503 /, command);
  assert.match(await client.say('EHLO mx.example.org'), /^250-/);
  assert.match(await client.say('MAIL FROM:<>'), /^250 /);
  client.close();
});

const swaks = 'swaks';
const hasSwaks = spawnSync(swaks, ['--version']).status === 0;
test('swaks gives back by STARTTLS', { skip: hasSwaks ? false : 'swaks is not installed' }, async () => {
  const one = await sent();
  const { spawn } = await import('node:child_process');
  const child = spawn(swaks, [
    '--server',
    '127.0.0.1',
    '--port',
    String(intake.port),
    '--from',
    '<>',
    '--to',
    one.returnPath,
    '--tls',
    '--data',
    '-',
  ]);
  child.stdin.end(bounce(one).replaceAll('\r\n', '\n'));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  assert.equal(code, 0);
  assert.equal(await statusOf(one.id), 'bounced');
});

test('no word of what came back is in a log line, and reports go after 90 days', async () => {
  assert.doesNotMatch(world.logLines.join('\n'), /example\.org|User unknown|b-[a-z2-7]{29}/);
  world.clock.advance(91 * 86_400_000);
  assert.ok((await forgetReturns(world)) > 0);
  const [row] = await world.db.asAccount(account.accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM returned_mail`),
  );
  assert.equal(row?.n, 0);
});
