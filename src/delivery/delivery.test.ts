import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { newAuthority, type TestAuthority } from '../../test/kit/certificates.ts';
import { startDnsServer } from '../../test/kit/dns-server.ts';
import { addDepartment } from '../../test/kit/mail.ts';
import { keysOfRecipient } from '../../test/kit/message-keys.ts';
import { type MessageToQueue, type QueuedMessage, queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { browser, startTracking } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault } from '../accounts/index.ts';
import { openDelivery, openHost } from '../events/index.ts';
import { sql } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { tokenKeys, trackingUrls } from '../tracking/index.ts';
import { type Delivery, type DeliveryOptions, startDelivery } from './index.ts';

let world: TestWorld;
let accountId: string;
let authority: TestAuthority;
const opened: { close(): Promise<unknown> }[] = [];

before(async () => {
  world = await testWorld();
  accountId = (await createTestAccount(world)).accountId;
  authority = await newAuthority();
});
after(async () => {
  for (const one of opened.reverse()) await one.close();
  await world.close();
});

async function sink(options: SinkOptions = {}): Promise<SmtpSink> {
  const started = await startSmtpSink(options);
  opened.push(started);
  return started;
}

/** Runs while `use` runs; a registry takes each metric once. */
async function delivering<T>(
  options: Partial<DeliveryOptions>,
  use: (delivery: Delivery) => Promise<T>,
  where = world,
): Promise<T> {
  const delivery = startDelivery(
    { ...where, metrics: new Registry() },
    {
      mxPort: 25,
      trackingUrl: 'https://t.clinic.example',
      helloName: 'clinic.example',
      dnsServers: ['127.0.0.1:1'],
      pollMs: 20,
      ...options,
    },
  );
  try {
    return await use(delivery);
  } finally {
    await delivery.close();
  }
}
const relay = (port: number): Partial<DeliveryOptions> => ({ smarthost: `smtp://127.0.0.1:${port}` });

const html = [
  'From: care@clinic.example',
  'To: everyone@clinic.example',
  'Subject: Hello',
  'MIME-Version: 1.0',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<html><body><p>Hello</p>',
  '<a href="https://clinic.example/one">One</a> <a href="https://clinic.example/two">Two</a>',
  '</body></html>',
  '',
].join('\r\n');

const queue = (message: Partial<MessageToQueue> & { to: readonly string[] }): Promise<QueuedMessage> =>
  queueMessage(world, { accountId, octets: html, ...message });

interface Told {
  readonly type: string;
  readonly why: string | undefined;
  readonly host: string | null | undefined;
  readonly reply: string | null | undefined;
}

async function attempts(recipientId: string | undefined): Promise<Told[]> {
  const keys = await keysOfRecipient(world, accountId, recipientId ?? '');
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ type: string; detail: Buffer | null }>(sql`
      SELECT type, detail_sealed AS detail FROM events WHERE recipient_id = ${recipientId} AND type <> 'accepted'
       ORDER BY occurred_at, id`),
  );
  const none = { why: undefined, host: undefined, reply: undefined };
  return rows.map(({ type, detail }) => ({ type, ...((detail && openDelivery(keys, detail)) ?? none) }));
}

interface State {
  readonly status: string;
  readonly via: string | null;
  readonly by: string | null;
  readonly gateway: string | null;
  readonly source: string | null;
  readonly at: Date | null;
}

type StateRow = Omit<State, 'by' | 'gateway'> & Readonly<Record<'by' | 'gateway', Buffer | null>>;

const state = async (recipientId: string | undefined): Promise<State | undefined> => {
  const { message } = await keysOfRecipient(world, accountId, recipientId ?? '');
  const [row] = await world.db.readAccount(accountId, (tx) =>
    tx.query<StateRow>(sql`
      SELECT status, delivered_via AS via, delivered_by_sealed AS by, gateway_mx_sealed AS gateway,
             gateway_mx_source AS source, delivered_at AS at FROM recipient_states WHERE recipient_id = ${recipientId}`),
  );
  return row && { ...row, by: openHost(message, row.by), gateway: openHost(message, row.gateway) };
};

