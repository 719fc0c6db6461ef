import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createTestAccount } from '../../test/kit/account.ts';
import { countMessages, storedMail } from '../../test/kit/stored-mail.ts';
import { mail, RawClient, startTestSubmission, testHostname } from '../../test/kit/submission.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';

let world: TestWorld;
let account: NewAccount;
let server: Awaited<ReturnType<typeof startTestSubmission>>;
let stored: number;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  server = await startTestSubmission(world, { maxMessageBytes: 200_000, maxRecipients: 5 });
});
after(async () => {
  await server.close();
  await world.close();
});
beforeEach(async () => {
  stored = await countMessages(world, account.accountId);
});

const newlyStored = async (): Promise<number> => (await countMessages(world, account.accountId)) - stored;
/** The message that a 250 was given for. */
const storedAs = async (reply: string) => {
  const id = /^250 2\.0\.0 queued as (\S+)$/.exec(reply)?.[1];
  return (await storedMail(world, account.accountId)).find((one) => one.id === id);
};
const signedIn = () => RawClient.signedIn(server.port, account.apiKey);
const plain = (secret: string, user = 'apikey') => Buffer.from(`\0${user}\0${secret}`).toString('base64');
const letter = mail('From: Clinic <care@clinic.example>', 'Subject: Hello', '', 'Good day.');

async function saying(run: (client: RawClient) => Promise<void>, open = signedIn): Promise<void> {
  const client = await open();
  try {
    await run(client);
  } finally {
    client.close();
  }
}

const inClearText = () => RawClient.connect(server.port);
const underTls = () => RawClient.secure(server.port);

test('the greeting and EHLO name the configured host and offer STARTTLS but no AUTH in clear text', () =>
  saying(async (client) => {
    const lines = (await client.say('EHLO client.example')).split('\r\n').map((line) => line.slice(4));
    assert.deepEqual(lines.toSorted(), [
      '8BITMIME',
      'ENHANCEDSTATUSCODES',
      'PIPELINING',
      'SIZE 200000',
      'SMTPUTF8',
      'STARTTLS',
      testHostname,
    ]);
  }, inClearText));

test('AUTH in clear text is refused with 538, whatever the credentials', () =>
  saying(async (client) => {
    await client.say('EHLO client.example');
    assert.match(await client.say(`AUTH PLAIN ${plain(account.apiKey)}`), /^538 5\.7\.0 /);
    assert.match(await client.say('AUTH LOGIN'), /^538 5\.7\.0 /);
    assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^530 5\.7\.0 /);
  }, inClearText));

test('under TLS AUTH PLAIN and LOGIN are offered, STARTTLS no more', () =>
  saying(async (client) => {
    const reply = await client.say('EHLO client.example');
    assert.match(reply, /250-AUTH PLAIN LOGIN\r\n/);
    assert.doesNotMatch(reply, /STARTTLS/);
  }, underTls));

test('what was said before TLS is forgotten, and nothing pipelined before it is run after it', () =>
  saying(async (client) => {
    await client.say('EHLO client.example');
    client.write('STARTTLS\r\nEHLO injected.example\r\n');
    assert.match(await client.reply(), /^220 /);
    await client.startTls();
    assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^503 /);
  }, inClearText));

test('AUTH PLAIN with an initial response, without one, and AUTH LOGIN all sign in', async () => {
  await saying(async (client) => {
    assert.match(await client.say(`AUTH PLAIN ${plain(account.apiKey)}`), /^235 2\.7\.0 /);
  }, underTls);
  await saying(async (client) => {
    assert.match(await client.say('AUTH PLAIN'), /^334 /);
    assert.match(await client.say(plain(account.apiKey)), /^235 /);
  }, underTls);
  await saying(async (client) => {
    await client.say('AUTH LOGIN');
    await client.say(Buffer.from('apikey').toString('base64'));
    assert.match(await client.say(Buffer.from(account.apiKey).toString('base64')), /^235 /);
  }, underTls);
});

