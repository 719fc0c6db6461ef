/** Reports about TLS that we send: counted from real deliveries to real servers, told by real HTTPS and real mail. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { TlsaData } from 'dns-packet';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import PostalMime from 'postal-mime';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { newAuthority, type TestAuthority } from '../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer, type Zone } from '../../test/kit/dns-server.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { addSender, verifySender } from '../contract/senders.ts';
import type { MinimumTransport } from '../core/delivery/transport.ts';
import { type Delivery, type DeliveryOptions, startDelivery } from '../delivery/index.ts';
import { sql } from '../platform/database.ts';
import { openDns } from '../platform/dns.ts';
import { senderRoutes } from '../senders/index.ts';
import { openDesk } from '../sending/index.ts';
import { openPost } from './post-report.ts';
import type { Reporting } from './send-report.ts';
import { reportOnce } from './worker.ts';

const contact = 'tls-reports@clinic.example';
let world: TestWorld;
let account: NewAccount;
let authority: TestAuthority;
let dns: DnsServer;
let api: TestApi;
let collector: { port: number; taken: { type: string | undefined; body: Buffer }[]; answer: number; server: Server };
let policies: { port: number; texts: Map<string, string>; server: Server };
const opened: SmtpSink[] = [];

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  authority = await newAuthority();
  dns = await startDnsServer({});
  const options = { dnsServers: [dns.address], sendingAddresses: ['198.51.100.7'], hostname: 'mail.clinic.example' };
  api = await startApi(world, () => senderRoutes(world, { ...options, hasSmarthost: false }));
  collector = await startCollector();
  policies = await startPolicyHost(['sts.example', 'testing.example', 'lost.example']);
});
after(async () => {
  for (const one of opened) await one.close();
  for (const { server } of [collector, policies]) {
    server.closeAllConnections();
    server.close();
  }
  await api.close();
  await dns.close();
  await world.close();
});

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

async function startCollector(): Promise<typeof collector> {
  const started: Omit<typeof collector, 'port' | 'server'> = { taken: [], answer: 200 };
  const server = createServer({ ...(await authority.issue('localhost')) }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (started.answer === 200)
        started.taken.push({ type: request.headers['content-type'], body: Buffer.concat(pieces) });
      response.writeHead(started.answer, { location: '/elsewhere' }).end();
    });
  });
  return Object.assign(started, { server, port: await listening(server) });
}

async function startPolicyHost(domains: readonly string[]): Promise<typeof policies> {
  const texts = new Map<string, string>();
  const names = domains.map((domain) => `mta-sts.${domain}`);
  const contexts = new Map<string, Awaited<ReturnType<TestAuthority['issue']>>>();
  for (const name of names) contexts.set(name, await authority.issue(name));
  const { createSecureContext } = await import('node:tls');
  const first = await authority.issue('mta-sts.example');
  const server = createServer(
    { ...first, SNICallback: (name, done) => done(null, createSecureContext(contexts.get(name) ?? first)) },
    (request, response) => {
      const text = texts.get(request.headers.host?.split(':')[0] ?? '');
      if (text === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
    },
  );
  for (const name of names) dns.tell(name, { a: ['127.0.0.1'] });
  return { texts, server, port: await listening(server) };
}

function publishPolicy(domain: string, mode: string): void {
  dns.tell(`_mta-sts.${domain}`, { txt: ['v=STSv1; id=1;'] });
  policies.texts.set(`mta-sts.${domain}`, `version: STSv1\nmode: ${mode}\nmx: mx.${domain}\nmax_age: 86400\n`);
}

async function sink(options: SinkOptions = {}): Promise<SmtpSink> {
  const started = await startSmtpSink(options);
  opened.push(started);
  return started;
}

function open(port: number, more: Partial<DeliveryOptions> = {}): Delivery {
  return startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ mxPort: port, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
      ...{ dnsServers: [dns.address], trusted: [authority.cert], mtaStsPort: policies.port, tlsReportsFrom: contact },
      ...more,
    },
  );
}

/** Sends so many messages to people of the domain, one after the other, and waits until each was tried. */
async function deliver(
  domain: string,
  port: number,
  {
    messages = 1,
    minimumTransport = 'opportunistic',
    ...more
  }: Partial<DeliveryOptions> & { messages?: number; minimumTransport?: MinimumTransport } = {},
) {
  const secure = more.dnsValidates === 'true';
  dns.tell(domain, { mx: [{ preference: 1, exchange: `mx.${domain}` }], secure });
  dns.tell(`mx.${domain}`, { a: ['127.0.0.1'], secure });
  const delivery = open(port, more);
  for (let sent = 0; sent < messages; sent += 1) {
    const { messageId } = await queueMessage(world, {
      ...{ accountId: account.accountId, to: [`ana@${domain}`], octets: 'From: care@clinic.example\r\n\r\nSecret\r\n' },
      header: { minimumTransport },
    });
    await until(async () => (await countAttempts(messageId)) > 0, 'it is tried');
  }
  await delivery.close();
  await world.db.asAccount(account.accountId, (tx) =>
    tx.query(sql`DELETE FROM deliveries WHERE account_id = ${account.accountId}`),
  );
}