const queued = (recipientId: string | undefined) =>
  world.db.readAccount(accountId, (tx) =>
    tx.query<{ attempts: number; heldBecause: string | null; dueAt: Date }>(sql`
      SELECT attempts, held_because AS "heldBecause", due_at AS "dueAt" FROM deliveries
       WHERE recipient_id = ${recipientId}`),
  );

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never happened: ${what}`);
}
const hasStatus = (recipientId: string | undefined, status: string): Promise<void> =>
  until(status, async () => (await state(recipientId))?.status === status);

test('each recipient gets a copy of its own, with its own pixel and links, and nothing else changed', async () => {
  const target = await sink();
  const message = await queue({ to: ['ana@example.org', 'ben@example.org'] });
  await delivering(relay(target.port), () => target.waitFor(2));
  const copies = ['ana@example.org', 'ben@example.org'].map((to) => target.of(to)[0]?.bytes.toString() ?? '');
  for (const copy of copies) {
    assert.match(copy, /^From: care@clinic\.example\r\nTo: everyone@clinic\.example\r\nSubject: Hello\r\n/);
    assert.equal(copy.match(/https:\/\/t\.clinic\.example\/c\//g)?.length, 2);
    assert.equal(copy.match(/https:\/\/t\.clinic\.example\/o\//g)?.length, 1);
  }
  assert.notEqual(copies[0], copies[1]);
  for (const recipientId of message.recipientIds) await hasStatus(recipientId, 'delivered');
  assert.deepEqual(await queued(message.recipientIds[0]), []);
});

test('the copy that arrives is the copy that was rendered: level off leaves a message as it was submitted', async () => {
  const target = await sink();
  const octets = Buffer.from(
    `Date: Sun, 22 Nov 2026 04:00:00 +0000\r\nMessage-ID: <a@clinic.example>\r\n${html}.\r\n..dots\r\n`,
  );
  await queue({ to: ['off@example.org'], level: 'off', octets });
  await delivering(relay(target.port), () => target.waitFor(1));
  assert.ok(target.received[0]?.bytes.equals(octets));
});

test('a missing Date and Message-ID are added, and a copy of its own names its recipient alone', async () => {
  const target = await sink();
  await queue({ to: ['ana@example.org'], header: { ownTo: true } });
  await delivering(relay(target.port), () => target.waitFor(1));
  const copy = target.received[0]?.bytes.toString() ?? '';
  assert.match(copy, /^To: ana@example\.org\r$/m);
  assert.doesNotMatch(copy, /everyone@clinic/);
  assert.match(copy, /^Date: Sun, 22 Nov 2026 12:00:00 \+0000\r$/m);
  assert.match(copy, /^Message-ID: <[0-9a-f-]{36}@clinic\.example>\r$/m);
});

test('a copy of its own names a recipient of an international domain in a form that needs no SMTPUTF8', async () => {
  const target = await sink();
  await queue({ to: ['ana@bücher.example'], header: { ownTo: true } });
  await delivering(relay(target.port), () => target.waitFor(1));
  assert.match(target.received[0]?.bytes.toString() ?? '', /^To: ana@xn--bcher-kva\.example\r$/m);
});

test('the moment of the 250 and the host that gave it are kept, with the gateway that DNS names behind a relay', async () => {
  const dns = await startDnsServer({ 'example.org': { mx: [{ preference: 10, exchange: 'mx1.pphosted.com' }] } });
  opened.push(dns);
  const target = await sink();
  const message = await queue({ to: ['ana@example.org'] });
  await delivering({ ...relay(target.port), dnsServers: [dns.address] }, () =>
    hasStatus(message.recipientIds[0], 'delivered'),
  );
  assert.deepEqual(await state(message.recipientIds[0]), {
    status: 'delivered',
    via: 'relay',
    by: '127.0.0.1',
    gateway: 'mx1.pphosted.com',
    source: 'dns',
    at: world.clock.now(),
  });
});

test('a temporary refusal defers with its reason, is tried again when due, and then delivers', async () => {
  const target = await sink({
    script: ({ stage }) => (stage === 'rcpt' ? { code: 451, text: 'greylisted, ana@example.org' } : undefined),
  });
  const message = await queue({ to: ['ana@example.org'] });
  const [recipientId] = message.recipientIds;
  await delivering(relay(target.port), async () => {
    await hasStatus(recipientId, 'deferred');
    target.answerWith(undefined);
    const [row] = await queued(recipientId);
    assert.equal(row?.attempts, 1);
    const waitMs = (row?.dueAt.getTime() ?? 0) - world.clock.now().getTime();
    assert.ok(waitMs >= 12_000 && waitMs <= 18_000, `${waitMs}`);
    world.clock.advance(waitMs);
    await hasStatus(recipientId, 'delivered');
  });
  const told = await attempts(recipientId);
  assert.deepEqual(
    told.map((one) => one.type),
    ['deferred', 'delivered'],
  );
  assert.match(told[0]?.reply ?? '', /451.*greylisted/);
  assert.equal(told[0]?.why, 'The next hop refused for now.');
  assert.ok(world.logLines.every((line) => !line.includes('greylisted') && !line.includes('ana@')));
});

test('a permanent refusal bounces the recipient and nobody else', async () => {
  const target = await sink({
    script: ({ stage, address }) =>
      stage === 'rcpt' && address === 'gone@example.org' ? { code: 550, text: 'no such user' } : undefined,
  });
  const message = await queue({ to: ['gone@example.org', 'ana@example.org'] });
  await delivering(relay(target.port), async () => {
    await hasStatus(message.recipientIds[0], 'bounced');
    await hasStatus(message.recipientIds[1], 'delivered');
  });
  assert.deepEqual(
    (await attempts(message.recipientIds[0])).map((one) => one.type),
    ['bounced'],
  );
  assert.deepEqual(await queued(message.recipientIds[0]), []);
});

test('who does not exist, as the server says at once, gets no more mail; whose server refuses us for another reason does', async () => {
  const answers: Record<string, string> = {
    'absent@example.org': '5.1.1 <absent@example.org>: user unknown',
    'wary@example.org': '5.7.1 blocked using a list',
  };
  const target = await sink({
    script: ({ stage, address }) => {
      const text = stage === 'rcpt' ? answers[address] : undefined;
      return text === undefined ? undefined : { code: 550, text };
    },
  });
  const to = Object.keys(answers);
  await delivering(relay(target.port), async (delivery) => {
    const [gone, wary] = (await queue({ to })).recipientIds;
    await hasStatus(gone, 'bounced');
    await hasStatus(wary, 'bounced');
    const [goneAgain, waryAgain] = (await queue({ to })).recipientIds;
    delivery.nudge();
    await hasStatus(goneAgain, 'dropped');
    await hasStatus(waryAgain, 'bounced');
    assert.match((await attempts(goneAgain))[0]?.why ?? '', /does not exist/);
  });
});

test('a message that keeps failing for five days bounces as expired', async () => {
  const target = await sink({ script: ({ stage }) => (stage === 'mail' ? { code: 451, text: 'later' } : undefined) });
  const message = await queue({ to: ['ana@example.org'] });
  const [recipientId] = message.recipientIds;
  await delivering(relay(target.port), async () => {
    await hasStatus(recipientId, 'deferred');
    world.clock.advance(5 * 86_400_000);
    await hasStatus(recipientId, 'bounced');
  });
  assert.match((await attempts(recipientId)).at(-1)?.why ?? '', /in time/);
});

test('a smart host that is away for a while delays everything and loses nothing', async () => {
  const away = await startSmtpSink();
  await away.close();
  const to = Array.from({ length: 30 }, (_, n) => `person${n}@example.org`);
  const message = await queue({ to });
  await delivering(relay(away.port), async () => {
    for (const recipientId of message.recipientIds) await hasStatus(recipientId, 'deferred');
    const back = await sink({ port: away.port });
    await until('all delivered', async () => {
      world.clock.advance(5_000);
      return back.count() >= 30;
    });
    for (const recipientId of message.recipientIds) await hasStatus(recipientId, 'delivered');
    assert.equal(new Set(back.received.flatMap((one) => one.to)).size, 30);
  });
  assert.match((await attempts(message.recipientIds[0]))[0]?.why ?? '', /refused the connection/);
});

test('below a verified floor no body byte leaves, the recipient is deferred and the event says why', async () => {
  const selfSigned = await sink({ tls: await (await newAuthority()).issue('localhost') });
  const inClear = await sink();
  for (const target of [selfSigned, inClear]) {
    const message = await queue({ to: ['ana@example.org'], header: { minimumTransport: 'verified' } });
    await delivering({ smarthost: `smtp://localhost:${target.port}`, trusted: [authority.cert] }, () =>
      hasStatus(message.recipientIds[0], 'deferred'),
    );
    assert.match((await attempts(message.recipientIds[0]))[0]?.why ?? '', /asks for verified TLS.*no byte/);
    assert.equal(target.bodyBytes(), 0);
  }
});