test('a wrong key, a wrong user and an empty password are refused with 535 and the same words', () =>
  saying(async (client) => {
    const wrongKey = await client.say(`AUTH PLAIN ${plain('wx_wrong')}`);
    assert.match(wrongKey, /^535 5\.7\.8 auth\.invalid /);
    assert.equal(await client.say(`AUTH PLAIN ${plain(account.apiKey, 'root')}`), wrongKey);
    assert.equal(await client.say(`AUTH PLAIN ${plain('')}`), wrongKey);
    assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^530 5\.7\.0 /);
  }, underTls));

test('MAIL before AUTH is refused with 530', () =>
  saying(async (client) => {
    assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^530 5\.7\.0 /);
  }, underTls));

test('too many failed sign-ins from an address have to wait, and good keys come in meanwhile', async () => {
  const strict = await startTestSubmission(world, { limits: { maxFailedLogins: 2, loginWindowMs: 60_000 } });
  const client = await RawClient.secure(strict.port);
  await client.say(`AUTH PLAIN ${plain('wx_a')}`);
  await client.say(`AUTH PLAIN ${plain('wx_b')}`);
  assert.match(await client.say(`AUTH PLAIN ${plain('wx_c')}`), /^454 4\.7\.0 /);
  const neighbour = await RawClient.secure(strict.port);
  assert.match(await neighbour.say(`AUTH PLAIN ${plain(account.apiKey)}`), /^235 /);
  world.clock.advance(61_000);
  assert.match(await client.say(`AUTH PLAIN ${plain('wx_c')}`), /^535 /);
  client.close();
  neighbour.close();
  await strict.close();
});

test('a key that is revoked stops an open session at its next message', async () => {
  let isRevoked = false;
  const gate = {
    identifyByApiKey: async () =>
      isRevoked ? undefined : { accountId: account.accountId, actor: { kind: 'api-key' as const, id: 'key' } },
  };
  const watched = await startTestSubmission(world, { gate });
  const client = await RawClient.signedIn(watched.port, 'any');
  assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^250 /);
  await client.say('RSET');
  isRevoked = true;
  assert.match(await client.say('MAIL FROM:<care@clinic.example>'), /^530 5\.7\.0 /);
  client.close();
  await watched.close();
});

test('a message is taken, named by its id, and stored as it came', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org', 'ben@example.org');
    const message = await storedAs(await client.content(letter));
    assert.equal(message?.octets.toString(), letter);
    assert.equal(message?.header.envelopeFrom, 'care@clinic.example');
    assert.equal(message?.header.ownTo, false);
    assert.deepEqual(
      message?.recipients.map(({ address }) => address),
      ['ana@example.org', 'ben@example.org'],
    );
  }));

test('pipelined transactions each get their replies, in order', () =>
  saying(async (client) => {
    const one = 'MAIL FROM:<care@clinic.example>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\n';
    client.write(one);
    assert.deepEqual(
      [await client.reply(), await client.reply(), await client.reply()].map((reply) => reply.slice(0, 9)),
      ['250 2.1.0', '250 2.1.5', '354 End d'],
    );
    client.write(`${letter}.\r\n${one}`);
    assert.match(await client.reply(), /^250 2\.0\.0 queued as /);
    for (const code of ['250', '250', '354']) assert.equal((await client.reply()).slice(0, 3), code);
    assert.match(await client.content(letter), /^250 2\.0\.0 queued as /);
    assert.equal(await newlyStored(), 2);
  }));

test('doubled dots at the beginning of lines are undone', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    const dotted = mail('From: care@clinic.example', '', '.', '..', '.two', 'end.');
    assert.equal((await storedAs(await client.content(dotted)))?.octets.toString(), dotted);
  }));

