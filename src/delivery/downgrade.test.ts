/** Every way in which a connection can fall short of what was asked: no body byte leaves, and the event says why. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { newAuthority, type TestAuthority, type TestCertificate } from '../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer, type Zone } from '../../test/kit/dns-server.ts';
import { keysOfRecipient } from '../../test/kit/message-keys.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { TransportEvidence } from '../core/delivery/evidence.ts';
import type { MinimumTransport } from '../core/delivery/transport.ts';
import { sql } from '../platform/database.ts';
import { type DeliveryOptions, startDelivery } from './index.ts';
import { openEvidence } from './stored-evidence.ts';

let world: TestWorld;
let accountId: string;
let authority: TestAuthority;
let good: TestCertificate;
let dns: DnsServer;
const opened: { close(): Promise<unknown> }[] = [];
let domains = 0;

before(async () => {
  world = await testWorld();
  accountId = (await createTestAccount(world)).accountId;
  authority = await newAuthority();
  good = await authority.issue('mx.clinic.example');
  dns = await startDnsServer({});
  opened.push(dns);
});
after(async () => {
  for (const one of opened.reverse()) await one.close();
  await world.close();
});

/** A server that is called mx.clinic.example, whatever it shows. */
async function sink(options: SinkOptions = {}): Promise<SmtpSink> {
  const started = await startSmtpSink(options);
  opened.push(started);
  return started;
}

/** A domain of its own for each test, since answers are kept. */
function domainAt(zone: Zone = {}, hostZone: Zone = {}): string {
  domains += 1;
  const domain = `d${domains}.example`;
  dns.tell(domain, { mx: [{ preference: 1, exchange: 'mx.clinic.example' }], ...zone });
  dns.tell('mx.clinic.example', { a: ['127.0.0.1'], ...hostZone });
  return domain;
}

interface Told {
  readonly outcome: string;
  readonly why: string;
  readonly evidence: TransportEvidence | null;
}

interface Case {
  readonly floor?: MinimumTransport;
  readonly options?: Partial<DeliveryOptions>;
}

/** Sends one message and tells its first attempt. */
async function send(domain: string, port: number, { floor = 'opportunistic', options = {} }: Case): Promise<Told> {
  const message = await queueMessage(world, {
    ...{ accountId, to: [`ana@${domain}`], octets: 'From: care@clinic.example\r\nSubject: x\r\n\r\nSecret\r\n' },
    header: { minimumTransport: floor },
  });
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ mxPort: port, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
      ...{ dnsServers: [dns.address], trusted: [authority.cert], ...options },
    },
  );
  try {
    return await firstAttempt(message.recipientIds[0] ?? '');
  } finally {
    await delivery.close();
    await world.db.asAccount(accountId, (tx) =>
      tx.query(sql`DELETE FROM deliveries WHERE account_id = ${accountId} AND message_id = ${message.messageId}`),
    );
  }
}

async function firstAttempt(recipientId: string): Promise<Told> {
  const keys = await keysOfRecipient(world, accountId, recipientId);
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const rows = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ outcome: string; why: string; sealed: Buffer | null }>(sql`
        SELECT outcome, why, evidence_sealed AS sealed FROM delivery_attempts
         WHERE recipient_id = ${recipientId} ORDER BY at LIMIT 1`),
    );
    const [row] = rows;
    if (row !== undefined)
      return {
        ...{ outcome: row.outcome, why: row.why },
        evidence: openEvidence(keys, row.sealed),
      };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail('no attempt was made');
}

const spkiOf = ({ cert }: TestCertificate): Buffer =>
  new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function assertNothingLeft(told: Told, target: { bodyBytes(): number }, why: string): void {
  assert.deepEqual([told.outcome, told.why, target.bodyBytes()], ['deferred', why, 0]);
}

test('a verified floor is met by TLS 1.2 or later with the right name, and by nothing else', async () => {
  const wrongName = await authority.issue('other.clinic.example');
  const expired = await authority.issue('mx.clinic.example', { notAfter: new Date(Date.now() - 60_000) });
  const selfSigned = await (await newAuthority()).issue('mx.clinic.example');
  const old = { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  const servers: readonly (readonly [string, SinkOptions, string, string?])[] = [
    ['no STARTTLS', {}, 'tls.not_offered'],
    ['another name', { tls: wrongName }, 'tls.certificate', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', { tls: expired }, 'tls.certificate', 'CERT_HAS_EXPIRED'],
    ['an authority that nobody knows', { tls: selfSigned }, 'tls.certificate', 'CERT_SIGNATURE_FAILURE'],
    ['TLS 1.1 only', { tls: old }, 'tls.handshake'],
  ];
  for (const [name, options, why, verdict] of servers) {
    const target = await sink(options);
    const told = await send(domainAt(), target.port, { floor: 'verified' });
    assertNothingLeft(told, target, why);
    assert.equal(told.evidence?.tries[0]?.tls?.certificate?.verdict, verdict, name);
  }
  const target = await sink({ tls: good });
  const told = await send(domainAt(), target.port, { floor: 'verified' });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.reached], ['delivered', 'verified']);
  assert.equal(told.evidence?.tries[0]?.tls?.certificate?.subject, 'CN=mx.clinic.example');
  assert.equal(target.received[0]?.tls, 'TLSv1.3');
});