test('a verified floor is met by a certificate for the name of the smart host', async () => {
  const target = await sink({ tls: await authority.issue('localhost') });
  const message = await queue({ to: ['ana@example.org'], header: { minimumTransport: 'verified' } });
  await delivering({ smarthost: `smtp://localhost:${target.port}`, trusted: [authority.cert] }, () =>
    hasStatus(message.recipientIds[0], 'delivered'),
  );
  assert.equal(target.received[0]?.tls, 'TLSv1.3');
});

test('the stricter of the floor at acceptance and the floor now holds', async () => {
  const target = await sink();
  const setFloor = (floor: string) =>
    world.db.asAccount(accountId, (tx) =>
      tx.query(sql`UPDATE account_settings SET minimum_transport = ${floor} WHERE account_id = ${accountId}`),
    );
  const message = await queue({ to: ['ana@example.org'] });
  await setFloor('authenticated');
  await delivering(relay(target.port), () => hasStatus(message.recipientIds[0], 'deferred'));
  await setFloor('opportunistic');
  assert.match((await attempts(message.recipientIds[0]))[0]?.why ?? '', /authenticated TLS/);
  assert.equal(target.connectionCount(), 0);
});

test('a floor that a department above the mail’s own sets later holds for what waits, and for nobody else’s mail', async () => {
  const target = await sink();
  const keys = { accountId, vault: await accountVault(world, accountId) };
  const house = await addDepartment(world, keys, 'House');
  const departmentId = await addDepartment(world, keys, 'Ward', house);
  const theirs = await queue({ to: ['ana@example.org'], departmentId });
  const others = await queue({ to: ['ben@example.org'] });
  await world.db.asAccount(accountId, (tx) =>
    tx.query(sql`UPDATE departments SET minimum_transport = 'authenticated' WHERE id = ${house}`),
  );
  await delivering(relay(target.port), async () => {
    await hasStatus(theirs.recipientIds[0], 'deferred');
    await hasStatus(others.recipientIds[0], 'delivered');
  });
  assert.match((await attempts(theirs.recipientIds[0]))[0]?.why ?? '', /authenticated TLS/);
  assert.equal(target.received.length, 1);
});

