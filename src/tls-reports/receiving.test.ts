/** Reports about TLS that others mail to us: taken over real SMTP, shown over real HTTP, and what is made to hurt refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createTransport } from 'nodemailer';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { newReporter, type Reporter } from '../../test/kit/signed-report.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { addSender, verifySender } from '../contract/senders.ts';
import { readTlsReports, type TlsReports } from '../contract/tls-reports.ts';
import { writeReportMail } from '../core/tls-reports/write-mail.ts';
import { sql } from '../platform/database.ts';
import type { Listening } from '../platform/world.ts';
import { startIntake } from '../returns/index.ts';
import { senderRoutes } from '../senders/index.ts';
import { tlsReportRoutes } from './routes.ts';
import { forgetOld } from './worker.ts';

const bounceDomain = 'bounces.clinic.example';
const domain = 'clinic.example';
let world: TestWorld;
let mine: NewAccount;
let theirs: NewAccount;
let dns: DnsServer;
let api: TestApi;
let intake: Listening;
let dataDir: string;
let reporter: Reporter;

before(async () => {
  world = await testWorld();
  mine = await createTestAccount(world);
  theirs = await createTestAccount(world, 'Another Clinic');
  dns = await startDnsServer({});
  dataDir = mkdtempSync(join(tmpdir(), 'waxwing-tls-reports-'));
  const options = { dnsServers: [dns.address], sendingAddresses: ['198.51.100.7'], hostname: 'mail.clinic.example' };
  api = await startApi(world, () => [
    ...senderRoutes(world, { ...options, hasSmarthost: false, bounceDomain }),
    ...tlsReportRoutes(world, { bounceDomain }),
  ]);
  intake = await startIntake(world, {
    ...{ port: 0, host: '127.0.0.1', hostname: 'mx.test', domain: bounceDomain, dataDir, dnsServers: [dns.address] },
  });
  reporter = newReporter(dns, 'company-x.example');
  const sender = await ask(api, addSender, mine.apiKey, { body: { domain } });
  for (const { name, value } of sender.records) dns.tell(name, { txt: [value] });
  await ask(api, verifySender, mine.apiKey, { params: { domain } });
  await ask(api, addSender, theirs.apiKey, { body: { domain } });
});
after(async () => {
  await intake.close();
  await api.close();
  await dns.close();
  await world.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const policy = (changes: object = {}, details: unknown = undefined): object => ({
  policy: { 'policy-type': 'sts', 'policy-string': ['version: STSv1'], 'policy-domain': domain },
  summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303, ...changes },
  ...(details === undefined ? {} : { 'failure-details': details }),
});
const reportOf = (changes: object = {}): object => ({
  'organization-name': 'Company-X',
  'date-range': { 'start-datetime': '2026-11-21T00:00:00Z', 'end-datetime': '2026-11-21T23:59:59Z' },
  'contact-info': 'sts-reporting@company-x.example',
  'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  policies: [policy()],
  ...changes,
});

function mailOf(packed: Buffer, about = domain): Buffer {
  const mail = writeReportMail({
    ...{
      id: 'r1',
      day: '2026-11-21',
      contact: 'tlsrpt@company-x.example',
      domain: about,
      to: `tlsrpt@${bounceDomain}`,
    },
    ...{ messageId: 'm1', at: world.clock.now(), boundary: 'b1', packedBase64: packed.toString('base64') },
  });
  return Buffer.from(mail);
}
const packedReport = (changes: object = {}): Buffer => gzipSync(JSON.stringify(reportOf(changes)));

/** As its reporter signs it; the answer to the mail: 250, or the code of the refusal. */
const deliver = async (mail: Buffer, to?: string): Promise<number> =>
  deliverAsItIs(await reporter.sign(mail, world.clock.now()), to);