async function countAttempts(messageId: string): Promise<number> {
  const [row] = await world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ attempts: number }>(sql`
      SELECT count(*)::int AS attempts FROM delivery_attempts WHERE message_id = ${messageId}`),
  );
  return row?.attempts ?? 0;
}

const reporting = (): Reporting => ({
  ...{ world, desk: openDesk(world, { trackingUrl: 'https://t.clinic.example' }), contact },
  dns: openDns({ servers: [dns.address] }),
  post: openPost({ allowsPrivate: true, trusted: [authority.cert] }),
});
const turn = (): Promise<void> => reportOnce(reporting(), new AbortController().signal);

interface Report {
  readonly 'organization-name': string;
  readonly 'contact-info': string;
  readonly 'report-id': string;
  readonly 'date-range': Record<string, string>;
  readonly policies: readonly {
    readonly policy: Record<string, unknown>;
    readonly summary: Record<string, number>;
    readonly 'failure-details'?: readonly Record<string, unknown>[];
  }[];
}
const read = (packed: Uint8Array): Report => JSON.parse(gunzipSync(packed).toString()) as Report;
const countsOf = (report: Report) =>
  report.policies.map(({ policy, summary, 'failure-details': details = [] }) => [
    policy['policy-type'],
    summary['total-successful-session-count'],
    summary['total-failure-session-count'],
    ...details.map((one) => one['result-type']),
  ]);

const tellReports = (domain: string, rua: string): void =>
  dns.tell(`_smtp._tls.${domain}`, { txt: [`v=TLSRPTv1; rua=${rua}`] });
const atCollector = (): string => `https://localhost:${collector.port}/tls`;

async function nextDay(): Promise<void> {
  world.clock.set(new Date(new Date(world.clock.now()).setUTCHours(24, 10, 1, 0)));
  collector.taken.length = 0;
  await turn(); // plans, and says when: at some time in the first four hours
  world.clock.advance(5 * 3_600_000);
}

test('each kind of session is counted once a connection and told to who asked for it the night after', async () => {
  const good = await sink({ tls: await authority.issue('mx.testing.example') });
  const inClear = await sink();
  const wrongName = await sink({ tls: await authority.issue('mx.elsewhere.example') });
  publishPolicy('sts.example', 'enforce');
  publishPolicy('testing.example', 'testing');
  dns.tell('_mta-sts.lost.example', { txt: ['v=STSv1; id=1;'] });
  await deliver('testing.example', good.port, { messages: 3 });
  await deliver('testing.example', wrongName.port);
  await deliver('sts.example', wrongName.port);
  await deliver('sts.example', inClear.port);
  await deliver('lost.example', good.port);
  await deliver('plain.example', inClear.port);
  await deliver('silent.example', inClear.port);
  for (const domain of ['testing.example', 'sts.example', 'lost.example', 'plain.example'])
    tellReports(domain, atCollector());

  await nextDay();
  await turn();
  const reports = new Map(
    collector.taken.map(({ body }) => {
      const report = read(body);
      return [report.policies[0]?.policy['policy-domain'] as string, report];
    }),
  );
  assert.deepEqual([...reports.keys()].sort(), ['lost.example', 'plain.example', 'sts.example', 'testing.example']);
  const one = reports.get('testing.example');
  assert.ok(one !== undefined);
  // Three messages used one connection.
  assert.deepEqual(countsOf(one), [['sts', 1, 1, 'certificate-host-mismatch']]);
  assert.deepEqual(one['date-range'], {
    'start-datetime': '2026-11-22T00:00:00Z',
    'end-datetime': '2026-11-22T23:59:59Z',
  });
  assert.deepEqual([one['organization-name'], one['contact-info']], ['clinic.example', contact]);
  assert.deepEqual(one.policies[0]?.policy['policy-string'], [
    'version: STSv1',
    'mode: testing',
    'mx: mx.testing.example',
    'max_age: 86400',
  ]);
  assert.deepEqual(one.policies[0]?.['failure-details']?.[0], {
    'result-type': 'certificate-host-mismatch',
    'receiving-mx-hostname': 'mx.testing.example',
    'receiving-ip': '127.0.0.1',
    'failed-session-count': 1,
  });
  assert.deepEqual(
    countsOf(reports.get('sts.example') ?? assert.fail()).map((counts) => [
      ...counts.slice(0, 3),
      ...counts.slice(3).sort(),
    ]),
    [['sts', 0, 2, 'certificate-host-mismatch', 'starttls-not-supported']],
  );
  assert.deepEqual(
    new Set(countsOf(reports.get('lost.example') ?? assert.fail()).map(String)),
    new Set(['no-policy-found,1,0', 'sts,0,1,sts-policy-fetch-error']),
  );
  assert.deepEqual(countsOf(reports.get('plain.example') ?? assert.fail()), [
    ['no-policy-found', 0, 1, 'starttls-not-supported'],
  ]);
  assert.ok(collector.taken.every(({ type }) => type === 'application/tlsrpt+gzip'));

  collector.taken.length = 0;
  await turn();
  assert.equal(collector.taken.length, 0, 'nothing is told twice');
  assert.deepEqual(await countWaiting(), [0, 0], 'what nobody asked for is forgotten');
});