test('without a smart host mail goes to the recipient’s MX, and the one that took it is the gateway', async () => {
  const target = await sink();
  const dns = await startDnsServer({
    'direct.example': {
      mx: [
        { preference: 5, exchange: 'dead.direct.example' },
        { preference: 10, exchange: 'alive.direct.example' },
      ],
    },
    'dead.direct.example': { a: ['127.0.0.9'] },
    'alive.direct.example': { a: ['127.0.0.1'] },
    'null.example': { mx: [{ preference: 0, exchange: '.' }] },
  });
  opened.push(dns);
  const message = await queue({ to: ['ana@direct.example', 'ben@null.example', 'eve@absent.example'] });
  const [ana, ben, eve] = message.recipientIds;
  await delivering({ mxPort: target.port, dnsServers: [dns.address] }, async () => {
    await hasStatus(ana, 'delivered');
    await hasStatus(ben, 'bounced');
    await hasStatus(eve, 'bounced');
  });
  const stands = await state(ana);
  assert.deepEqual(
    [stands?.via, stands?.by, stands?.gateway, stands?.source],
    ['mx', 'alive.direct.example', 'alive.direct.example', 'delivery'],
  );
  assert.match((await attempts(ben))[0]?.why ?? '', /null MX/);
  assert.match((await attempts(eve))[0]?.why ?? '', /does not exist/);
});

test('a message that is erased while it waits is dropped', async () => {
  const target = await sink();
  const message = await queue({ to: ['ana@example.org'] });
  await world.db.asAccount(accountId, async (tx) => {
    await tx.query(sql`DELETE FROM message_keys WHERE message_id = ${message.messageId}`);
    await tx.query(sql`DELETE FROM message_contents WHERE message_id = ${message.messageId}`);
    await tx.query(sql`UPDATE messages SET erased_at = ${world.clock.now()} WHERE id = ${message.messageId}`);
  });
  await delivering(relay(target.port), () => hasStatus(message.recipientIds[0], 'dropped'));
  assert.equal(target.count(), 0);
  assert.deepEqual(await queued(message.recipientIds[0]), []);
});

