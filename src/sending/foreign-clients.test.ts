import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { createTestAccount } from '../../test/kit/account.ts';
import { type StoredMail, storedMail } from '../../test/kit/stored-mail.ts';
import { startTestSubmission, testHostname } from '../../test/kit/submission.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';

let world: TestWorld;
let account: NewAccount;
let server: Awaited<ReturnType<typeof startTestSubmission>>;

before(async () => {
  world = await testWorld(new Date().toISOString()); // they check the certificate by the real clock
  account = await createTestAccount(world);
  server = await startTestSubmission(world);
});
after(async () => {
  await server.close();
  await world.close();
});

/** In CI every one of them is installed, and a missing one is a failure. */
const isMissing = (program: string): boolean =>
  process.env.CI !== 'true' && spawnSync(program, ['--version']).error !== undefined;

async function run(program: string, args: readonly string[], input = ''): Promise<{ status: number; output: string }> {
  const child = spawn(program, args, { timeout: 20_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  return { status, output };
}

async function storedAs(output: string): Promise<StoredMail> {
  const id = /queued as ([0-9a-f-]{36})/.exec(output)?.[1];
  const stored = (await storedMail(world, account.accountId)).find((one) => one.id === id);
  assert.ok(stored, output);
  return stored;
}

const swaks = (...args: readonly string[]) =>
  run('swaks', [
    ...['--server', '127.0.0.1', '--port', String(server.port), '--from', 'care@clinic.example'],
    ...['--to', 'ana@example.org', '--auth-user', 'apikey', '--auth-password', account.apiKey, ...args],
  ]);

test('swaks signs in over STARTTLS by PLAIN and by LOGIN, and sends', {
  skip: isMissing('swaks') && 'no swaks here',
}, async () => {
  for (const mechanism of ['PLAIN', 'LOGIN']) {
    const { status, output } = await swaks('--tls', '--auth', mechanism, '--header', 'X-Waxwing-Campaign: autumn');
    assert.equal(status, 0, output);
    const stored = await storedAs(output);
    assert.equal(stored.recipients[0]?.address, 'ana@example.org');
    assert.notEqual(stored.campaignId, 0);
  }
});

test('swaks sends over implicit TLS, with an attachment, pipelined', {
  skip: isMissing('swaks') && 'no swaks here',
}, async () => {
  const port = ['--port', String(server.smtpsPort)];
  const { status, output } = await swaks('--tls-on-connect', ...port, '--pipeline', '--attach', '@/etc/hostname');
  assert.equal(status, 0, output);
  assert.match((await storedAs(output)).octets.toString(), /multipart\/mixed/);
});

test('swaks is not let in without TLS, nor with a wrong key', {
  skip: isMissing('swaks') && 'no swaks here',
}, async () => {
  assert.equal((await swaks('--auth', 'PLAIN')).status, 28);
  const wrong = await swaks('--tls', '--auth', 'PLAIN', '--auth-password', 'wx_wrong');
  assert.equal(wrong.status, 28);
  assert.match(wrong.output, /535 5\.7\.8/);
});

test('msmtp trusts the kept certificate and sends', { skip: isMissing('msmtp') && 'no msmtp here' }, async () => {
  const trust = join(server.dataDir, 'submission-tls.pem');
  const config = join(server.dataDir, 'msmtprc');
  const lines = [
    ...[
      'account test',
      `host localhost`,
      `port ${server.port}`,
      'from care@clinic.example',
      'auth plain',
      'user apikey',
    ],
    ...[`password ${account.apiKey}`, 'tls on', 'tls_starttls on', `tls_trust_file ${trust}`],
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const letter = 'From: care@clinic.example\nTo: ana@example.org\nSubject: Grüezi\n\nGood day.\n.\nEnd\n';
  const { status, output } = await run('msmtp', ['-d', '-C', config, '-a', 'test', 'ana@example.org'], letter);
  assert.equal(status, 0, output);
  assert.match((await storedAs(output)).octets.toString(), /Good day\.\r\n\.\r\nEnd\r\n/);
});

const smtplib = `
import smtplib, ssl, sys
host, port, key, trust = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
from email.message import EmailMessage
context = ssl.create_default_context(cafile=trust)
message = EmailMessage()
message['From'], message['To'], message['Subject'] = 'care@clinic.example', 'ana@example.org', 'Gr\\u00fcezi'
message.set_content('Good day.')
message.add_alternative('<p>Good day. <a href="https://clinic.example/a">a</a></p>', subtype='html')
with smtplib.SMTP(host, port, local_hostname='client.example') as client:
    client.starttls(context=context)
    client.login('apikey', key)
    print(client.send_message(message))
    client.mail('care@clinic.example'); client.rcpt('ana@example.org')
    print(client.data(message.as_bytes(policy=message.policy.clone(linesep='\\r\\n'))))
    try:
        client.sendmail('care@clinic.example', ['ana@example.org'], 'x' * 40000000)
    except smtplib.SMTPSenderRefused as refused:
        print('refused', refused.smtp_code)
`;

test('Python’s smtplib verifies the kept certificate, sends, and hears early that a message is too large', {
  skip: isMissing('python3') && 'no python3 here',
}, async () => {
  const trust = join(server.dataDir, 'submission-tls.pem');
  const args = ['-c', smtplib, 'localhost', String(server.port), account.apiKey, trust];
  const { status, output } = await run('python3', args);
  assert.equal(status, 0, output);
  assert.match(output, /refused 552/);
  const stored = await storedAs(output);
  assert.deepEqual(stored.plan.links, ['https://clinic.example/a']);
});

test('nodemailer sends many messages over a pool of reused connections', async () => {
  const pool = createTransport({
    ...{ host: '127.0.0.1', port: server.port, pool: true, maxConnections: 5, requireTLS: true },
    auth: { user: 'apikey', pass: account.apiKey },
    tls: { rejectUnauthorized: false, servername: testHostname },
  });
  const sent = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      pool.sendMail({ from: 'care@clinic.example', to: `p${n}@example.org`, subject: `Nr ${n}`, text: 'Good day.' }),
    ),
  );
  pool.close();
  const stored = new Map((await storedMail(world, account.accountId)).map((one) => [one.id, one]));
  for (const [n, { response }] of sent.entries()) {
    const id = /queued as (\S+)/.exec(response)?.[1] ?? '';
    assert.equal(stored.get(id)?.recipients[0]?.address, `p${n}@example.org`);
    assert.equal(stored.get(id)?.header.subject, `Nr ${n}`);
  }
});
