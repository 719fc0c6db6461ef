/** Reports about TLS that others post to us over real HTTP: what is taken, and what strangers try. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { type WrittenPolicy, writtenPolicy, writtenReport } from '../../test/kit/tls-report.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { addSender, verifySender } from '../contract/senders.ts';
import { readTlsReports, type TlsReports } from '../contract/tls-reports.ts';
import { senderRoutes } from '../senders/index.ts';
import { tlsReportRoutes } from './routes.ts';

const publicUrl = 'https://mail.clinic.example';
let world: TestWorld;
let account: NewAccount;
let dns: DnsServer;
let domains = 0;
const opened: TestApi[] = [];

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  dns = await startDnsServer({});
});
after(async () => {
  for (const api of opened) await api.close();
  await dns.close();
  await world.close();
});

/** With counts of callers that begin anew. */
async function newApi(): Promise<TestApi> {
  const options = { dnsServers: [dns.address], hostname: 'mail.clinic.example', hasSmarthost: false, publicUrl };
  const api = await startApi({ ...world, metrics: new Registry() }, () => [
    ...senderRoutes(world, options),
    ...tlsReportRoutes(world, options),
  ]);
  opened.push(api);
  return api;
}

interface Site {
  readonly api: TestApi;
  readonly domain: string;
}

async function siteWithDomain(): Promise<Site> {
  const api = await newApi();
  domains += 1;
  const domain = `clinic${domains}.example`;
  const sender = await ask(api, addSender, account.apiKey, { body: { domain } });
  for (const { name, value } of sender.records) dns.tell(name, { txt: [value] });
  await ask(api, verifySender, account.apiKey, { params: { domain } });
  return { api, domain };
}

const packedType = 'application/tlsrpt+gzip';

