/** Relays and mail hosts that fail, each in its own phase, on real servers: what is tried next, and what is not. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { newAuthority, type TestAuthority } from '../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { keysOfRecipient } from '../../test/kit/message-keys.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { TransportEvidence } from '../core/delivery/evidence.ts';
import { sql } from '../platform/database.ts';
import { systemClock } from '../platform/world.ts';
import { type DeliveryOptions, startDelivery } from './index.ts';
import { openEvidence } from './stored-evidence.ts';

let world: TestWorld;
let accountId: string;
let authority: TestAuthority;
let dns: DnsServer;
const opened: { close(): Promise<unknown> }[] = [];

before(async () => {
  world = await testWorld(new Date().toISOString());
  accountId = (await createTestAccount(world)).accountId;
  authority = await newAuthority();
  dns = await startDnsServer({});
  opened.push(dns);
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

/** A server that speaks as it is told, or not at all. */
async function rawServer(onSocket: (socket: Socket) => void): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, connections: () => connections };
}

/** A port that nobody listens on: it was free a moment ago. */
async function nobody(): Promise<number> {
  const { port, close } = await startSmtpSink();
  await close();
  return port;
}

const delivery = (options: Partial<DeliveryOptions>) =>
  startDelivery(
    { ...world, clock: systemClock, metrics: new Registry() },
    {
      ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
      ...{ dnsServers: [dns.address], setupTimeoutMs: 400 },
      ...options,
    },
  );

async function delivering<T>(options: Partial<DeliveryOptions>, use: () => Promise<T>): Promise<T> {
  const running = delivery(options);
  try {
    return await use();
  } finally {
    await running.close();
  }
}

const octets = 'From: care@clinic.example\r\nTo: you@example.org\r\nSubject: x\r\n\r\nhello\r\n';
const queue = async (to = 'ana@example.org'): Promise<string> => {
  const { recipientIds } = await queueMessage(world, { accountId, octets, to: [to], dueAt: new Date() });
  return recipientIds[0] ?? '';
};

interface Attempt {
  readonly outcome: string;
  readonly why: string;
  readonly evidence: TransportEvidence | null;
}

async function attemptsOf(recipientId: string): Promise<Attempt[]> {
  const keys = await keysOfRecipient(world, accountId, recipientId);
  const rows = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ outcome: string; why: string; sealed: Buffer | null }>(sql`
      SELECT outcome, why, evidence_sealed AS sealed FROM delivery_attempts
       WHERE recipient_id = ${recipientId} ORDER BY at, id`),
  );
  return rows.map(({ sealed, ...row }) => ({
    ...row,
    evidence: openEvidence(keys, sealed),
  }));
}

async function firstAttempt(recipientId: string): Promise<Attempt> {
  await until(async () => (await attemptsOf(recipientId)).length > 0, 'an attempt is recorded');
  const [first] = await attemptsOf(recipientId);
  assert.ok(first);
  return first;
}

const list = (...ports: number[]): string =>
  ports.map((port, place) => `smtp://127.0.0.1:${port}?priority=${place}`).join();

const whys = ({ evidence }: Attempt): (string | null)[] => evidence?.tries.map(({ why }) => why) ?? [];

test('a relay that refuses connections, hangs, says 421 or breaks off costs a try and no delay: the next one has the mail', async () => {
  const last = await sink();
  const hanging = await rawServer(() => undefined);
  const leaving = await rawServer((socket) => socket.end('421 4.3.2 closing for now\r\n'));
  const dropping = await sink({ script: ({ stage }) => (stage === 'mail' ? 'drop' : undefined) });
  const closing = await sink({
    script: ({ stage }) => (stage === 'mail' ? { code: 421, text: '4.3.2 shutting down' } : undefined),
  });
  const smarthost = list(await nobody(), hanging.port, leaving.port, dropping.port, closing.port);
  const recipientId = await queue();
  // Five are the most that one attempt goes through.
  const attempt = await delivering({ smarthost }, () => firstAttempt(recipientId));
  assert.deepEqual(whys(attempt), ['connection.refused', 'connection.timeout', null, 'connection.lost', null]);
  assert.equal(attempt.outcome, 'deferred');
  for (const broken of [await nobody(), hanging.port, leaving.port, dropping.port, closing.port]) {
    const saved = await queue();
    const second = await delivering({ smarthost: list(broken, last.port) }, () => firstAttempt(saved));
    assert.equal(second.outcome, 'delivered', whys(second).join());
    assert.equal(second.evidence?.tries.length, 2);
  }
  assert.equal(last.count(), 5);
  assert.equal(dropping.bodyBytes() + closing.bodyBytes(), 0);
});