test('TLS from the first byte works on its own port', async () => {
  const socket = connectTls({ port: server.smtpsPort, host: '127.0.0.1', rejectUnauthorized: false });
  const greeting = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
  assert.match(greeting, /^220 submit\.clinic\.example ESMTP\r\n$/);
  assert.equal(socket.getPeerCertificate().subject.CN, testHostname);
  socket.destroy();
});

test('TLS below 1.2 is not spoken', async () => {
  const socket = connectTls({
    port: server.smtpsPort,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await assert.rejects(
    new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    }),
  );
});

test('the null sender is taken', () =>
  saying(async (client) => {
    await client.envelope('', 'ana@example.org');
    assert.equal((await storedAs(await client.content(letter)))?.header.envelopeFrom, '');
  }));

test('AUTH=<> on MAIL is accepted, unknown and repeated parameters are refused without being repeated', () =>
  saying(async (client) => {
    assert.match(await client.say('MAIL FROM:<care@clinic.example> AUTH=<> BODY=8BITMIME SIZE=100'), /^250 /);
    await client.say('RSET');
    assert.equal(
      await client.say('MAIL FROM:<care@clinic.example> RET=HDRS'),
      '555 5.5.4 A parameter is not supported',
    );
    assert.equal(
      await client.say('MAIL FROM:<care@clinic.example> SIZE=1 SIZE=2'),
      '501 5.5.4 A parameter is given twice',
    );
    await client.say('MAIL FROM:<care@clinic.example>');
    assert.equal(
      await client.say('RCPT TO:<ana@example.org> ana@example.org'),
      '555 5.5.4 A parameter is not supported',
    );
  }));

test('an address beyond ASCII needs SMTPUTF8, and with it is stored as written', () =>
  saying(async (client) => {
    await client.say('MAIL FROM:<care@clinic.example>');
    assert.match(await client.say('RCPT TO:<jürgen@example.org>'), /^553 5\.6\.7 /);
    await client.say('RSET');
    await client.say('MAIL FROM:<care@clinic.example> SMTPUTF8');
    await client.say('RCPT TO:<jürgen@bücher.example>');
    await client.say('DATA');
    assert.equal((await storedAs(await client.content(letter)))?.recipients[0]?.address, 'jürgen@bücher.example');
  }));

test('a domain in its ASCII form stays in it', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@xn--bcher-kva.example');
    assert.equal((await storedAs(await client.content(letter)))?.recipients[0]?.address, 'ana@xn--bcher-kva.example');
  }));

test('malformed addresses are refused: no domain, no local part, octets that are no UTF-8', () =>
  saying(async (client) => {
    await client.say('MAIL FROM:<care@clinic.example> SMTPUTF8');
    for (const address of ['postmaster', '@example.org', 'a b@example.org', 'ana@', 'ana@-x.example'])
      assert.match(await client.say(`RCPT TO:<${address}>`), /^(501|553|555) 5\./, address);
    client.write(Buffer.from('RCPT TO:<\xff\xfe@example.org>\r\n', 'latin1'));
    assert.match(await client.reply(), /^553 5\.1\.3 message\.invalid_address /);
  }));

test('more recipients than allowed are refused one by one with 452, the others stand', () =>
  saying(async (client) => {
    await client.say('MAIL FROM:<care@clinic.example>');
    for (let n = 0; n < 5; n++) assert.match(await client.say(`RCPT TO:<p${n}@example.org>`), /^250 /);
    assert.match(await client.say('RCPT TO:<p5@example.org>'), /^452 4\.5\.3 /);
    assert.match(await client.say('RCPT TO:<P4@example.org>'), /^250 /);
    await client.say('DATA');
    assert.equal((await storedAs(await client.content(letter)))?.recipients.length, 5);
  }));

