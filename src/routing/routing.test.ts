/** Routes of an account over HTTP, and mail that goes by them through real relays. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { askAt, type Body } from '../../test/kit/answer.ts';
import { newAuthority } from '../../test/kit/certificates.ts';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { readConfig } from '../config.ts';
import { type Program, startProgram } from '../main.ts';
import { systemClock } from '../platform/world.ts';

const apiKey = `wx_${'R'.repeat(32)}`;
const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-routes-'));
const opened: { close(): Promise<unknown> }[] = [];
let database: TestDatabase;
let program: Program;
let dns: DnsServer;
let direct: SmtpSink;
let relay: SmtpSink;
let inner: SmtpSink;

before(async () => {
  database = await openTestDatabase();
  const tls = await (await newAuthority()).issue('relay.example');
  direct = await startSmtpSink();
  relay = await startSmtpSink({ tls, users: { clinic: 'a password' } });
  inner = await startSmtpSink({ host: '127.0.0.9' });
  dns = await startDnsServer({
    'example.org': { mx: [{ preference: 1, exchange: 'mx.example.org' }] },
    'a.example.org': { mx: [{ preference: 1, exchange: 'mx.example.org' }] },
    'mx.example.org': { a: ['127.0.0.1'] },
    'relay.example': { a: ['127.0.0.1'] },
    'inner.example': { a: ['127.0.0.9'] },
  });
  opened.push(dns, direct, relay, inner);
  const { config } = readConfig({
    ...{ DATABASE_URL: database.connectionUrl, WAXWING_DATA_DIR: dataDir, WAXWING_BOOTSTRAP_API_KEY: apiKey },
    ...{ WAXWING_KEY_FILE: join(dataDir, 'master.key'), WAXWING_DNS_SERVERS: dns.address },
    ...{ WAXWING_HTTP_PORT: '0', WAXWING_TRACKING_PORT: '0', WAXWING_SMTP_PORT: '0' },
    ...{ WAXWING_NETWORKS_REFRESH_HOURS: 'off', WAXWING_MX_PORT: String(direct.port) },
    ...{ WAXWING_RELAY_NETWORKS: '127.0.0.0/29', WAXWING_SOURCE_ADDRESSES: '127.0.0.7=seven.clinic.example,127.0.0.8' },
  });
  program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
});
after(async () => {
  await program?.close();
  for (const one of opened) await one.close();
  await database?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: unknown) =>
  askAt(`http://127.0.0.1:${program.ports.http}${path}`, method, body, { authorization: `Bearer ${apiKey}` });

async function made(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await ask(method, path, body);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}
const codeOf = async (method: string, path: string, body?: unknown): Promise<string> =>
  (await ask(method, path, body)).body.code;

const throughRelay = (more: object = {}) => ({ host: 'relay.example', port: relay.port, ...more });
let names = 0;
const unused = (): string => {
  names += 1;
  return `Way ${names}`;
};
const addRoute = (hosts: readonly object[], more: object = {}): Promise<Body> =>
  made('POST', '/v1/routes', { name: unused(), kind: 'relay', hosts, ...more });
const login = { user: 'clinic', password: 'a password' };

/** What is kept of the account's routes holds for a second. */
async function rule(...rules: readonly object[]): Promise<void> {
  await made('PUT', '/v1/route-rules', { rules });
}

async function sent(to: string, more: object = {}): Promise<{ status: string; attempt: Body }> {
  const message = { from: 'care@clinic.example', to: [to], subject: 'x', text: 'x', ...more };
  const { id, recipients } = await made('POST', '/v1/messages', message);
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const { attempts, status } = await made('GET', `/v1/messages/${id}/recipients/${recipients[0].id}/receipt`);
    if (attempts.length > 0) return { status, attempt: attempts[0] };
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return assert.fail('never tried');
}