async function post(api: TestApi, domain: string, body: Buffer | string, type = packedType) {
  const response = await fetch(`${api.url}/v1/tls-reports/${domain}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const text = await response.text();
  return { status: response.status, code: text === '' ? null : (JSON.parse(text).code as string), response };
}

const reportOf = (domain: string, changes: object = {}): object => writtenReport(domain, world.clock.now(), changes);
const packed = (report: unknown): Buffer => gzipSync(JSON.stringify(report));
const withPolicies = (domain: string, ...some: readonly WrittenPolicy[]): Buffer =>
  packed(reportOf(domain, { policies: some.map((one) => writtenPolicy(domain, one)) }));
const read = ({ api, domain }: Site): Promise<TlsReports> =>
  ask(api, readTlsReports, account.apiKey, { params: { domain } });

test('where no mail is taken the set-up of a domain names the address that reports are posted to', async () => {
  const site = await siteWithDomain();
  const url = `${publicUrl}/v1/tls-reports/${site.domain}`;
  const sender = await ask(site.api, verifySender, account.apiKey, { params: { domain: site.domain } });
  const record = sender.records.find(({ purpose }) => purpose === 'tls-rpt');
  assert.deepEqual([record?.value, record?.state], [`v=TLSRPTv1; rua=${url}`, 'right']);
  const { address, url: told } = await read(site);
  assert.deepEqual([address, told], [null, url]);
});

test('a report is taken packed or as it is, by any spelling of the domain, and counts once', async () => {
  const site = await siteWithDomain();
  const { api, domain } = site;
  const report = reportOf(domain);
  assert.equal((await post(api, domain, packed(report))).status, 204);
  assert.equal((await post(api, domain.toUpperCase(), packed(report))).status, 204);
  assert.equal((await post(api, `${domain}.`, packed(report))).status, 204);
  assert.equal((await post(api, domain, JSON.stringify(report), 'application/tlsrpt+json; charset=utf-8')).status, 204);
  assert.equal((await post(api, domain, JSON.stringify(report), 'application/json')).status, 204);
  const { days, reports } = await read(site);
  assert.deepEqual(days, [{ day: '2026-11-21', succeeded: 5326, failed: 303 }]);
  assert.deepEqual(
    reports.map(({ reporter, policyDomain }) => [reporter, policyDomain]),
    [['Company-X', domain]],
  );
});

test('of a report that speaks of other domains too only what is about this one is kept; DANE may name the mail server', async () => {
  const site = await siteWithDomain();
  const { api, domain } = site;
  const body = withPolicies(
    domain,
    { domain: 'victim.example', failed: 7 },
    { type: 'tlsa', domain: `mx.${domain}`, failed: 5, succeeded: 0 },
    { domain: `${domain.toUpperCase()}.`, failed: 1, succeeded: 2 },
  );
  assert.equal((await post(api, domain, body)).status, 204);
  assert.deepEqual((await read(site)).reports.map((one) => [one.policy, one.policyDomain, one.failed]).sort(), [
    ['sts', domain, 1],
    ['tlsa', `mx.${domain}`, 5],
  ]);
  assert.equal(
    (await post(api, domain, withPolicies(domain, { domain: 'victim.example' }))).code,
    'tls_report.not_found',
  );
});

test('what strangers try is refused with its reason, and what was taken stays as it was', async () => {
  const site = await siteWithDomain();
  const { api, domain } = site;
  assert.equal((await post(api, domain, packed(reportOf(domain)))).status, 204);
  const before = await read(site);
  const random = Buffer.from(Array.from({ length: 600_000 }, (_, place) => (place * 7919) % 251));
  const refusals: readonly (readonly [string, string, Buffer | string, string?])[] = [
    ['a bomb', 'tls_report.unreadable', gzipSync(Buffer.alloc(256 * 1024 * 1024, 0x20), { level: 9 })],
    ['a bomb in a bomb', 'tls_report.unreadable', gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)))],
    ['depth', 'tls_report.unreadable', gzipSync('['.repeat(500_000))],
    ['depth in names', 'tls_report.unreadable', gzipSync('{"a":'.repeat(100_000))],
    ['a million policies', 'tls_report.unreadable', gzipSync(`{"policies":[${'{},'.repeat(999_999)}{}]}`)],
    ['101 policies', 'tls_report.unreadable', withPolicies(domain, ...Array.from({ length: 101 }, () => ({})))],
    ['half a file', 'tls_report.unreadable', packed(reportOf(domain)).subarray(0, 60)],
    ['nothing', 'tls_report.unreadable', ''],
    ['null', 'tls_report.unreadable', packed(null)],
    ['a list', 'tls_report.unreadable', packed([reportOf(domain)])],
    ['no UTF-8', 'tls_report.unreadable', gzipSync(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    ['a negative count', 'tls_report.unreadable', withPolicies(domain, { failed: -1 })],
    ['a count beyond all counts', 'tls_report.unreadable', withPolicies(domain, { failed: 1e300 })],
    ['another kind of policy', 'tls_report.unreadable', withPolicies(domain, { type: 'dnssec' })],
    ['too large', 'request.too_large', random],
    ['another type', 'request.unsupported_media_type', packed(reportOf(domain)), 'application/zip'],
    ['a form', 'request.unsupported_media_type', 'a=b', 'application/x-www-form-urlencoded'],
  ];
  for (const [name, code, body, type] of refusals) assert.equal((await post(api, domain, body, type)).code, code, name);
  const other = packed(reportOf('nobody.example'));
  assert.equal((await post(api, 'nobody.example', other)).code, 'tls_report.not_found');
  assert.equal(
    (await post(api, domain, other)).code,
    'tls_report.not_found',
    'about another domain than it was posted to',
  );
  assert.equal((await post(api, 'x'.repeat(300), other)).code, 'tls_report.not_found');
  assert.deepEqual(await read(site), before);
});

test('words that somebody made up come back as words: markup, control characters, directions, half characters', async () => {
  const site = await siteWithDomain();
  const { api, domain } = site;
  const evil = '<script>alert(1)</script>\u0000\u001b[31m\u202eevil\ud800\r\nSet-Cookie: a=b';
  const details = [
    {
      'result-type': evil,
      'failed-session-count': 1,
      'receiving-mx-hostname': evil,
      'receiving-ip': evil,
      'failure-reason-code': evil.repeat(1_000),
    },
    null,
    'text',
    { 'result-type': 'certificate-expired', 'failed-session-count': 'many' },
  ];
  const policies = [writtenPolicy(domain, { details })];
  const body = packed(reportOf(domain, { 'organization-name': evil, 'contact-info': evil, policies }));
  assert.equal((await post(api, domain, body)).status, 204);
  const { reports } = await read(site);
  const [failure, ...others] = reports[0]?.failures ?? [];
  assert.equal(others.length, 0, 'what is no failure is passed over');
  assert.equal(failure?.result, 'other');
  for (const text of [reports[0]?.reporter, failure?.host, failure?.address, failure?.reason]) {
    assert.doesNotMatch(text ?? '', /[\p{Cc}\p{Cf}\p{Cs}]/u);
    assert.ok((text ?? '').length <= 253);
  }
  assert.match(reports[0]?.reporter ?? '', /^<script>/, 'kept as it was said: whoever shows it writes it as text');
});

test('a domain takes so many policies a day, another’s count is its own, and one caller so many requests a minute', async () => {
  const full = await siteWithDomain();
  const other = await siteWithDomain();
  const many = Array.from({ length: 100 }, () => ({}));
  for (let number = 0; number < 5; number += 1) {
    const body = packed(
      reportOf(full.domain, { 'report-id': `r${number}`, policies: many.map(() => writtenPolicy(full.domain)) }),
    );
    assert.equal((await post(full.api, full.domain, body)).status, 204);
  }
  const more = await post(full.api, full.domain, packed(reportOf(full.domain, { 'report-id': 'more' })));
  assert.deepEqual([more.status, more.code], [429, 'tls_report.too_many']);
  assert.equal((await post(other.api, other.domain, packed(reportOf(other.domain)))).status, 204);

  const answers: (string | null)[] = [];
  for (let tries = 0; tries < 65; tries += 1) answers.push((await post(other.api, other.domain, 'x')).code);
  assert.equal(answers[0], 'tls_report.unreadable');
  assert.equal(answers.at(-1), 'request.rate_limited');
  assert.equal(answers.filter((code) => code === 'request.rate_limited').length, 6);
  const last = await post(other.api, other.domain, 'x');
  assert.ok(Number(last.response.headers.get('retry-after')) > 0);
});