test('a relay that breaks off after the final dot may have the message, so no other relay gets it in that attempt', async () => {
  const broken = await sink({ script: ({ stage }) => (stage === 'data' ? 'drop' : undefined) });
  const other = await sink();
  const recipientId = await queue();
  const attempt = await delivering({ smarthost: list(broken.port, other.port) }, () => firstAttempt(recipientId));
  assert.deepEqual([attempt.outcome, attempt.why, whys(attempt)], ['deferred', 'connection.lost', ['connection.lost']]);
  assert.ok(broken.bodyBytes() > 0);
  assert.equal(other.connectionCount(), 0);
});

test('a refusal that is about the recipient or the message is asked of no other relay', async () => {
  const refusing = await sink({
    script: ({ stage }) => (stage === 'rcpt' ? { code: 550, text: '5.1.1 no such user' } : undefined),
  });
  const other = await sink();
  const recipientId = await queue('gone@example.org');
  const attempt = await delivering({ smarthost: list(refusing.port, other.port) }, () => firstAttempt(recipientId));
  assert.deepEqual([attempt.outcome, other.connectionCount()], ['bounced', 0]);
});

test('a relay that failed twice is left alone, comes back by one copy’s try, and its state is told', async () => {
  const port = await nobody();
  const spare = await sink();
  const smarthost = `smtp://127.0.0.1:${port}?priority=1,smtp://127.0.0.1:${spare.port}?priority=2`;
  const running = delivery({ smarthost });
  try {
    const tries: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      const attempt = await firstAttempt(await queue());
      assert.equal(attempt.outcome, 'delivered');
      tries.push(attempt.evidence?.tries.length ?? 0);
    }
    assert.deepEqual(tries, [2, 2, 1, 1], 'after two failures the spare one comes first');
    const back = await startSmtpSink({ port });
    opened.push(back);
    for (const deadline = Date.now() + 15_000; back.count() === 0 && Date.now() < deadline; ) {
      await firstAttempt(await queue());
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.ok(back.count() > 0, 'after its rest it is tried and used again');
    const next = await firstAttempt(await queue());
    assert.equal(next.evidence?.tries[0]?.why, null);
  } finally {
    await running.close();
  }
  const rows = await world.db.asWorker((tx) =>
    tx.query<{ state: string }>(sql`SELECT state FROM relay_states WHERE answered_at IS NOT NULL`),
  );
  assert.ok(rows.length >= 2 && rows.every(({ state }) => state === 'working'));
});

