/** The doctor finds each thing that is wrong, says what to do, and changes nothing. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import pg from 'pg';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { newAuthority } from '../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { record, startAuditSealer } from '../audit/index.ts';
import { sql } from '../platform/database.ts';
import { checkKeyOfInstallation } from '../platform/installation.ts';
import { openVault } from '../platform/vault.ts';
import { makeBackup } from './backup.ts';
import { noteRestored } from './backup-folders.ts';
import { checkReverseName } from './check-network.ts';
import { type DoctorNeeds, examine } from './doctor.ts';
import type { Finding } from './finding.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-doctor-'));
const dataDir = join(home, 'data');
const keyFile = join(home, 'data.key');
const backupDir = join(home, 'backups');
const certificateFile = join(home, 'tls.pem');
const minuteMs = 60_000;
let world: TestWorld;
let owner: pg.Client;
let accountId: string;
let needs: DoctorNeeds;
let dns: DnsServer;
let relay: SmtpSink;

before(async () => {
  dns = await startDnsServer({ 'mail.clinic.example': { a: ['192.0.2.7'] }, 'silent.example': { silent: true } });
  relay = await startSmtpSink();
  world = await testWorld(new Date().toISOString());
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  await checkKeyOfInstallation(world.db, world.vault, world.clock.now());
  accountId = (await createTestAccount(world)).accountId;
  await sealAll();
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(keyFile, 'not looked into here', { mode: 0o600 });
  await makeBackup({ ...world, connection: world.database.connection }, backupDir);
  writeFileSync(certificateFile, (await (await newAuthority()).issue('mail.clinic.example', inDays(90))).cert);
});
after(async () => {
  await dns.close();
  await relay.close();
  await owner.end();
  await world.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
  needs = {
    now: world.clock.now(),
    keyFile,
    dataDir,
    backupDir,
    certificate: { file: certificateFile, hostname: 'mail.clinic.example', isConfigured: true },
    hostname: 'localhost',
    relays: [{ host: '127.0.0.1', port: relay.port, tls: 'starttls', loginFile: undefined }],
    dnsServers: [dns.address],
    publicUrl: undefined,
    trackingUrl: undefined,
    databaseConnections: 20,
    openVault: async () => openVault(world.masterKey),
    openServer: async () => ({ connection: world.database.connection, stop: async () => undefined }),
    listNetworks: async () => [{ name: 'google', isStale: false }],
  };
});

async function sealAll(): Promise<void> {
  const sealer = startAuditSealer({ ...world, metrics: new Registry() });
  const isDone = async () => (await owner.query('SELECT FROM audit_waiting')).rowCount === 0;
  await until(isDone, 'entries are sealed').finally(() => sealer.close());
}

const inDays = (days: number) => ({ notAfter: new Date(Date.now() + days * 1_440 * minuteMs) });

async function found(check: string, more: Partial<DoctorNeeds> = {}): Promise<Finding> {
  const all = await examine({ ...needs, ...more });
  const one = all.find((finding) => finding.check === check);
  return one ?? assert.fail(`${check} is not among ${all.map((finding) => finding.check).join(', ')}`);
}

async function is(
  state: Finding['state'],
  check: string,
  words: RegExp,
  more: Partial<DoctorNeeds> = {},
): Promise<void> {
  const finding = await found(check, more);
  assert.equal(finding.state, state, `${check}: ${finding.says}`);
  assert.match(`${finding.says}. ${finding.remedy ?? ''}`, words);
  assert.equal(finding.remedy === undefined, state === 'ok', 'a fault has a remedy');
}

test('where all is well it says so, and leaves everything as it was', async () => {
  const files = () => readdirSync(home, { recursive: true }).sort();
  const earlier = files();
  const findings = await examine(needs);
  // A test database needs to survive no power cut.
  assert.deepEqual(
    findings.filter(({ state }) => state === 'fail').map(({ check }) => check),
    ['database durability'],
  );
  for (const check of [
    'key file',
    'data directory',
    'backups',
    'master key',
    'database schema',
    'queue',
    'audit queue',
    'audit chains',
    'network lists',
  ])
    assert.equal((await found(check)).state, 'ok', check);
  assert.deepEqual(files(), earlier);
});

test('a key file that others may read, that is gone, or that lies with the data', async () => {
  chmodSync(keyFile, 0o644);
  await is('fail', 'key file', /\(644\).*chmod 600/);
  chmodSync(keyFile, 0o600);
  await is('fail', 'key file', /not there.*copy/, { keyFile: join(home, 'none') });
  const inside = join(dataDir, 'key');
  writeFileSync(inside, '', { mode: 0o600 });
  await is('warn', 'key file', /in the data directory/, { keyFile: inside });
  rmSync(inside);
  const openVault = () => Promise.reject(new Error('AWS KMS refused'));
  await is('fail', 'master key', /AWS KMS refused/, { openVault });
});

test('a data directory that others may enter', async () => {
  chmodSync(dataDir, 0o755);
  await is('warn', 'data directory', /\(755\).*chmod 700/);
  chmodSync(dataDir, 0o700);
});

test('backups that are missing, old, or changed', async () => {
  await is('warn', 'backups', /WAXWING_BACKUP_DIR/, { backupDir: undefined });
  await is('fail', 'backups', /there is none/, { backupDir: home });
  await is('warn', 'backups', /3\.0 days/, { now: new Date(needs.now.getTime() + 4_320 * minuteMs) });
  await is('fail', 'backups', /8\.0 days.*copy of keys is over/, {
    now: new Date(needs.now.getTime() + 11_520 * minuteMs),
  });
  const manifest = join(
    backupDir,
    readdirSync(backupDir).filter((name) => name.includes('-7'))[0] ?? '',
    'manifest.json',
  );
  const sound = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, sound.replace('"version": 1,', '"version": 2,'));
  await is('fail', 'backups', /altered/);
  writeFileSync(manifest, sound);
});

test('a certificate that runs out, has run out, or is for another name', async () => {
  const { certificate } = needs;
  const later = (days: number) => ({ now: new Date(needs.now.getTime() + days * 1_440 * minuteMs) });
  await is('ok', 'submission certificate', /valid for/);
  await is('warn', 'submission certificate', /Renew/, later(80));
  await is('fail', 'submission certificate', /ran out/, later(92));
  await is('fail', 'submission certificate', /not for other/, {
    certificate: { ...certificate, hostname: 'other.example' },
  });
  await is('warn', 'submission certificate', /signed it ourselves/, {
    certificate: { ...certificate, isConfigured: false },
  });
});

test('files of a certificate that the server would not start with, or whose key others may read', async () => {
  const { certificate } = needs;
  const check = 'submission certificate';
  const authority = await newAuthority();
  const { key, cert } = await authority.issue('mail.clinic.example', inDays(90));
  const other = (await authority.issue('mail.clinic.example', inDays(90))).key;
  const keyFile = join(home, 'tls.key');
  const given = { certificate: { ...certificate, file: join(home, 'pair.pem'), keyFile } };
  await is('fail', check, /pair\.pem is not there\. Correct WAXWING_TLS_CERT_FILE/, given);
  writeFileSync(given.certificate.file, cert);
  await is('fail', check, /tls\.key is not there/, given);
  writeFileSync(keyFile, other, { mode: 0o600 });
  await is('fail', check, /tls\.key is not the private key of .*pair\.pem/, given);
  writeFileSync(keyFile, 'no key at all');
  await is('fail', check, /is not the private key of/, given);
  writeFileSync(keyFile, key);
  await is('ok', check, /valid for/, given);
  chmodSync(keyFile, 0o644);
  await is('fail', check, /anybody on this machine may read .*tls\.key \(644\).*chmod 600/, given);
  chmodSync(keyFile, 0o640);
  const yearsAgo = new Date(needs.now.getTime() - 5_000 * 1_440 * minuteMs);
  await is('ok', check, /valid for/, given);
  await is('fail', check, /not valid before .*clock/, { ...given, now: yearsAgo });
  writeFileSync(given.certificate.file, 'no certificate at all');
  await is('fail', check, /holds no certificate in PEM/, given);
});

test('a relay that does not answer or refuses us, and a login that others may read', async () => {
  const loginFile = join(home, 'login');
  const at = (port: number) => ({ host: '127.0.0.1', port, tls: 'starttls' as const, loginFile });
  const name = (port: number) => `relay 127.0.0.1:${port}`;
  await is('fail', 'login of a relay', /login is not there\. Correct WAXWING_SMARTHOST_AUTH_FILE/, {
    relays: [at(relay.port)],
  });
  writeFileSync(loginFile, 'user\npassword\n', { mode: 0o644 });
  await is('warn', 'login of a relay', /\(644\).*chmod 600/, { relays: [at(relay.port)] });
  chmodSync(loginFile, 0o600);
  await is('ok', 'login of a relay', /owner alone/, { relays: [at(relay.port)] });
  await is('ok', name(relay.port), /answers/);
  const mute = await startSmtpSink({ script: () => ({ code: 554, text: 'not you' }) });
  await is('fail', name(mute.port), /does not take mail from here \(554\)/, { relays: [at(mute.port)] });
  await mute.close();
  await is('fail', name(mute.port), /ECONNREFUSED.*firewalls/, { relays: [at(mute.port)] });
});

test('name servers: those that answer, and those that do not', async () => {
  await is('ok', `name server ${dns.address}`, /answers/);
  await is('fail', 'name server 127.0.0.1:1', /does not answer.*WAXWING_DNS_SERVERS/, { dnsServers: ['127.0.0.1:1'] });
});

test('names and addresses that nobody reaches, and those without TLS', async () => {
  await is('warn', 'host name', /localhost/);
  await is('fail', 'host name', /A or AAAA record/, { hostname: 'no-such-host.invalid' });
  await is('ok', 'host name', /mail\.clinic\.example has an address in the DNS/, { hostname: 'mail.clinic.example' });
  await is('warn', 'host name', /this machine knows .* and the DNS does not/, { hostname: 'LOCALHOST' });
  await is('warn', 'tracking URL', /not set/);
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await is('warn', 'public URL', /not https/, { publicUrl });
  await is('warn', 'tracking URL', /no button to unsubscribe \(RFC 8058/, { trackingUrl: publicUrl });
  await new Promise((resolve) => server.close(resolve));
  await is('fail', 'tracking URL', /does not answer.*ECONNREFUSED/, {
    trackingUrl: publicUrl.replace('http', 'https'),
  });
});

test('a certificate of an address: trusted, near its end, over, for another name, or nobody’s', async () => {
  const authority = await newAuthority();
  const usual = getCACertificates('default');
  setDefaultCACertificates([...usual, authority.cert]);
  const inAnHour = new Date(Date.now() + 60 * minuteMs);
  const server = createTlsServer(await authority.issue('localhost', { notAfter: inAnHour }), (_request, response) =>
    response.end('ok'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const publicUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
  const daysBefore = (days: number) => ({
    publicUrl,
    now: new Date(inAnHour.getTime() - (days * 1_440 + 1) * minuteMs),
  });
  const certificate = 'certificate of the public URL';
  const turnTo = async (name: string, notAfter: Date) => {
    const { key, cert } = await authority.issue(name, { notAfter });
    server.setSecureContext({ key, cert });
  };
  try {
    await is('ok', 'public URL', /answers, over https/, { publicUrl });
    await is('ok', 'clock and public URL', /clock is 0\.0 s/, { publicUrl });
    await is('ok', certificate, /valid for 90 days/, daysBefore(90));
    await is('warn', certificate, /valid for 9 days.*Renew/, daysBefore(9));
    await turnTo('localhost', new Date(Date.now() - minuteMs));
    await is('fail', 'public URL', /CERT_HAS_EXPIRED.*renew it/, { publicUrl });
    await turnTo('other.example', inAnHour);
    await is('fail', 'public URL', /ERR_TLS_CERT_ALTNAME_INVALID.*another name/, { publicUrl });
    setDefaultCACertificates(usual);
    await turnTo('localhost', inAnHour);
    await is('fail', 'public URL', /cannot be trusted.*(browsers trust|whole chain)/, { publicUrl });
  } finally {
    setDefaultCACertificates(usual);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a sending address whose name does not lead back to it', async () => {
  const names = (addresses: readonly string[], back: readonly string[]) => ({
    lookup: async () => addresses,
    reverse: async () => back,
  });
  const host = 'mail.clinic.example';
  const good = await checkReverseName(host, false, names(['192.0.2.7'], ['Mail.Clinic.example.']));
  assert.deepEqual([good.state, /192\.0\.2\.7/.test(good.says)], ['ok', true]);
  const other = await checkReverseName(host, false, names(['192.0.2.7', '2001:db8::7'], ['pool-7.isp.example']));
  assert.deepEqual(
    [other.state, /192\.0\.2\.7, 2001:db8::7/.test(other.says), /PTR/.test(other.remedy ?? '')],
    ['warn', true, true],
  );
  assert.equal((await checkReverseName(host, false, names(['10.0.0.7', 'fe80::1'], []))).state, 'warn');
  await is('ok', 'name of the sending address', /relay/);
  await is('warn', 'name of the sending address', /PTR/, { relays: [] });
});

test('a journal that waits, and hits that were set aside', async () => {
  const folder = join(dataDir, 'journal', 'slot-0');
  mkdirSync(folder, { recursive: true });
  const segment = (minutesAgo: number) => {
    const made = needs.now.getTime() - minutesAgo * minuteMs;
    writeFileSync(join(folder, `${String(made).padStart(16, '0')}.wxj`), 'x'.repeat(100));
  };
  segment(90);
  await is('ok', 'journal', /0 whole segments wait/);
  segment(5);
  await is('fail', 'journal', /1 whole segments wait, the oldest for 90 minutes.*Does it answer/);
  writeFileSync(join(folder, 'quarantine.wxj'), 'xyz');
  await is('warn', 'journal quarantine', /3 bytes.*set aside.*report it/);
  rmSync(join(dataDir, 'journal'), { recursive: true });
});

test('copies of keys that outlived their week, and restoring that nobody practised', async () => {
  const later = (days: number) => ({ now: new Date(needs.now.getTime() + days * 1_440 * minuteMs) });
  await is('ok', 'copies of keys', /1 that end within seven days/);
  await is('fail', 'copies of keys', /1 are older.*--prune/, later(8.1));
  await is('warn', 'practice of restoring', /nobody has restored.*throw-away/);
  noteRestored(backupDir, 'x', needs.now);
  await is('ok', 'practice of restoring', /0 days ago/);
  await is('warn', 'practice of restoring', /120 days ago/, later(120));
  rmSync(join(backupDir, 'restores.jsonl'));
});

test('a check that takes longer than it may is told, and the others go on', async () => {
  const listNetworks = () => new Promise<never>(() => undefined);
  await is('warn', 'network lists', /was not done in 0\.3 s.*on the server/, { listNetworks, checkWithinMs: 300 });
  assert.equal((await found('queue', { listNetworks, checkWithinMs: 300 })).state, 'ok');
});

test('a database that is empty, of another key, or not there', async () => {
  await is('warn', 'database', /none yet/, { openServer: async () => undefined });
  await is('fail', 'database', /could not be checked/, { openServer: () => Promise.reject(new Error('no route')) });
  const openOther = async () => openVault(Buffer.alloc(32, 3));
  await is('fail', 'database schema', /not this database’s/, { openVault: openOther });
  await is('warn', 'database connections', /may open 500/, { databaseConnections: 500 });
});

test('a queue that nobody works at', async () => {
  const { messageId } = await queueMessage(world, {
    accountId,
    to: ['ana@example.org'],
    octets: 'Subject: a\r\n\r\nb\r\n',
  });
  const due = (minutes: number) =>
    world.db.asAccount(accountId, (tx) =>
      tx.query(
        sql`UPDATE deliveries SET due_at = now() - make_interval(mins => ${minutes}) WHERE message_id = ${messageId}`,
      ),
    );
  await due(30);
  await is('warn', 'queue', /30 minutes late/);
  await due(300);
  await is('fail', 'queue', /Nobody delivers/);
  await owner.query('DELETE FROM deliveries');
});

test('lists of networks that are stale', () =>
  is('warn', 'network lists', /apple-egress.*networks refresh/, {
    listNetworks: async () => [{ name: 'apple-egress', isStale: true }],
  }));

test('an audit entry that waits longer than a minute, or was taken out of the queue, is told', async () => {
  const actor = { kind: 'system', id: 'test' } as const;
  await sealAll();
  const at = new Date(needs.now.getTime() - 10 * minuteMs);
  await world.db.asAccount(accountId, (tx) =>
    record(tx, { at, actor, action: 'messages.listed', object: { kind: 'messages' }, detail: { messages: 1 } }),
  );
  await is('fail', 'audit queue', /1 entries have waited .* role worker/);
  await owner.query('DELETE FROM audit_waiting');
  await is('fail', 'audit queue', /1 entries of the last day neither have a place/);
  await owner.query(
    'INSERT INTO audit_waiting (account_id, entry_id) SELECT account_id, id FROM audit_entries WHERE at = $1',
    [at],
  );
  await sealAll();
  await is('ok', 'audit queue', /no entry waits/);
});

test('an audit entry that was changed past the program', async () => {
  await owner.query(`UPDATE audit_entries SET detail = '{"forged": true}'`);
  await is('fail', 'audit chains', new RegExp(`${accountId}.*past the program`));
  await owner.query('DELETE FROM audit_checkpoints');
  await is('fail', 'audit chains', /no signed checkpoint/);
});