test('content that does not open is held and shouted about, once, and is no loop', async () => {
  const target = await sink();
  const message = await queue({ to: ['ana@example.org'] });
  await world.db.asAccount(accountId, async (tx) => {
    await tx.query(sql`DELETE FROM message_contents WHERE message_id = ${message.messageId}`);
    await tx.query(sql`
      INSERT INTO message_contents (account_id, message_id, content_sealed, plan_sealed)
      VALUES (${accountId}, ${message.messageId}, ${Buffer.alloc(100, 1)}, ${Buffer.alloc(100, 1)})`);
  });
  const healthy = await queue({ to: ['ben@example.org'] });
  await delivering(relay(target.port), async () => {
    await hasStatus(message.recipientIds[0], 'deferred');
    await hasStatus(healthy.recipientIds[0], 'delivered');
  });
  const rows = await queued(message.recipientIds[0]);
  assert.deepEqual([rows[0]?.heldBecause, rows[0]?.attempts], ['content.unreadable', 0]);
  assert.equal(world.logLines.filter((line) => line.includes(message.messageId)).length, 1);
});

test('a scheduled message waits for its time', async () => {
  const target = await sink();
  const dueAt = new Date(world.clock.now().getTime() + 3_600_000);
  const later = await queue({ to: ['later@example.org'], dueAt });
  const now = await queue({ to: ['now@example.org'] });
  await delivering(relay(target.port), async () => {
    await hasStatus(now.recipientIds[0], 'delivered');
    assert.equal(target.of('later@example.org').length, 0);
    world.clock.set(dueAt);
    await hasStatus(later.recipientIds[0], 'delivered');
  });
});

test('a message scheduled for weeks ahead has its five days from then on', async () => {
  const target = await sink({ script: ({ stage }) => (stage === 'mail' ? { code: 451, text: 'later' } : undefined) });
  const dueAt = new Date(world.clock.now().getTime() + 20 * 86_400_000);
  const message = await queue({ to: ['ana@example.org'], dueAt });
  world.clock.set(dueAt);
  await delivering(relay(target.port), () => hasStatus(message.recipientIds[0], 'deferred'));
});

test('an account whose key does not open is held, and keeps nobody else’s mail', async () => {
  const target = await sink();
  const other = (await createTestAccount(world)).accountId;
  const unreadable = await queue({ to: Array.from({ length: 4 }, (_, n) => `p${n}@example.org`), accountId: other });
  await world.db.asAccount(other, (tx) => tx.query(sql`UPDATE accounts SET sealed_key = ${Buffer.alloc(61, 1)}`));
  const healthy = await queue({ to: ['ben@example.org'] });
  const afresh = { ...world, vault: openVault(world.masterKey) };
  await delivering(
    { ...relay(target.port), maxInFlight: 4 },
    () => hasStatus(healthy.recipientIds[0], 'delivered'),
    afresh,
  );
  const held = await world.db.readAccount(other, (tx) =>
    tx.query<{ why: string }>(sql`SELECT held_because AS why FROM deliveries`),
  );
  assert.deepEqual(
    held.map(({ why }) => why),
    unreadable.recipientIds.map(() => 'content.unreadable'),
  );
});

test('two workers on one queue send each message once', async () => {
  const target = await sink();
  const to = Array.from({ length: 200 }, (_, n) => `twin${n}@example.org`);
  await queue({ to });
  await delivering({ ...relay(target.port), maxInFlight: 20 }, async () => {
    await delivering({ ...relay(target.port), maxInFlight: 20 }, () => target.waitFor(200));
  });
  assert.deepEqual([target.count(), new Set(target.received.flatMap((one) => one.to)).size], [200, 200]);
});