test('each relay signs in with its own login, and one that refuses it leaves the mail to the next', async () => {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-relays-'));
  try {
    for (const name of ['one', 'two']) writeFileSync(join(folder, name), `${name}\n${name} password\n`);
    const tls = await authority.issue('127.0.0.1');
    const one = await sink({ tls, users: { one: 'another password' } });
    const two = await sink({ tls, users: { two: 'two password' } });
    const smarthost = [
      `smtp://127.0.0.1:${one.port}?priority=1&auth=${encodeURIComponent(join(folder, 'one'))}`,
      `smtp://127.0.0.1:${two.port}?priority=2`,
    ].join();
    const recipientId = await queue();
    const attempt = await delivering({ smarthost, smarthostAuthFile: join(folder, 'two') }, () =>
      firstAttempt(recipientId),
    );
    assert.equal(attempt.outcome, 'delivered');
    assert.equal(two.received[0]?.user, 'two');
    assert.equal(one.count(), 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const mx = (...names: string[]) => names.map((exchange, place) => ({ preference: (place + 1) * 10, exchange }));
const known = {
  'up.hosts.example': { a: ['127.0.0.3'] },
  'down.hosts.example': { a: ['127.0.0.2'] },
  'own.clinic.example': { a: ['127.0.0.3'] },
  'both.hosts.example': { a: ['127.0.0.2', '127.0.0.3'] },
  'six.hosts.example': { aaaa: ['::1'] },
};

async function tellDns(domain: string, zone: Parameters<DnsServer['tell']>[1]): Promise<void> {
  for (const [name, one] of Object.entries(known)) dns.tell(name, one);
  dns.tell(domain, zone);
}

test('mail hosts are tried by preference and each by all of its addresses, IPv6 too', async () => {
  const up = await sink({ host: '127.0.0.3' });
  await tellDns('next.example', { mx: mx('down.hosts.example', 'up.hosts.example') });
  await tellDns('both.example', { mx: mx('both.hosts.example') });
  const recipients = [await queue('ana@next.example'), await queue('ana@both.example')];
  await delivering({ mxPort: up.port }, async () => {
    for (const recipientId of recipients) assert.equal((await firstAttempt(recipientId)).outcome, 'delivered');
  });
  const [byHosts] = await attemptsOf(recipients[0] ?? '');
  assert.deepEqual(
    byHosts?.evidence?.tries.map(({ host, address }) => [host, address]),
    [
      ['down.hosts.example', '127.0.0.2'],
      ['up.hosts.example', '127.0.0.3'],
    ],
  );
  const six = await sink({ host: '::1' });
  await tellDns('six.example', { mx: mx('six.hosts.example') });
  const recipientId = await queue('ana@six.example');
  const attempt = await delivering({ mxPort: six.port }, () => firstAttempt(recipientId));
  assert.deepEqual([attempt.outcome, attempt.evidence?.tries[0]?.address], ['delivered', '::1']);
});

test('a domain that names this server itself: or an address of it: only hosts preferred to it are tried, and where there are none mail loops back', async () => {
  const up = await sink({ host: '127.0.0.3' });
  await tellDns('loop.example', { mx: mx('own.clinic.example', 'up.hosts.example') });
  await tellDns('behind.example', { mx: mx('down.hosts.example', 'own.clinic.example', 'up.hosts.example') });
  await tellDns('local.example', { mx: mx('localhost') });
  const options = { mxPort: up.port, ownNames: ['own.clinic.example'] };
  const looping = await Promise.all(
    ['a@loop.example', 'a@local.example', 'a@[127.0.0.3]', 'a@[IPv6:::1]'].map((to) => queue(to)),
  );
  const behind = await queue('a@behind.example');
  await delivering(options, async () => {
    for (const recipientId of looping) {
      const attempt = await firstAttempt(recipientId);
      assert.deepEqual([attempt.outcome, attempt.why], ['bounced', 'domain.loops_back']);
    }
    const attempt = await firstAttempt(behind);
    assert.deepEqual(
      [attempt.outcome, attempt.evidence?.tries.map(({ host }) => host)],
      ['deferred', ['down.hosts.example']],
    );
  });
  assert.equal(up.connectionCount(), 0);
});

test('a domain whose address cannot be looked up for now is deferred, one without any bounces', async () => {
  await tellDns('nothing.example', { txt: ['x'] });
  await tellDns('null.example', { mx: [{ preference: 0, exchange: '.' }] });
  await tellDns('failing.example', { broken: true });
  const domains = ['nothing.example', 'null.example', 'failing.example', 'unknown.example'];
  const recipients = await Promise.all(domains.map((domain) => queue(`a@${domain}`)));
  await delivering({}, async () => {
    const told: string[] = [];
    for (const recipientId of recipients) told.push((await firstAttempt(recipientId)).why);
    assert.deepEqual(told, ['domain.no_host', 'domain.no_mail', 'dns.no_answer', 'domain.unknown']);
  });
});

test('mail leaves from the addresses that are named, with the name of each, and from none of another family', async () => {
  const seen: { from: string | undefined; helo: string }[] = [];
  const server = await rawServer((socket) => {
    socket.write('220 here\r\n');
    socket.on('data', (bytes: Buffer) => {
      const helo = /^EHLO (\S+)/.exec(bytes.toString())?.[1];
      if (helo !== undefined) seen.push({ from: socket.remoteAddress, helo });
      socket.end('421 4.3.2 enough\r\n');
    });
  });
  await tellDns('here.example', { mx: mx('up4.hosts.example') });
  dns.tell('up4.hosts.example', { a: ['127.0.0.1'] });
  await tellDns('six.example', { mx: mx('six.hosts.example') });
  const sourceAddresses = [
    { address: '127.0.0.7', heloName: 'seven.clinic.example' },
    { address: '127.0.0.8', heloName: null },
  ];
  const recipients = await Promise.all(Array.from({ length: 12 }, () => queue('a@here.example')));
  const six = await queue('a@six.example');
  await delivering({ mxPort: server.port, sourceAddresses, maxConnectionsPerHop: 1 }, async () => {
    for (const recipientId of recipients) await firstAttempt(recipientId);
    assert.equal((await firstAttempt(six)).why, 'route.no_source');
  });
  assert.ok(seen.length > 0);
  const pairs = new Set(seen.map(({ from, helo }) => `${from} ${helo}`));
  for (const pair of pairs)
    assert.ok(['127.0.0.7 seven.clinic.example', '127.0.0.8 clinic.example'].includes(pair), pair);
});