async function deliverAsItIs(raw: Buffer, to = `tlsrpt@${bounceDomain}`): Promise<number> {
  const transport = createTransport({ host: '127.0.0.1', port: intake.port, ignoreTLS: true });
  try {
    await transport.sendMail({ envelope: { from: 'tlsrpt@company-x.example', to: [to] }, raw });
    return 250;
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0;
  } finally {
    transport.close();
  }
}
const read = (): Promise<TlsReports> => ask(api, readTlsReports, mine.apiKey, { params: { domain } });

test('the set-up of a domain names the address that reports are taken at', async () => {
  const sender = await ask(api, verifySender, mine.apiKey, { params: { domain } });
  const record = sender.records.find(({ purpose }) => purpose === 'tls-rpt');
  assert.deepEqual([record?.value, record?.state], [`v=TLSRPTv1; rua=mailto:tlsrpt@${bounceDomain}`, 'right']);
  assert.equal((await read()).address, `tlsrpt@${bounceDomain}`);
});

test('a report is kept once with the account that has the domain, and told by day and in words', async () => {
  const details = [
    {
      'result-type': 'certificate-expired',
      'sending-mta-ip': '2001:db8:abcd:12::1',
      'receiving-mx-hostname': 'mx1.clinic.example',
      'receiving-ip': '198.51.100.9',
      'failed-session-count': 100,
      'failure-reason-code': 'a\u202ereason\r\nSubject: x',
    },
    { 'result-type': 'made-up', 'failed-session-count': 203 },
  ];
  const raw = mailOf(packedReport({ policies: [policy({}, details)] }));
  assert.equal(await deliver(raw, `TLSRPT@${bounceDomain.toUpperCase()}`), 250);
  assert.equal(await deliver(raw), 250);
  const { days, reports } = await read();
  assert.deepEqual(days, [{ day: '2026-11-21', succeeded: 5326, failed: 303 }]);
  assert.deepEqual(reports, [
    {
      ...{
        day: '2026-11-21',
        succeeded: 5326,
        failed: 303,
        reporter: 'Company-X',
        signedBy: 'company-x.example',
        policy: 'sts',
        policyDomain: domain,
      },
      failures: [
        {
          ...{ result: 'certificate-expired', about: 'Your mail server’s certificate has expired.', sessions: 100 },
          ...{ host: 'mx1.clinic.example', address: '198.51.100.9', reason: 'a reason Subject: x' },
        },
        {
          ...{ result: 'other', about: 'Something of a kind that the standard does not name.', sessions: 203 },
          ...{ host: null, address: null, reason: null },
        },
      ],
    },
  ]);
  const others = await ask(api, readTlsReports, theirs.apiKey, { params: { domain } });
  assert.deepEqual(others.days, [], 'whoever only claims the domain is told nothing');
  const unknown = { params: { domain: 'nobody.example' } };
  assert.equal(await refusal(api, readTlsReports, theirs.apiKey, unknown), 'sender_domain.not_found');
  const [row] = await world.db.readAccount(mine.accountId, (tx) =>
    tx.query<{ stored: string }>(sql`SELECT string_agg(r::text, ' ') AS stored FROM tls_reports r`),
  );
  const bytesOf = (text: string) => [text, Buffer.from(text).toString('hex')];
  for (const text of ['Company-X', 'mx1.clinic.example', 'a reason'].flatMap(bytesOf))
    assert.ok(![row?.stored, ...world.logLines].some((line) => line?.includes(text)), 'it is sealed, and in no log');
});