test('closing finishes what is under way and gives the rest back at once', async () => {
  const target = await sink();
  const to = Array.from({ length: 300 }, (_, n) => `closing${n}@example.org`);
  await queue({ to });
  await delivering({ ...relay(target.port), maxInFlight: 50 }, () => target.waitFor(20));
  const left = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM deliveries WHERE due_at > ${world.clock.now()}
      AND attempts = 0 AND held_because IS NULL`),
  );
  assert.equal(left[0]?.n, 0, 'no lease outlives the worker');
  await delivering(relay(target.port), () => target.waitFor(300));
  assert.equal(target.count(), 300);
});

test('a domain whose servers are slow does not keep other domains waiting', async () => {
  const quick = await sink();
  let letGo = (): void => {};
  const goesOn = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  const slow = await sink({ port: quick.port, host: '127.0.0.2', script: () => goesOn });
  const dns = await startDnsServer({
    'slow.example': { mx: [{ preference: 1, exchange: 'mx.slow.example' }] },
    'mx.slow.example': { a: ['127.0.0.2'] },
    'quick.example': { a: ['127.0.0.1'] },
  });
  opened.push(dns);
  await queue({ to: Array.from({ length: 60 }, (_, n) => `slow${n}@slow.example`), domain: 'slow.example' });
  const message = await queue({ to: ['ana@quick.example'], domain: 'quick.example' });
  await delivering({ mxPort: quick.port, dnsServers: [dns.address], maxInFlight: 20 }, async () => {
    await hasStatus(message.recipientIds[0], 'delivered');
    assert.equal(slow.count(), 0);
    letGo();
  });
});

test('a click that came before the delivery was known is judged again with it', async () => {
  const tracking = await startTracking(world, ['127.0.0.1/32']);
  opened.push(tracking);
  const target = await sink();
  const dns = await startDnsServer({ 'direct.example': { a: ['127.0.0.1'] } });
  opened.push(dns);
  const message = await queue({ to: ['ana@direct.example'] });
  const recipientId = message.recipientIds[0] ?? '';
  const urls = trackingUrls(tokenKeys(world.vault), tracking.baseUrl, {
    accountId,
    handle: randomBytes(8),
    subject: { level: 'identified', messageId: message.messageId, recipientId },
  });
  const verdict = async (): Promise<string | undefined> => {
    const rows = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ verdict: string }>(sql`
        SELECT v.verdict FROM verdicts v JOIN events e ON e.id = v.event_id WHERE e.recipient_id = ${recipientId}`),
    );
    return rows[0]?.verdict;
  };
  const url = urls.click(0, 'https://clinic.example/one');
  assert.equal((await fetch(url, { redirect: 'manual', headers: browser(1) })).status, 302);
  await tracking.drained();
  assert.equal(await verdict(), 'human');
  await delivering({ mxPort: target.port, dnsServers: [dns.address] }, () => hasStatus(recipientId, 'delivered'));
  assert.equal(await verdict(), 'automated', 'a click in the moment of the delivery is a machine’s');
});

test('one outcome that cannot be recorded keeps no other from it, and is recorded once it can be', async () => {
  const tracking = await startTracking(world, ['127.0.0.1/32']);
  opened.push(tracking);
  const target = await sink();
  const message = await queue({ to: ['stuck@example.org', 'ana@example.org', 'ben@example.org'] });
  const [stuck, ...others] = message.recipientIds;
  const urls = trackingUrls(tokenKeys(world.vault), tracking.baseUrl, {
    accountId,
    handle: randomBytes(8),
    subject: { level: 'identified', messageId: message.messageId, recipientId: stuck ?? '' },
  });
  await fetch(urls.open(), { headers: browser(1) });
  await tracking.drained();
  // The earlier hit is judged again with the delivery: damaged, it cannot be, and the whole transaction fails.
  const owner = new pg.Client(world.database.connection);
  opened.push({ close: () => owner.end() });
  await owner.connect();
  const flipped = 'set_byte(detail_sealed, 20, get_byte(detail_sealed, 20) # 1)';
  const flip = () =>
    owner.query(`UPDATE events SET detail_sealed = ${flipped} WHERE recipient_id = $1 AND type = 'opened'`, [stuck]);
  await flip();
  await delivering(relay(target.port), async () => {
    for (const recipientId of others) await hasStatus(recipientId, 'delivered');
    assert.equal((await state(stuck))?.status, 'queued');
    await flip();
    await hasStatus(stuck, 'delivered');
  });
  assert.equal(target.of('stuck@example.org').length, 1);
});