test('mail goes by the route of the first rule that fits, and receipt and preflight say which and why', async () => {
  const route = await addRoute([throughRelay(login)]);
  const plain = await made('POST', '/v1/routes', { name: unused(), kind: 'direct' });
  await rule(
    { routeId: plain.id, recipientDomain: '*.Example.org', messageClass: 'marketing' },
    { routeId: route.id, recipientDomain: '*.example.org', senderDomain: 'clinic.example' },
  );
  const { status, attempt } = await sent('ana@a.example.org');
  assert.equal(status, 'delivered');
  assert.equal(relay.of('ana@a.example.org')[0]?.user, 'clinic');
  const why = `Rule 2 of 2 (recipient domain *.example.org, sender domain clinic.example) sends it by “${route.name}”.`;
  assert.deepEqual(attempt.route, { name: route.name, why });
  assert.ok(['127.0.0.7', '127.0.0.8'].includes(attempt.tries[0].source));
  const another = await sent('ana@example.org');
  assert.deepEqual(another.attempt.route.name, null);
  assert.equal(direct.of('ana@example.org').length, 1);
  const marketing = await sent('bo@a.example.org', { class: 'marketing' });
  assert.equal(marketing.attempt.route.name, plain.name);
  const question = { to: ['cy@a.example.org', 'cy@example.org'], from: 'Care <care@clinic.example>' };
  const { recipients } = await made('POST', '/v1/preflight', question);
  assert.deepEqual(
    recipients.map(({ route: { id }, host }: Body) => [id, host]),
    [
      [route.id, 'relay.example'],
      [null, 'mx.example.org'],
    ],
  );
  assert.equal(recipients[0].reasons[0], why);
});

test('a rule about a department is about all below it', async () => {
  const parent = await made('POST', '/v1/departments', { name: unused() });
  const child = await made('POST', '/v1/departments', { name: unused(), parentId: parent.id });
  const route = await addRoute([throughRelay(login)]);
  await rule({ routeId: route.id, departmentId: parent.id });
  assert.equal((await sent('di@example.org', { departmentId: child.id })).attempt.route.name, route.name);
  assert.equal((await sent('ed@example.org')).attempt.route.name, null);
  assert.equal(await codeOf('DELETE', `/v1/departments/${parent.id}`), 'department.in_use');
});

test('policy governs relays of accounts: below it no byte of the message leaves', async () => {
  const route = await addRoute([throughRelay(login)]);
  await rule({ routeId: route.id });
  const before = relay.bodyBytes();
  const { attempt } = await sent('fay@example.org', { minimumTransport: 'verified' });
  assert.deepEqual([attempt.outcome, attempt.why.code], ['deferred', 'tls.certificate']);
  assert.equal(relay.bodyBytes(), before);
});

test('a relay whose name leads into a network that is not allowed is never connected to, also when it moves there', async () => {
  const route = await addRoute([{ host: 'inner.example', port: inner.port }]);
  await rule({ routeId: route.id });
  const { attempt } = await sent('gil@example.org');
  assert.deepEqual([attempt.outcome, attempt.why.code], ['deferred', 'route.address_refused']);
  assert.equal(inner.connectionCount(), 0);
  for (const host of [
    '127.0.0.9',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    '[::ffff:10.0.0.1]',
    '0x7f.1',
    '2130706433',
    'a b',
    'relay.example/other.example',
    'relay.exa\r\nmple',
  ])
    assert.equal(
      await codeOf('POST', '/v1/routes', { name: unused(), kind: 'relay', hosts: [{ host }] }),
      'mail_route.host_refused',
      host,
    );
});

test('a relay’s password is never shown, is kept while it stays the same relay, and follows it nowhere', async () => {
  const route = await addRoute([throughRelay(login)]);
  const [host] = route.hosts;
  assert.deepEqual([host.user, host.hasPassword, 'password' in host], ['clinic', true, false]);
  const write = (change: object) => ({
    ...{ name: route.name, kind: 'relay' },
    hosts: [{ ...throughRelay(), id: host.id, user: 'clinic', ...change }],
  });
  const path = `/v1/routes/${route.id}`;
  assert.equal((await made('PUT', path, write({ weight: 5 }))).hosts[0].hasPassword, true);
  for (const change of [
    { host: 'another.example' },
    { port: 26 },
    { user: 'other' },
    { tls: 'implicit' },
    { user: null, password: 'x' },
  ])
    assert.equal(await codeOf('PUT', path, write(change)), 'mail_route.password_needed', JSON.stringify(change));
  await rule({ routeId: route.id });
  assert.equal((await sent('hal@example.org')).status, 'delivered');
  assert.equal(relay.of('hal@example.org')[0]?.user, 'clinic');
  const texts = JSON.stringify([await made('GET', '/v1/routes'), await made('GET', path)]);
  assert.ok(!texts.includes('a password'));
});