test('of DANE each kind of failure is told under its records, as its name in RFC 8460 §4.3 says', async () => {
  const own = await authority.issue('whatever.example');
  const spki = new X509Certificate(own.cert).publicKey.export({ type: 'spki', format: 'der' });
  const certificate = createHash('sha256').update(spki).digest();
  const other = Buffer.alloc(32, 7);
  const record = (data: Buffer, usage = 3): TlsaData => ({ usage, selector: 1, matchingType: 1, certificate: data });
  const line = (data: Uint8Array, usage = 3): string =>
    `${usage} 1 1 ${Buffer.from(data).toString('hex').toUpperCase()}`;
  const target = await sink({ tls: own });
  const inClear = await sink();
  const cases: readonly (readonly [string, SmtpSink, Zone, unknown[], string[]?])[] = [
    ['fits', target, { tlsa: [record(certificate), record(other)] }, ['tlsa', 1, 0], [line(certificate), line(other)]],
    ['mismatch', target, { tlsa: [record(other)] }, ['tlsa', 0, 1, 'validation-failure'], [line(other)]],
    ['unusable', target, { tlsa: [record(certificate, 1)] }, ['tlsa', 0, 1, 'tlsa-invalid'], [line(certificate, 1)]],
    [
      'stripped',
      inClear,
      { tlsa: [record(certificate)] },
      ['tlsa', 0, 1, 'starttls-not-supported'],
      [line(certificate)],
    ],
    ['bogus', target, { broken: true }, ['tlsa', 0, 1, 'dnssec-invalid']],
    ['required', target, {}, ['no-policy-found', 0, 1, 'dane-required']],
  ];
  for (const [name, server, zone] of cases) {
    const domain = `${name}.dane.example`;
    dns.tell(`_${server.port}._tcp.mx.${domain}`, { secure: true, ...zone });
    tellReports(domain, atCollector());
    const minimumTransport = name === 'required' ? 'authenticated' : 'opportunistic';
    await deliver(domain, server.port, { dnsValidates: 'true', minimumTransport });
  }
  await nextDay();
  await turn();
  const told = collector.taken.map(({ body }) => read(body).policies[0] ?? assert.fail());
  for (const [name, , , counts, lines] of cases) {
    const of = name === 'required' ? `${name}.dane.example` : `mx.${name}.dane.example`;
    const found = told.filter(({ policy }) => policy['policy-domain'] === of);
    assert.equal(found.length, 1, name);
    const [one = assert.fail()] = found;
    assert.deepEqual(countsOf({ policies: [one] } as unknown as Report), [counts], name);
    assert.deepEqual(one.policy['policy-string'], lines, name);
    assert.equal(
      one['failure-details']?.[0]?.['receiving-mx-hostname'],
      counts[2] === 1 ? `mx.${name}.dane.example` : undefined,
    );
  }
});

const countWaiting = async (): Promise<number[]> => {
  const [row] = await world.db.asWorker((tx) =>
    tx.query<{ sessions: number; due: number }>(sql`
      SELECT (SELECT count(*)::int FROM tls_sessions) AS sessions, (SELECT count(*)::int FROM tls_reports_due) AS due`),
  );
  return [row?.sessions ?? -1, row?.due ?? -1];
};