const answers: readonly (readonly [RegExp, string])[] = [
  [/^EHLO/i, '250-mx.clinic.example\r\n250 STARTTLS\r\n'],
  [/^DATA/i, '354 go\r\n'],
  [/^QUIT/i, '221 bye\r\n'],
  [/^/, '250 ok\r\n'],
];

interface Trickster {
  readonly port: number;
  readonly bodyBytes: () => number;
  readonly heard: () => string;
}

/** Speaks SMTP in clear text and answers STARTTLS as told; counts what comes after DATA. */
async function trickster(answer: (socket: Socket) => void): Promise<Trickster> {
  let bodyBytes = 0;
  let heard = '';
  const hear = (socket: Socket, line: string, isBody: boolean): boolean => {
    heard += line;
    if (isBody) {
      bodyBytes += Buffer.byteLength(line);
      if (!line.endsWith('\r\n.\r\n')) return true;
      socket.write('250 taken\r\n');
    } else if (/^STARTTLS/i.test(line)) answer(socket);
    else socket.write(answers.find(([command]) => command.test(line))?.[1] ?? '');
    return /^DATA/i.test(line);
  };
  const server: Server = createServer((socket) => {
    let isBody = false;
    socket.on('error', () => {});
    socket.write('220 mx.clinic.example\r\n');
    socket.on('data', (chunk) => {
      isBody = hear(socket, chunk.toString(), isBody);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  return { port: (server.address() as AddressInfo).port, bodyBytes: () => bodyBytes, heard: () => heard };
}

test('STARTTLS that is offered and then refused gives a verified floor nothing, and an opportunistic one goes on', async () => {
  const refusing = await trickster((socket) => socket.write('454 not now\r\n'));
  const told = await send(domainAt(), refusing.port, { floor: 'verified' });
  assertNothingLeft(told, refusing, 'tls.not_offered');
  assert.doesNotMatch(refusing.heard(), /MAIL FROM/i);
  const open = await send(domainAt(), refusing.port, { floor: 'opportunistic' });
  assert.equal(open.outcome, 'delivered');
  assert.ok(refusing.bodyBytes() > 0);
  assert.equal(open.evidence?.tries[0]?.reached, 'plain');
});

test('words that are slipped in behind the answer to STARTTLS count for nothing', async () => {
  const commands: string[] = [];
  const injecting = await trickster((socket) => {
    socket.removeAllListeners('data');
    socket.write('220 go\r\n250-evil.example\r\n250-AUTH PLAIN\r\n250 SIZE 5\r\n');
    const secure = new TLSSocket(socket, { isServer: true, ...good });
    secure.on('error', () => {});
    secure.on('data', (chunk: Buffer) => {
      const line = chunk.toString();
      commands.push(line.split('\r\n')[0] ?? '');
      if (/^EHLO/i.test(line)) secure.write('250 mx.clinic.example\r\n');
      else if (/^DATA/i.test(line)) secure.write('354 go\r\n');
      else secure.write('250 ok\r\n');
    });
  });
  const told = await send(domainAt(), injecting.port, { floor: 'verified' });
  assert.equal(told.outcome, 'delivered');
  assert.match(commands[0] ?? '', /^EHLO/, 'the server is asked anew, inside TLS');
  assert.ok(!commands.some((line) => /SIZE=/.test(line)), 'what was said outside is forgotten');
  assert.equal(injecting.bodyBytes(), 0, 'nothing of it in clear text');
});

/** Publishes policies of MTA-STS over HTTPS, as `mta-sts.<domain>`. */
async function policyHost(): Promise<{ port: number; tell(domain: string, text: string | null): Promise<void> }> {
  const texts = new Map<string, string | null>();
  const keys = new Map<string, TestCertificate>();
  const { createSecureContext } = await import('node:tls');
  const server: HttpsServer = createHttpsServer(
    {
      ...good,
      SNICallback: (name, done) => {
        const own = keys.get(name);
        done(null, createSecureContext(own ?? good));
      },
    },
    (request, response) => {
      const text = texts.get(request.headers.host?.split(':')[0] ?? '');
      if (text === null || text === undefined) response.writeHead(404).end();
      else if (text.startsWith('redirect')) response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  });
  return {
    port: (server.address() as AddressInfo).port,
    async tell(domain, text) {
      const name = `mta-sts.${domain}`;
      texts.set(name, text);
      if (!keys.has(name)) keys.set(name, await authority.issue(name));
      dns.tell(name, { a: ['127.0.0.1'] });
    },
  };
}

const policy = (mode: string, mx = 'mx.clinic.example', maxAge = 86_400): string =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;
const record = (domain: string, id: string): void => dns.tell(`_mta-sts.${domain}`, { txt: [`v=STSv1; id=${id};`] });

test('an enforced policy raises an opportunistic floor, on the hosts that it names', async () => {
  const host = await policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await sink();
  const one = domainAt();
  record(one, '1');
  await host.tell(one, policy('enforce'));
  assertNothingLeft(await send(one, inClear.port, { options }), inClear, 'tls.not_offered');

  const selfSigned = await sink({ tls: await (await newAuthority()).issue('mx.clinic.example') });
  assertNothingLeft(await send(one, selfSigned.port, { options }), selfSigned, 'tls.certificate');

  const other = domainAt();
  record(other, '1');
  await host.tell(other, policy('enforce', '*.elsewhere.example'));
  const secure = await sink({ tls: good });
  assertNothingLeft(await send(other, secure.port, { options }), secure, 'mta_sts.host_not_listed');
  assert.equal(secure.connectionCount(), 0);

  const told = await send(one, secure.port, { floor: 'authenticated', options });
  assert.deepEqual([told.outcome, told.evidence?.mtaSts.state], ['delivered', 'enforced']);
  assert.deepEqual([told.evidence?.tries[0]?.grounds, told.evidence?.tries[0]?.reached], ['mta-sts', 'authenticated']);
});

test('a policy that is tested or withdrawn raises nothing, and neither does one that cannot be fetched', async () => {
  const host = await policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await sink();
  for (const [text, state] of [
    [policy('testing'), 'testing'],
    ['version: STSv1\nmode: none\nmax_age: 86400\n', 'withdrawn'],
    [null, 'unknown'],
    ['redirect', 'unknown'],
    ['<html>', 'unknown'],
  ] as const) {
    const domain = domainAt();
    record(domain, '1');
    await host.tell(domain, text);
    const told = await send(domain, inClear.port, { options });
    assert.deepEqual([told.outcome, told.evidence?.mtaSts.state], ['delivered', state], String(text));
    const strict = await send(domain, inClear.port, { floor: 'authenticated', options });
    assert.deepEqual([strict.outcome, strict.why], ['deferred', 'tls.no_authenticated_route']);
  }
});

test('a kept policy outlives a record and a server that are gone, follows a new id, and ends with its time', async () => {
  const host = await policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await sink();
  const domain = domainAt();
  record(domain, '1');
  await host.tell(domain, policy('enforce'));
  assertNothingLeft(await send(domain, inClear.port, { options }), inClear, 'tls.not_offered');
  dns.tell(`_mta-sts.${domain}`, {});
  await host.tell(domain, null);
  assertNothingLeft(await send(domain, inClear.port, { options }), inClear, 'tls.not_offered');
  record(domain, '2');
  const stale = await send(domain, inClear.port, { options });
  assertNothingLeft(stale, inClear, 'tls.not_offered');
  assert.equal(stale.evidence?.mtaSts.fault, 'sts-policy-fetch-error');
  await host.tell(domain, policy('testing'));
  assert.equal((await send(domain, inClear.port, { options })).outcome, 'delivered');

  const short = domainAt();
  record(short, '1');
  await host.tell(short, policy('enforce', 'mx.clinic.example', 3_600));
  const before = inClear.bodyBytes();
  assert.equal((await send(short, inClear.port, { options })).outcome, 'deferred');
  assert.equal(inClear.bodyBytes(), before);
  await host.tell(short, null);
  world.clock.advance(3_601_000);
  assert.equal((await send(short, inClear.port, { options })).outcome, 'delivered');
});

const validating = { dnsValidates: 'true' } as const;
const tlsa = (certificate: TestCertificate, usage = 3) => [
  { usage, selector: 1, matchingType: 1, certificate: sha256(spkiOf(certificate)) },
];
const tlsaAt = (port: number, zone: Zone): void =>
  dns.tell(`_${port}._tcp.mx.clinic.example`, { secure: true, ...zone });
const secureDomain = (): string => domainAt({ secure: true }, { secure: true });

test('DANE takes the certificate that DNS names, trusted or not, and no other', async () => {
  const own = await (await newAuthority()).issue('whatever.example');
  const target = await sink({ tls: own });
  tlsaAt(target.port, { tlsa: tlsa(own) });
  const told = await send(secureDomain(), target.port, { floor: 'authenticated', options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.grounds], ['delivered', 'dane']);
  assert.equal(told.evidence?.tries[0]?.reached, 'authenticated');

  const other = await sink({ tls: good });
  tlsaAt(other.port, { tlsa: tlsa(own) });
  assertNothingLeft(await send(secureDomain(), other.port, { options: validating }), other, 'dane.mismatch');
  const inClear = await sink();
  tlsaAt(inClear.port, { tlsa: tlsa(own) });
  assertNothingLeft(await send(secureDomain(), inClear.port, { options: validating }), inClear, 'tls.not_offered');
});

test('DANE by an authority wants the chain to it and the name', async () => {
  const chained = await sink({ tls: { ...good, cert: `${good.cert}\n${authority.cert}` } });
  const anchor = [
    { usage: 2, selector: 0, matchingType: 1, certificate: sha256(new X509Certificate(authority.cert).raw) },
  ];
  tlsaAt(chained.port, { tlsa: anchor });
  const options = { ...validating, trusted: [] };
  const told = await send(secureDomain(), chained.port, { options });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.reached], ['delivered', 'authenticated']);
  const wrong = await authority.issue('other.clinic.example');
  const misnamed = await sink({ tls: { ...wrong, cert: `${wrong.cert}\n${authority.cert}` } });
  tlsaAt(misnamed.port, { tlsa: anchor });
  assertNothingLeft(await send(secureDomain(), misnamed.port, { options }), misnamed, 'dane.mismatch');
});

test('records that cannot be used make encryption mandatory, and a bogus answer bars the host', async () => {
  const inClear = await sink();
  tlsaAt(inClear.port, { tlsa: tlsa(good, 1) });
  assertNothingLeft(await send(secureDomain(), inClear.port, { options: validating }), inClear, 'tls.not_offered');
  const anybody = await sink({ tls: await (await newAuthority()).issue('whatever.example') });
  tlsaAt(anybody.port, { tlsa: tlsa(good, 1) });
  const told = await send(secureDomain(), anybody.port, { options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.demanded], ['delivered', 'encrypted']);
  const bogus = await sink({ tls: good });
  tlsaAt(bogus.port, { broken: true });
  assertNothingLeft(await send(secureDomain(), bogus.port, { options: validating }), bogus, 'dane.bogus');
  assert.equal(bogus.connectionCount(), 0);
});

test('records that DNSSEC does not vouch for say nothing', async () => {
  const target = await sink({ tls: good });
  tlsaAt(target.port, { tlsa: tlsa(await (await newAuthority()).issue('x.example')), secure: false });
  const told = await send(secureDomain(), target.port, { options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.dane], ['delivered', 'none']);
  tlsaAt(target.port, { tlsa: tlsa(await (await newAuthority()).issue('x.example')) });
  const unsigned = await send(domainAt(), target.port, { options: validating });
  assert.deepEqual([unsigned.outcome, unsigned.evidence?.tries[0]?.dane], ['delivered', 'none']);
  const unasked = await send(secureDomain(), target.port, {});
  assert.deepEqual([unasked.outcome, unasked.evidence?.tries[0]?.dane], ['delivered', 'off']);
});

test('DANE wins over an enforced policy that does not name the host', async () => {
  const host = await policyHost();
  const own = await (await newAuthority()).issue('whatever.example');
  const target = await sink({ tls: own });
  tlsaAt(target.port, { tlsa: tlsa(own) });
  const domain = secureDomain();
  record(domain, '1');
  await host.tell(domain, policy('enforce', '*.elsewhere.example'));
  const told = await send(domain, target.port, { options: { ...validating, mtaStsPort: host.port } });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.grounds], ['delivered', 'dane']);
});

test('a relay meets an authenticated floor by its pinned key, and another key gets nothing at any floor', async () => {
  const own = await (await newAuthority()).issue('relay.example');
  const target = await sink({ tls: own });
  const relay = (pin?: string) => ({ smarthost: `smtp://127.0.0.1:${target.port}`, smarthostPin: pin });
  const pin = sha256(spkiOf(own)).toString('hex');
  assertNothingLeft(await send('example.org', 0, { options: relay('ab'.repeat(32)) }), target, 'tls.pin');
  const unpinned = await send('example.org', 0, { floor: 'authenticated', options: relay() });
  assertNothingLeft(unpinned, target, 'tls.no_authenticated_route');
  const told = await send('example.org', 0, { floor: 'authenticated', options: relay(pin) });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.reached], ['delivered', 'authenticated']);
});
