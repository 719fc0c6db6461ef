/** Every way in which a connection can fall short of what was asked: no body byte leaves, and the event says why. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { newAuthority, type TestAuthority, type TestCertificate } from '../../test/kit/certificates.ts';
import type { DnsServer, Zone } from '../../test/kit/dns-server.ts';
import type { SinkOptions } from '../../test/kit/smtp-sink.ts';
import { type StrangeAnswer, startStrangeServer } from '../../test/kit/strange-server.ts';
import {
  assertNothingLeft,
  stsPolicy as policy,
  type TransportStage,
  transportStage,
} from '../../test/kit/transport-stage.ts';
import type { TestWorld } from '../../test/kit/world.ts';

let stage: TransportStage;
let world: TestWorld;
let authority: TestAuthority;
let good: TestCertificate;
let dns: DnsServer;

before(async () => {
  stage = await transportStage();
  ({ world, authority, good, dns } = stage);
});
after(() => stage.close());

const spkiOf = ({ cert }: TestCertificate): Buffer =>
  new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

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
    const target = await stage.sink(options);
    const told = await stage.send(stage.domainAt(), target.port, { floor: 'verified' });
    assertNothingLeft(told, target, why);
    assert.equal(told.evidence?.tries[0]?.tls?.certificate?.verdict, verdict, name);
  }
  const target = await stage.sink({ tls: good });
  const told = await stage.send(stage.domainAt(), target.port, { floor: 'verified' });
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
  stage.closes({ close: () => new Promise((resolve) => server.close(resolve)) });
  return { port: (server.address() as AddressInfo).port, bodyBytes: () => bodyBytes, heard: () => heard };
}

test('STARTTLS that is offered and then refused gives a verified floor nothing, and an opportunistic one goes on', async () => {
  const refusing = await trickster((socket) => socket.write('454 not now\r\n'));
  const told = await stage.send(stage.domainAt(), refusing.port, { floor: 'verified' });
  assertNothingLeft(told, refusing, 'tls.not_offered');
  assert.doesNotMatch(refusing.heard(), /MAIL FROM/i);
  const open = await stage.send(stage.domainAt(), refusing.port, { floor: 'opportunistic' });
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
  const told = await stage.send(stage.domainAt(), injecting.port, { floor: 'verified' });
  assert.equal(told.outcome, 'delivered');
  assert.match(commands[0] ?? '', /^EHLO/, 'the server is asked anew, inside TLS');
  assert.ok(!commands.some((line) => /SIZE=/.test(line)), 'what was said outside is forgotten');
  assert.equal(injecting.bodyBytes(), 0, 'nothing of it in clear text');
});

const record = (domain: string, id: string): void => dns.tell(`_mta-sts.${domain}`, { txt: [`v=STSv1; id=${id};`] });

test('an enforced policy raises an opportunistic floor, on the hosts that it names', async () => {
  const host = await stage.policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await stage.sink();
  const one = stage.domainAt();
  record(one, '1');
  await host.tell(one, policy('enforce'));
  assertNothingLeft(await stage.send(one, inClear.port, { options }), inClear, 'tls.not_offered');

  const selfSigned = await stage.sink({ tls: await (await newAuthority()).issue('mx.clinic.example') });
  assertNothingLeft(await stage.send(one, selfSigned.port, { options }), selfSigned, 'tls.certificate');

  const other = stage.domainAt();
  record(other, '1');
  await host.tell(other, policy('enforce', '*.elsewhere.example'));
  const secure = await stage.sink({ tls: good });
  assertNothingLeft(await stage.send(other, secure.port, { options }), secure, 'mta_sts.host_not_listed');
  assert.equal(secure.connectionCount(), 0);

  const told = await stage.send(one, secure.port, { floor: 'authenticated', options });
  assert.deepEqual([told.outcome, told.evidence?.mtaSts.state], ['delivered', 'enforced']);
  assert.deepEqual([told.evidence?.tries[0]?.grounds, told.evidence?.tries[0]?.reached], ['mta-sts', 'authenticated']);
});

test('a policy that is tested or withdrawn raises nothing, and neither does one that cannot be fetched', async () => {
  const host = await stage.policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await stage.sink();
  for (const [text, state] of [
    [policy('testing'), 'testing'],
    ['version: STSv1\nmode: none\nmax_age: 86400\n', 'withdrawn'],
    [null, 'unknown'],
    [{ text: 'moved', status: 302 }, 'unknown'],
    ['<html>', 'unknown'],
  ] as const) {
    const domain = stage.domainAt();
    record(domain, '1');
    await host.tell(domain, text);
    const told = await stage.send(domain, inClear.port, { options });
    assert.deepEqual([told.outcome, told.evidence?.mtaSts.state], ['delivered', state], String(text));
    const strict = await stage.send(domain, inClear.port, { floor: 'authenticated', options });
    assert.deepEqual([strict.outcome, strict.why], ['deferred', 'tls.no_authenticated_route']);
  }
});

test('a kept policy outlives a record and a server that are gone, follows a new id, and ends with its time', async () => {
  const host = await stage.policyHost();
  const options = { mtaStsPort: host.port };
  const inClear = await stage.sink();
  const domain = stage.domainAt();
  record(domain, '1');
  await host.tell(domain, policy('enforce'));
  assertNothingLeft(await stage.send(domain, inClear.port, { options }), inClear, 'tls.not_offered');
  dns.tell(`_mta-sts.${domain}`, {});
  await host.tell(domain, null);
  assertNothingLeft(await stage.send(domain, inClear.port, { options }), inClear, 'tls.not_offered');
  record(domain, '2');
  const stale = await stage.send(domain, inClear.port, { options });
  assertNothingLeft(stale, inClear, 'tls.not_offered');
  assert.equal(stale.evidence?.mtaSts.fault, 'sts-policy-fetch-error');
  await host.tell(domain, policy('testing'));
  assert.equal((await stage.send(domain, inClear.port, { options })).outcome, 'delivered');

  const short = stage.domainAt();
  record(short, '1');
  await host.tell(short, policy('enforce', 'mx.clinic.example', 3_600));
  const before = inClear.bodyBytes();
  assert.equal((await stage.send(short, inClear.port, { options })).outcome, 'deferred');
  assert.equal(inClear.bodyBytes(), before);
  await host.tell(short, null);
  world.clock.advance(3_601_000);
  assert.equal((await stage.send(short, inClear.port, { options })).outcome, 'delivered');
});

const validating = { dnsValidates: 'true' } as const;
const tlsa = (certificate: TestCertificate, usage = 3) => [
  { usage, selector: 1, matchingType: 1, certificate: sha256(spkiOf(certificate)) },
];
const tlsaAt = (port: number, zone: Zone): void =>
  dns.tell(`_${port}._tcp.mx.clinic.example`, { secure: true, ...zone });
const secureDomain = (): string => stage.domainAt({ secure: true }, { secure: true });

test('DANE takes the certificate that DNS names, trusted or not, and no other', async () => {
  const own = await (await newAuthority()).issue('whatever.example');
  const target = await stage.sink({ tls: own });
  tlsaAt(target.port, { tlsa: tlsa(own) });
  const told = await stage.send(secureDomain(), target.port, { floor: 'authenticated', options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.grounds], ['delivered', 'dane']);
  assert.equal(told.evidence?.tries[0]?.reached, 'authenticated');

  const other = await stage.sink({ tls: good });
  tlsaAt(other.port, { tlsa: tlsa(own) });
  assertNothingLeft(await stage.send(secureDomain(), other.port, { options: validating }), other, 'dane.mismatch');
  const inClear = await stage.sink();
  tlsaAt(inClear.port, { tlsa: tlsa(own) });
  assertNothingLeft(
    await stage.send(secureDomain(), inClear.port, { options: validating }),
    inClear,
    'tls.not_offered',
  );
});

test('DANE by an authority wants the chain to it and the name', async () => {
  const chained = await stage.sink({ tls: { ...good, cert: `${good.cert}\n${authority.cert}` } });
  const anchor = [
    { usage: 2, selector: 0, matchingType: 1, certificate: sha256(new X509Certificate(authority.cert).raw) },
  ];
  tlsaAt(chained.port, { tlsa: anchor });
  const options = { ...validating, trusted: [] };
  const told = await stage.send(secureDomain(), chained.port, { options });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.reached], ['delivered', 'authenticated']);
  const wrong = await authority.issue('other.clinic.example');
  const misnamed = await stage.sink({ tls: { ...wrong, cert: `${wrong.cert}\n${authority.cert}` } });
  tlsaAt(misnamed.port, { tlsa: anchor });
  assertNothingLeft(await stage.send(secureDomain(), misnamed.port, { options }), misnamed, 'dane.mismatch');
});

test('records that cannot be used make encryption mandatory, and a bogus answer bars the host', async () => {
  const inClear = await stage.sink();
  tlsaAt(inClear.port, { tlsa: tlsa(good, 1) });
  assertNothingLeft(
    await stage.send(secureDomain(), inClear.port, { options: validating }),
    inClear,
    'tls.not_offered',
  );
  const anybody = await stage.sink({ tls: await (await newAuthority()).issue('whatever.example') });
  tlsaAt(anybody.port, { tlsa: tlsa(good, 1) });
  const told = await stage.send(secureDomain(), anybody.port, { options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.demanded], ['delivered', 'encrypted']);
  const bogus = await stage.sink({ tls: good });
  tlsaAt(bogus.port, { broken: true });
  assertNothingLeft(await stage.send(secureDomain(), bogus.port, { options: validating }), bogus, 'dane.bogus');
  assert.equal(bogus.connectionCount(), 0);
});

test('records that DNSSEC does not vouch for say nothing', async () => {
  const target = await stage.sink({ tls: good });
  tlsaAt(target.port, { tlsa: tlsa(await (await newAuthority()).issue('x.example')), secure: false });
  const told = await stage.send(secureDomain(), target.port, { options: validating });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.dane], ['delivered', 'none']);
  tlsaAt(target.port, { tlsa: tlsa(await (await newAuthority()).issue('x.example')) });
  const unsigned = await stage.send(stage.domainAt(), target.port, { options: validating });
  assert.deepEqual([unsigned.outcome, unsigned.evidence?.tries[0]?.dane], ['delivered', 'none']);
  const unasked = await stage.send(secureDomain(), target.port, {});
  assert.deepEqual([unasked.outcome, unasked.evidence?.tries[0]?.dane], ['delivered', 'off']);
});

test('DANE wins over an enforced policy that does not name the host', async () => {
  const host = await stage.policyHost();
  const own = await (await newAuthority()).issue('whatever.example');
  const target = await stage.sink({ tls: own });
  tlsaAt(target.port, { tlsa: tlsa(own) });
  const domain = secureDomain();
  record(domain, '1');
  await host.tell(domain, policy('enforce', '*.elsewhere.example'));
  const told = await stage.send(domain, target.port, { options: { ...validating, mtaStsPort: host.port } });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.grounds], ['delivered', 'dane']);
});

test('a relay meets an authenticated floor by its pinned key, and another key gets nothing at any floor', async () => {
  const own = await (await newAuthority()).issue('relay.example');
  const target = await stage.sink({ tls: own });
  const relay = (pin?: string) => ({ smarthost: `smtp://127.0.0.1:${target.port}`, smarthostPin: pin });
  const pin = sha256(spkiOf(own)).toString('hex');
  assertNothingLeft(await stage.send('example.org', 0, { options: relay('ab'.repeat(32)) }), target, 'tls.pin');
  const unpinned = await stage.send('example.org', 0, { floor: 'authenticated', options: relay() });
  assertNothingLeft(unpinned, target, 'tls.no_authenticated_route');
  const told = await stage.send('example.org', 0, { floor: 'authenticated', options: relay(pin) });
  assert.deepEqual([told.outcome, told.evidence?.tries[0]?.reached], ['delivered', 'authenticated']);
});

test('words of a server that no server should say are recorded all the same, once, and the message is not sent again', async () => {
  const words = Buffer.from('554-5.7.1 d\xe9j\xe0 \x00\x1b[31m\u202e\r\n', 'latin1');
  const endless = Buffer.concat([
    words,
    Buffer.from('554-so it goes on\r\n'.repeat(3_000)),
    Buffer.from('554 end\r\n'),
  ]);
  const cases: readonly (readonly [string, StrangeAnswer, string, string])[] = [
    ['a refusal of 60 kB with control characters', endless, 'bounced', 'reply.permanent'],
    ['an acceptance with them', Buffer.from('250 d\xe9j\xe0 \x00\x1b\r\n', 'latin1'), 'delivered', 'accepted'],
    ['a number beyond all numbers', `2${'9'.repeat(40)} taken\r\n`, 'deferred', 'connection.failed'],
    ['a refusal beyond all numbers', `5${'9'.repeat(40)} no\r\n`, 'deferred', 'connection.failed'],
  ];
  for (const [name, answer, outcome, why] of cases) {
    const server = await startStrangeServer(good, (at) => (at === 'body' ? answer : undefined));
    stage.closes({ close: async () => server.close() });
    const told = await stage.send(stage.domainAt(), server.port, {});
    assert.deepEqual([told.outcome, told.why, server.bodies.length], [outcome, why, 1], name);
  }
});
