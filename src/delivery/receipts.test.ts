/** Receipts, looking ahead and rules for recipient domains, over HTTP as a caller sees them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { installationSigner, publicKeyPem } from '../platform/signing.ts';
import { systemClock } from '../platform/world.ts';

const apiKey = `wx_${'R'.repeat(32)}`;
const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-receipts-'));
let database: TestDatabase;
let program: Program;
let sink: SmtpSink;
let dns: DnsServer;

before(async () => {
  database = await openTestDatabase();
  sink = await startSmtpSink({ tls: await (await newAuthority()).issue('mx.example.org') });
  dns = await startDnsServer({
    'example.org': { mx: [{ preference: 1, exchange: 'mx.example.org' }] },
    'strict.example': { mx: [{ preference: 1, exchange: 'mx.example.org' }] },
    'null.example': { mx: [{ preference: 0, exchange: '.' }] },
    'mx.example.org': { a: ['127.0.0.1'] },
  });
  const { config } = readConfig({
    ...{ DATABASE_URL: database.connectionUrl, WAXWING_DATA_DIR: dataDir, WAXWING_BOOTSTRAP_API_KEY: apiKey },
    ...{ WAXWING_KEY_FILE: join(dataDir, 'master.key'), WAXWING_DNS_SERVERS: dns.address },
    ...{ WAXWING_HTTP_PORT: '0', WAXWING_TRACKING_PORT: '0', WAXWING_SMTP_PORT: '0' },
    ...{ WAXWING_NETWORKS_REFRESH_HOURS: 'off', WAXWING_MX_PORT: String(sink.port) },
  });
  program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
});
after(async () => {
  await program?.close();
  await sink?.close();
  await dns?.close();
  await database?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: unknown) =>
  askAt(`http://127.0.0.1:${program.ports.http}${path}`, method, body, { authorization: `Bearer ${apiKey}` });

interface Sent {
  readonly id: string;
  readonly recipientId: string;
}

async function sent(to: string, status: string, more: object = {}): Promise<Sent> {
  const made = await ask('POST', '/v1/messages', {
    from: 'care@clinic.example',
    to: [to],
    subject: 'x',
    text: 'x',
    ...more,
  });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  const { id } = made.body;
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const { body } = await ask('GET', `/v1/messages/${id}`);
    if (body.recipients[0].status === status) return { id, recipientId: body.recipients[0].id };
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return assert.fail(`never ${status}`);
}

const receiptOf = async ({ id, recipientId }: Sent): Promise<Body> =>
  (await ask('GET', `/v1/messages/${id}/recipients/${recipientId}/receipt`)).body;

function verify(receipt: unknown, key: string): Promise<{ code: number; text: string }> {
  const file = join(dataDir, 'receipt.json');
  writeFileSync(file, typeof receipt === 'string' ? receipt : JSON.stringify(receipt));
  const cli = join(import.meta.dirname, '..', 'cli.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'receipt', 'verify', file, '--key', key], (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), text: stdout }),
    );
  });
}

test('a receipt tells what was asked, who took the copy and how, and can be checked without the server', async () => {
  const receipt = await receiptOf(await sent('ana@example.org', 'delivered'));
  const [attempt] = receipt.attempts;
  assert.deepEqual(attempt.asked, { level: 'opportunistic', from: 'account' });
  assert.deepEqual([attempt.outcome, attempt.host, attempt.tls], ['delivered', 'mx.example.org', 'TLSv1.3']);
  assert.deepEqual([attempt.tries[0].address, attempt.tries[0].reached], ['127.0.0.1', 'opportunistic']);
  assert.equal(attempt.tries[0].tls.certificate.subject, 'CN=mx.example.org');
  assert.equal(attempt.mtaSts.state, 'none');
  assert.equal(attempt.reply.code, 250);
  assert.match(receipt.contentSha256, /^[0-9a-f]{64}$/);
  assert.match(attempt.sentSha256, /^[0-9a-f]{64}$/);
  const key = publicKeyPem(installationSigner(program.world.vault).publicKey);
  const sound = await verify(receipt, key);
  assert.deepEqual([sound.code, sound.text.startsWith('Sound: ')], [0, true]);
  const altered = { ...receipt, attempts: [{ ...attempt, tls: 'TLSv1.2' }] };
  const broken = await verify(altered, key);
  assert.deepEqual([broken.code, broken.text.startsWith('NOT SOUND')], [1, true]);
  const saysTwo = JSON.stringify(receipt).replace('"status":', '"status":"bounced","status":');
  const twofold = await verify(saysTwo, key);
  assert.deepEqual([twofold.code, twofold.text.startsWith('NOT SOUND')], [1, true]);
  assert.equal((await verify(JSON.stringify(receipt, null, 2), key)).code, 0);
  assert.equal((await verify({ hello: 1 }, key)).code, 1);
});

test('a message’s own floor only tightens, and the receipt of what was deferred says who asked and why', async () => {
  const before = sink.bodyBytes();
  const receipt = await receiptOf(await sent('ana@example.org', 'deferred', { minimumTransport: 'verified' }));
  const [attempt] = receipt.attempts;
  assert.deepEqual([attempt.asked, attempt.why.code], [{ level: 'verified', from: 'message' }, 'tls.certificate']);
  assert.equal(attempt.tries[0].tls.certificate.verdict.length > 3, true);
  assert.equal(attempt.sentSha256, null);
  assert.equal(sink.bodyBytes(), before);
});

test('of an erased message the receipt keeps what happened and names nobody', async () => {
  const message = await sent('gone@example.org', 'delivered');
  assert.equal((await ask('DELETE', `/v1/messages/${message.id}`)).status, 200);
  const receipt = await receiptOf(message);
  assert.deepEqual([receipt.email, receipt.contentSha256, receipt.attempts[0].tries], [null, null, []]);
  assert.equal(receipt.attempts[0].tls, 'TLSv1.3');
  assert.doesNotMatch(JSON.stringify(receipt), /gone@/);
});

test('a receipt of nobody, or of a recipient of another message, does not exist', async () => {
  const [one, other] = [await sent('ana@example.org', 'delivered'), await sent('ben@example.org', 'delivered')];
  for (const path of [
    `/v1/messages/${one.id}/recipients/${other.recipientId}/receipt`,
    `/v1/messages/${one.id}/recipients/${crypto.randomUUID()}/receipt`,
  ])
    assert.deepEqual((await ask('GET', path)).body.code, 'message.not_found');
});

test('a rule for a domain holds for its mail alone, from the next attempt on', async () => {
  const set = await ask('PUT', '/v1/transport-rules/Strict.Example.', { minimumTransport: 'verified' });
  assert.deepEqual([set.status, set.body.domain], [200, 'strict.example']);
  assert.deepEqual(
    (await ask('GET', '/v1/transport-rules')).body.rules.map((one: Body) => [one.domain, one.minimumTransport]),
    [['strict.example', 'verified']],
  );
  const receipt = await receiptOf(await sent('ana@strict.example', 'deferred'));
  assert.deepEqual(receipt.attempts[0].asked, { level: 'verified', from: 'domain_rule' });
  await sent('ana@example.org', 'delivered');
  assert.equal((await ask('DELETE', '/v1/transport-rules/strict.example')).status, 204);
  await sent('ben@strict.example', 'delivered');
});

test('a rule needs a domain', async () => {
  for (const name of ['ana@example.org', '%20', 'a..b', '-x.example']) {
    const { status, body } = await ask('PUT', `/v1/transport-rules/${encodeURIComponent(name)}`, {
      minimumTransport: 'plain',
    });
    assert.deepEqual([status, body.code], [400, 'transport_rule.domain_invalid'], name);
  }
});

test('looking ahead tells way, rung and reasons of each recipient, and sends nothing', async () => {
  const before = sink.connectionCount();
  await ask('PUT', '/v1/transport-rules/strict.example', { minimumTransport: 'authenticated' });
  const to = ['Eve <eve@example.org>', { email: 'ana@strict.example' }, 'a@null.example', 'b@absent.example'];
  const { status, body } = await ask('POST', '/v1/preflight', {
    from: 'care@clinic.example',
    to,
    subject: 'passed over',
  });
  await ask('DELETE', '/v1/transport-rules/strict.example');
  assert.equal(status, 200, JSON.stringify(body));
  const told = body.recipients.map((one: Body) => [one.email, one.outcome, one.protection, one.transport]);
  assert.deepEqual(told, [
    ['eve@example.org', 'sent', 'tls', 'opportunistic'],
    ['ana@strict.example', 'deferred', 'none', null],
    ['a@null.example', 'refused', 'none', null],
    ['b@absent.example', 'refused', 'none', null],
  ]);
  assert.equal(body.recipients[0].host, 'mx.example.org');
  for (const one of body.recipients) assert.ok(one.reasons.length > 0);
  assert.match(body.recipients[1].reasons.join(' '), /rule for this recipient domain/);
  assert.equal(sink.connectionCount(), before);
  const wished = await ask('POST', '/v1/preflight', { to: ['eve@example.org'], minimumTransport: 'verified' });
  assert.equal(wished.body.recipients[0].transport, 'verified');
});

test('looking ahead knows how the last copy for an address went', async () => {
  await sent('known@example.org', 'delivered');
  const { body } = await ask('POST', '/v1/preflight', { to: ['Known@example.org'] });
  assert.match(body.recipients[0].reasons.join(' '), /taken by mx\.example\.org over TLSv1\.3/);
});

test('looking ahead names who is suppressed and why, for mail of the class that is asked about', async () => {
  await ask('PUT', '/v1/suppressions/left@example.org', { reason: 'unsubscribed' });
  const to = ['Left@Example.org', 'eve@example.org'];
  const toldOf = async (more: object) =>
    (await ask('POST', '/v1/preflight', { to, ...more })).body.recipients.map((one: Body) => [
      one.outcome,
      one.suppressed,
    ]);
  const suppressed = { reason: 'unsubscribed', scope: 'marketing' };
  assert.deepEqual(await toldOf({ campaign: 'news' }), [
    ['dropped', suppressed],
    ['sent', null],
  ]);
  assert.deepEqual(await toldOf({ campaign: 'results', class: 'transactional' }), [
    ['sent', null],
    ['sent', null],
  ]);
  const { body } = await ask('POST', '/v1/preflight', { to: to.slice(0, 1), class: 'marketing' });
  assert.deepEqual(body.recipients[0].reasons, ['Not sent: the recipient unsubscribed.']);
});

test('looking ahead refuses what a message would be refused for', async () => {
  const codeOf = async (body: object) => (await ask('POST', '/v1/preflight', body)).body.code;
  assert.equal(await codeOf({ to: [] }), 'message.no_recipients');
  assert.equal(await codeOf({ to: ['nobody'] }), 'message.invalid_address');
  assert.equal(
    await codeOf({ to: Array.from({ length: 1_001 }, (_, n) => `p${n}@example.org`) }),
    'message.too_many_recipients',
  );
  assert.equal(await codeOf({ to: ['a@example.org'], departmentId: crypto.randomUUID() }), 'department.unknown');
});