test('what is no report, is made to hurt, or speaks of nobody here is refused and leaves nothing', async () => {
  const before = await read();
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
  const deep = gzipSync(`{"policies":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
  const unreadable: readonly (readonly [string, Buffer])[] = [
    ['a bomb', mailOf(bomb)],
    ['depth', mailOf(deep)],
    ['half a file', mailOf(packedReport().subarray(0, 60))],
    ['no JSON', mailOf(gzipSync('<xml/>'))],
    ['null', mailOf(gzipSync('null'))],
    ['no policies', mailOf(packedReport({ policies: [] }))],
    ['policies of no kind', mailOf(packedReport({ policies: [null] }))],
    ['too many policies', mailOf(packedReport({ policies: Array.from({ length: 101 }, () => policy()) }))],
    ['a negative count', mailOf(packedReport({ policies: [policy({ 'total-failure-session-count': -1 })] }))],
    ['half a connection', mailOf(packedReport({ policies: [policy({ 'total-failure-session-count': 0.5 })] }))],
    ['a count as text', mailOf(packedReport({ policies: [policy({ 'total-failure-session-count': '3' })] }))],
    ['beyond all counts', mailOf(packedReport({ policies: [policy({ 'total-failure-session-count': 1e300 })] }))],
    ['no such day', mailOf(packedReport({ 'date-range': { 'start-datetime': '2026-02-30T00:00:00Z' } }))],
    [
      'long ago',
      mailOf(
        packedReport({
          'date-range': { 'start-datetime': '2020-01-01T00:00:00Z', 'end-datetime': '2020-01-01T23:59:59Z' },
        }),
      ),
    ],
    [
      'the future',
      mailOf(
        packedReport({
          'date-range': { 'start-datetime': '2027-01-01T00:00:00Z', 'end-datetime': '2027-01-01T23:59:59Z' },
        }),
      ),
    ],
    ['nobody’s', mailOf(packedReport({ 'organization-name': '\u0000' }))],
    ['mail without a report', Buffer.from('Subject: hello\r\n\r\nhello\r\n')],
    ['nothing', Buffer.from('\r\n')],
  ];
  for (const [name, raw] of unreadable) assert.equal(await deliver(raw), 554, name);
  assert.equal(await deliver(mailOf(packedReport(), 'nobody.example')), 550);
  assert.equal(await deliver(mailOf(packedReport()), `other@${bounceDomain}`), 550);
  assert.deepEqual(await read(), before);
});

test('a report without its reporter’s signature leaves nothing, and one whose key cannot be had now may come again', async () => {
  const before = await read();
  const mail = mailOf(packedReport({ 'report-id': 'signatures' }));
  const at = world.clock.now();
  const other = newReporter(dns, 'other.example');
  const forMail = newReporter(dns, 'company-x.example', 's=email;', 'mail');
  const broken = newReporter(dns, 'company-x.example', '', 'broken');
  dns.tell(broken.name, { broken: true });
  const signed = await reporter.sign(mail, at);
  const answers = [
    await deliverAsItIs(mail),
    await deliverAsItIs(await other.sign(mail, at)),
    await deliverAsItIs(await forMail.sign(mail, at)),
    await deliverAsItIs(
      Buffer.from(signed.toString('latin1').replace('This is a report', 'This is no report'), 'latin1'),
    ),
    await deliverAsItIs(await broken.sign(mail, at)),
  ];
  assert.deepEqual(answers, [550, 550, 550, 550, 451]);
  assert.deepEqual(await read(), before);
});

test('a signed report of another domain that is sent on with our name added is not ours', async () => {
  const dane = { 'policy-type': 'tlsa', 'policy-domain': 'mx.elsewhere.example' };
  const elsewhere = mailOf(packedReport({ policies: [{ ...policy(), policy: dane }] }), 'elsewhere.example');
  const signed = await reporter.sign(elsewhere, world.clock.now());
  const added = Buffer.concat([Buffer.from(`TLS-Report-Domain: ${domain}\r\n`), signed]);
  assert.equal(await deliverAsItIs(added), 550);
});

test('of one domain no more than so many a day are taken, and all go in time', async () => {
  const policies = Array.from({ length: 100 }, () => policy());
  const answers: number[] = [];
  for (let number = 0; number < 6; number += 1)
    answers.push(await deliver(mailOf(packedReport({ policies, 'report-id': `r${number}` }))));
  assert.deepEqual(answers, [250, 250, 250, 250, 451, 451]);
  world.clock.advance(401 * 86_400_000);
  await forgetOld(world);
  const [row] = await world.db.readAccount(mine.accountId, (tx) =>
    tx.query<{ left: number }>(sql`SELECT count(*)::int AS left FROM tls_reports`),
  );
  assert.equal(row?.left, 0);
});