test('X-Waxwing headers steer campaign, tags and tracking; an unknown tracking word is refused with its code', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    const steered = mail(
      'From: care@clinic.example',
      'X-Waxwing-Campaign: =?utf-8?Q?Herbst_=C3=9Cbersicht?=',
      'X-Waxwing-Tags: flu, autumn',
      'X-Waxwing-Track: opens',
      '',
      'x',
    );
    const first = await storedAs(await client.content(steered));
    assert.deepEqual(first?.header.tags, ['flu', 'autumn']);
    assert.notEqual(first?.campaignId, 0);
    assert.deepEqual(
      [first?.recipients[0]?.level, first?.recipients[0]?.opens, first?.recipients[0]?.clicks],
      ['identified', true, false],
    );
    await client.envelope('care@clinic.example', 'ana@example.org');
    const off = await client.content(mail('From: care@clinic.example', 'X-Waxwing-Track: off', '', 'x'));
    assert.equal((await storedAs(off))?.recipients[0]?.level, 'off');
    await client.envelope('care@clinic.example', 'ana@example.org');
    assert.match(
      await client.content(mail('From: care@clinic.example', 'X-Waxwing-Track: everything', '', 'x')),
      /^554 5\.6\.0 message\.track_header_unknown /,
    );
  }));

test('a message without From is refused with 550, one that goes in a circle with 554, each with its code', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    assert.match(await client.content(mail('Subject: x', '', 'x')), /^550 5\.6\.0 message\.no_from /);
    await client.envelope('care@clinic.example', 'ana@example.org');
    const passedOn = Array.from({ length: 101 }, () => 'Received: from a.example by b.example');
    const circling = mail(...passedOn, 'From: care@clinic.example', '', 'x');
    assert.match(await client.content(circling), /^554 5\.4\.6 message\.mail_loop /);
    assert.equal(await newlyStored(), 0);
  }));

test('an account that requires verified senders is told so', () =>
  saying(async (client) => {
    const change = (required: boolean) =>
      world.db.asAccount(account.accountId, (tx) =>
        tx.query(sql`UPDATE account_settings SET require_verified_sender = ${required}`),
      );
    await change(true);
    await client.envelope('care@clinic.example', 'ana@example.org');
    assert.match(await client.content(letter), /^550 5\.7\.1 sender\.not_verified /);
    await change(false);
    assert.equal(await newlyStored(), 0);
  }));

test('old sendmail commands are not known', () =>
  saying(async (client) => {
    for (const command of ['WIZ', 'SHELL', 'KILL', 'EXPN list', 'XCLIENT ADDR=192.0.2.1'])
      assert.match(await client.say(command), /^500 5\.5\.2 /, command);
  }));

test('VRFY tells nothing and is no error, HELP points to the standard (RFC 5321 §3.5.3, §4.1.1.8)', () =>
  saying(async (client) => {
    assert.match(await client.say('VRFY ana@example.org'), /^252 /);
    assert.match(await client.say('HELP'), /^214 /);
  }));

test('neither replies nor log lines repeat an address, a subject or the content', () =>
  saying(async (client) => {
    await client.say('MAIL FROM:<canary-sender@clinic.example>');
    const replies = [
      await client.say('RCPT TO:<canary recipient@example.org>'),
      await client.say('RCPT TO:<canary-recipient@example.org>'),
      await client.say('CANARY command'),
      await client.say('DATA'),
      await client.content(mail('Subject: canary-subject', '', 'canary-body')),
    ];
    assert.doesNotMatch(replies.join('\n').toLowerCase(), /canary/);
    assert.doesNotMatch(world.logLines.join('\n').toLowerCase(), /canary|clinic\.example"|ana@/);
  }));

test('a server whose second port is taken does not keep the first', async () => {
  const other = await startTestSubmission(world);
  const port = await freePort();
  try {
    await assert.rejects(startTestSubmission(world, { port, smtpsPort: other.port }), { code: 'EADDRINUSE' });
    const again = await startTestSubmission(world, { port });
    await again.close();
  } finally {
    await other.close();
  }
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