test('a report that is not taken, or redirected, is tried again for a day and then dropped', async () => {
  const inClear = await sink();
  tellReports('later.example', atCollector());
  await deliver('later.example', inClear.port);
  collector.answer = 302;
  await nextDay();
  await turn();
  assert.deepEqual([collector.taken.length, await countWaiting()], [0, [0, 1]]);
  world.clock.advance(3_600_000);
  collector.answer = 200;
  await turn();
  assert.deepEqual([collector.taken.length, await countWaiting()], [1, [0, 0]]);

  await deliver('later.example', inClear.port);
  collector.answer = 503;
  collector.taken.length = 0;
  await nextDay();
  await turn();
  assert.deepEqual(await countWaiting(), [0, 1]);
  world.clock.advance(25 * 3_600_000);
  await turn();
  collector.answer = 200;
  assert.deepEqual(await countWaiting(), [0, 0]);
});

test('without leave no report goes to an address that is not public, by number or by name', async () => {
  const post = openPost({ trusted: [authority.cert] });
  collector.taken.length = 0;
  assert.equal(await post(`https://127.0.0.1:${collector.port}/`, Buffer.from('x')), false);
  assert.equal(await post(`https://[::1]:${collector.port}/`, Buffer.from('x')), false);
  assert.equal(await post(atCollector(), Buffer.from('x')), false);
  assert.equal(collector.taken.length, 0);
});

test('by mail a report comes signed, whatever the receiver’s policy forbids, and is not itself counted', async () => {
  const sender = await ask(api, addSender, account.apiKey, { body: { domain: 'clinic.example' } });
  for (const { name, value } of sender.records) dns.tell(name, { txt: [value] });
  const inClear = await sink();
  publishPolicy('sts.example', 'enforce');
  tellReports('sts.example', 'mailto:tls%2Breports@sts.example');
  await deliver('sts.example', inClear.port);
  assert.equal(inClear.received.length, 0);
  await nextDay();
  await turn();
  assert.deepEqual(await countWaiting(), [0, 1], 'no account has shown yet that the domain is theirs');
  await ask(api, verifySender, account.apiKey, { params: { domain: 'clinic.example' } });
  world.clock.advance(3_600_000);
  await turn();
  const delivery = open(inClear.port);
  await until(async () => inClear.received.length > 0, 'the report arrives');
  await delivery.close();

  const [mail] = inClear.received;
  assert.ok(mail !== undefined);
  assert.equal(mail.to[0], 'tls+reports@sts.example');
  const parsed = await PostalMime.parse(mail.bytes, { attachmentEncoding: 'arraybuffer' });
  const header = (name: string) => parsed.headers.find(({ key }) => key === name)?.value;
  assert.match(header('content-type') ?? '', /^multipart\/report; report-type="tlsrpt"/);
  assert.equal(header('tls-report-domain'), 'sts.example');
  // RFC 8460 §5.3, tlsrpt-subject: the last part is written as a Message-ID.
  assert.match(
    parsed.subject ?? '',
    /^Report Domain: sts\.example Submitter: clinic\.example Report-ID: <[0-9a-f-]{36}@clinic\.example>$/,
  );
  assert.equal(header('tls-report-submitter'), 'clinic.example');
  const [packed] = parsed.attachments;
  assert.equal(packed?.mimeType, 'application/tlsrpt+gzip');
  const report = read(new Uint8Array(packed?.content as ArrayBuffer));
  assert.deepEqual(countsOf(report), [['sts', 0, 1, 'starttls-not-supported']]);
  assert.equal(packed?.filename?.split('!').slice(0, 2).join(' '), 'clinic.example sts.example');
  const { results } = await dkimVerify(mail.bytes, {
    resolver: async (name: string) => sender.records.filter((one) => one.name === name).map(({ value }) => [value]),
  });
  const valid = results.find(
    ({ status, signingDomain }) => status.result === 'pass' && signingDomain === 'clinic.example',
  );
  assert.match(valid?.signingHeaders?.keys ?? '', /TLS-Report-Domain: TLS-Report-Submitter/);
  assert.doesNotMatch(
    mail.bytes.toString('latin1').split('\r\n\r\n')[0] ?? '',
    /;\s*l=/,
    'RFC 8460 §3: all of the body is signed',
  );
  assert.deepEqual(await countWaiting(), [0, 0]);
});