test('a change holds for mail a second later at most, also for a wrong password that was put right', async () => {
  const route = await addRoute([throughRelay({ ...login, password: 'wrong' })]);
  await rule({ routeId: route.id });
  const wrong = await sent('ida@example.org');
  assert.deepEqual([wrong.attempt.outcome, wrong.attempt.why.code], ['deferred', 'reply.bad_login']);
  const hosts = [{ ...throughRelay(login), id: route.hosts[0].id }];
  await made('PUT', `/v1/routes/${route.id}`, { name: route.name, kind: 'relay', hosts });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.equal((await sent('jo@example.org')).status, 'delivered');
});

test('how relays are doing is told in words', async () => {
  const route = await addRoute([throughRelay(login)]);
  const spare = await addRoute([throughRelay()]);
  await rule({ routeId: route.id });
  assert.equal((await sent('kim@example.org')).status, 'delivered');
  for (const deadline = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const { routes, installation, sourceAddresses } = await made('GET', '/v1/routes');
    const healthOf = (wanted: Body) => routes.find(({ id }: Body) => id === wanted.id).hosts[0].health;
    if (healthOf(route).state !== 'working' && Date.now() < deadline) continue;
    assert.equal(healthOf(route).text, 'It answers.');
    assert.deepEqual([healthOf(route).state, healthOf(spare).state], ['working', 'unused']);
    assert.deepEqual(installation, { kind: 'direct', hosts: [] });
    assert.deepEqual(sourceAddresses[0], { address: '127.0.0.7', heloName: 'seven.clinic.example' });
    break;
  }
});

test('what makes no sense is refused with its reason', async () => {
  const route = await addRoute([throughRelay()]);
  await rule({ routeId: route.id, recipientDomain: '*.example.org' });
  const relayed = (more: object) => ({ name: unused(), kind: 'relay', hosts: [{ host: 'relay.example' }], ...more });
  const refusals: [string, string, unknown, string][] = [
    ['POST', '/v1/routes', relayed({ hosts: [] }), 'mail_route.hosts_wrong'],
    ['POST', '/v1/routes', relayed({ kind: 'direct' }), 'mail_route.hosts_wrong'],
    ['POST', '/v1/routes', relayed({ name: route.name.toUpperCase() }), 'mail_route.name_taken'],
    ['POST', '/v1/routes', relayed({ sourceAddresses: ['127.0.0.99'] }), 'mail_route.source_unknown'],
    ['POST', '/v1/routes', relayed({ heloName: 'not a name' }), 'request.malformed'],
    ['POST', '/v1/routes', relayed({ hosts: [{ host: 'relay.example', user: 'u' }] }), 'mail_route.password_needed'],
    ['DELETE', `/v1/routes/${route.id}`, undefined, 'mail_route.in_use'],
    ['GET', `/v1/routes/${crypto.randomUUID()}`, undefined, 'mail_route.not_found'],
    ['PUT', `/v1/routes/${crypto.randomUUID()}`, relayed({}), 'mail_route.not_found'],
    ['DELETE', `/v1/routes/${crypto.randomUUID()}`, undefined, 'mail_route.not_found'],
    ['PUT', '/v1/route-rules', { rules: [{ routeId: crypto.randomUUID() }] }, 'mail_route.not_found'],
    [
      'PUT',
      '/v1/route-rules',
      { rules: [{ routeId: route.id, departmentId: crypto.randomUUID() }] },
      'department.unknown',
    ],
    ...['*', 'a@b.example', '*.', 'ex ample.org', '**.example.org'].map(
      (recipientDomain): [string, string, unknown, string] => [
        ...(['PUT', '/v1/route-rules'] as const),
        { rules: [{ routeId: route.id, recipientDomain }] },
        'mail_route.rule_domain_invalid',
      ],
    ),
  ];
  for (const [method, path, body, code] of refusals)
    assert.equal(await codeOf(method, path, body), code, JSON.stringify(body));
  const { rules } = await made('GET', '/v1/routes');
  assert.deepEqual(
    rules.map(({ recipientDomain }: Body) => recipientDomain),
    ['*.example.org'],
    'nothing was changed',
  );
  await rule();
  assert.equal((await ask('DELETE', `/v1/routes/${route.id}`)).status, 204);
});

test('an account has fifty routes at most', async () => {
  const { routes } = await made('GET', '/v1/routes');
  for (let n = routes.length; n < 50; n += 1) await addRoute([{ host: 'relay.example' }]);
  const one = { name: unused(), kind: 'relay', hosts: [{ host: 'relay.example' }] };
  assert.equal(await codeOf('POST', '/v1/routes', one), 'mail_route.too_many');
});
