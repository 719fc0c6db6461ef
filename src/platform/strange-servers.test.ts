/** Servers that answer as no server should: nothing counts as taken that was not, nothing hangs, nothing is said twice. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newAuthority, type TestAuthority, type TestCertificate } from '../../test/kit/certificates.ts';
import {
  type StrangeAnswer,
  type StrangeScript,
  type StrangeServer,
  type StrangeStage,
  startStrangeServer,
} from '../../test/kit/strange-server.ts';
import type { TlsDemand } from '../core/delivery/transport.ts';
import { type NextHop, openSmtpClient, type Sent, type SmtpClient } from './smtp-client.ts';

let authority: TestAuthority;
let certificate: TestCertificate;
const opened: { close(): unknown }[] = [];

before(async () => {
  authority = await newAuthority();
  certificate = await authority.issue('127.0.0.1');
});
after(async () => {
  for (const one of opened.reverse()) await one.close();
});

async function strange(script?: StrangeScript): Promise<StrangeServer> {
  const server = await startStrangeServer(certificate, script);
  opened.push(server);
  return server;
}

function client(setupTimeoutMs = 2_000): SmtpClient {
  const made = openSmtpClient({
    ...{ now: () => new Date(), helloName: 'test.example', maxConnectionsPerHop: 1, setupTimeoutMs },
    trusted: [authority.cert],
  });
  opened.push(made);
  return made;
}

const hop = (port: number): NextHop => ({ host: '127.0.0.1', port, implicitTls: false, login: null });
const copy = (bytes = 'Subject: x\r\n\r\nSecret\r\n') => ({
  ...{ from: 'care@clinic.example', to: 'ana@example.org' },
  render: async () => Buffer.from(bytes, 'latin1'),
});
const send = (port: number, demand: TlsDemand = 'if-offered', by = client()): Promise<Sent> =>
  by.send(hop(port), demand, copy());

const told = (sent: Sent): string =>
  sent.kind === 'refused' ? `refused ${sent.stage} ${sent.code}` : sent.kind === 'failed' ? sent.why : sent.kind;
const only =
  (stage: StrangeStage, answer: StrangeAnswer): StrangeScript =>
  (at) =>
    at === stage ? answer : undefined;

test('an answer to the message that is no whole 2yz reply is no acceptance, whatever it looks like', async () => {
  const answers: readonly (readonly [string, StrangeAnswer, string])[] = [
    ['no code', 'taken, thanks\r\n', 'connection.failed'],
    ['a digit', '2 taken\r\n', 'connection.failed'],
    ['two digits', '25 taken\r\n', 'connection.failed'],
    ['four digits', '2500 taken\r\n', 'connection.failed'],
    ['a number beyond all numbers', `2${'9'.repeat(30)} taken\r\n`, 'connection.failed'],
    ['a refusal beyond all numbers', `5${'9'.repeat(30)} no\r\n`, 'connection.failed'],
    ['letters in the code', '2xx taken\r\n', 'connection.failed'],
    ['1yz', '150 wait\r\n', 'connection.failed'],
    ['3yz', '354 go on\r\n', 'connection.failed'],
    ['6yz', '650 no\r\n', 'connection.failed'],
    ['yes and then no', '250-taken\r\n550 or not\r\n', 'connection.failed'],
    ['half a reply and the end', { bytes: '250 tak', ends: true }, 'connection.lost'],
    ['the beginning of a long reply and the end', { bytes: '250-taken\r\n', ends: true }, 'connection.lost'],
    ['nothing and the end', { bytes: '', ends: true }, 'connection.lost'],
    ['a refusal', '554 no\r\n', 'refused body 554'],
    ['a refusal for now', '451 later\r\n', 'refused body 451'],
  ];
  for (const [name, answer, expected] of answers) {
    const server = await strange(only('body', answer));
    const sent = await send(server.port);
    assert.equal(told(sent), expected, name);
    assert.ok(sent.bodyBegan, `${name}: nobody tries another host`);
  }
});

test('an acceptance without a text, with 8-bit text, with many lines, or followed by the end, is one', async () => {
  const answers: readonly (readonly [string, StrangeAnswer, number])[] = [
    ['no text', '250\r\n', 250],
    ['no text after the space', '250 \r\n', 250],
    ['8-bit text', Buffer.from('250 d\xe9j\xe0 \xff\x00\x1b[31m\r\n', 'latin1'), 250],
    ['many lines', `${'250-so it goes\r\n'.repeat(500)}250 taken\r\n`, 250],
    ['LF alone', '250 taken\n', 250],
    ['another 2yz', '251 will forward\r\n', 251],
    ['the end at once', { bytes: '250 taken\r\n', ends: true }, 250],
  ];
  for (const [name, answer, code] of answers) {
    const server = await strange(only('body', answer));
    const sent = await send(server.port);
    assert.deepEqual([sent.kind, sent.kind === 'taken' && sent.code, server.bodies.length], ['taken', code, 1], name);
  }
});

test('a server that ends the connection after each acceptance gets each message once', async () => {
  const server = await strange(only('body', { bytes: '250 taken\r\n', ends: true }));
  const by = client();
  for (let message = 0; message < 3; message += 1)
    assert.equal(told(await send(server.port, 'if-offered', by)), 'taken');
  assert.deepEqual([server.bodies.length, server.sessions.length], [3, 3]);
});

test('answers without an end are cut off, in one line or in many, at whatever stage', async () => {
  for (const stage of ['greeting', 'ehlo', 'mail', 'body'] as const)
    for (const answer of [`250-${'x'.repeat(300_000)}`, '250-more\r\n'.repeat(30_000)]) {
      const server = await strange(only(stage, answer));
      const sent = await send(server.port);
      assert.equal(sent.kind, 'failed', stage);
      assert.equal(server.bodies.length, stage === 'body' ? 1 : 0);
    }
});

test('garbage before the message is a failure that another try may mend, and no byte of it leaves', async () => {
  const garbage: readonly StrangeAnswer[] = [
    'hello\r\n',
    '999 what\r\n',
    '150 wait\r\n',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '\x00\x01\x02\r\n',
  ];
  for (const stage of ['greeting', 'mail', 'rcpt'] as const)
    for (const answer of garbage) {
      const server = await strange(only(stage, answer));
      const sent = await send(server.port);
      assert.deepEqual([told(sent), server.bodies.length], ['connection.failed', 0], `${stage} ${String(answer)}`);
    }
});

test('a server that is one answer ahead is left: no later message is judged by the answer to an earlier one', async () => {
  let extra = 0;
  const server = await strange((stage, { number }) => {
    if (stage !== 'body' || number > 0) return undefined;
    extra += 1;
    return '250 taken\r\n250 and one more\r\n';
  });
  const by = client();
  const results = [];
  for (let message = 0; message < 4; message += 1) results.push(told(await send(server.port, 'if-offered', by)));
  assert.equal(results.at(-1), 'taken');
  assert.ok(extra <= 2, 'the connection is not used on and on');
  const taken = results.filter((one) => one === 'taken').length;
  assert.ok(server.bodies.length - taken <= 1, 'at most one message is in doubt');
});

test('421 in the middle ends the session, and its code and stage are told', async () => {
  for (const stage of ['mail', 'rcpt', 'data'] as const) {
    const server = await strange((at, { number }) =>
      at === stage && number === 0 ? '421 4.3.2 going down\r\n' : undefined,
    );
    const by = client();
    assert.equal(told(await send(server.port, 'if-offered', by)), `refused ${stage} 421`);
    assert.equal(server.bodies.length, 0);
    assert.equal(told(await send(server.port, 'if-offered', by)), 'taken');
    assert.equal(server.sessions.length, 2, 'the connection is not used again');
  }
});

test('a server without EHLO gets HELO and the message only where clear text is allowed', async () => {
  for (const refusal of ['502 5.5.1 what\r\n', '500 ?\r\n', '554 no ESMTP here\r\n']) {
    const server = await strange(only('ehlo', refusal));
    assert.equal(told(await send(server.port)), 'taken');
    assert.deepEqual(server.heard().slice(0, 3), ['ehlo', 'helo', 'mail']);
    for (const demand of ['encrypted', 'verified'] as const) {
      const strict = await strange(only('ehlo', refusal));
      assert.notEqual((await send(strict.port, demand)).kind, 'taken');
      assert.ok(!strict.heard().some((one) => one === 'mail' || one === 'helo'), `${demand}: ${strict.heard()}`);
    }
  }
});

test('STARTTLS is asked for once: a server that offers it again inside TLS is not asked again', async () => {
  const server = await strange(only('ehlo', '250-strange.example\r\n250 STARTTLS\r\n'));
  const sent = await send(server.port, 'verified');
  assert.deepEqual([told(sent), sent.tls?.protocol], ['taken', 'TLSv1.3']);
  assert.deepEqual(server.heard().slice(0, 4), ['ehlo', 'starttls', 'ehlo', 'mail']);
});

test('a demand for TLS is not talked out of: no offer, a refusal, a greeting instead of a handshake', async () => {
  const scripts: readonly (readonly [string, StrangeScript])[] = [
    ['no offer', only('starttls', '502 5.5.1 what\r\n')],
    [
      'refused for now',
      (at) => (at === 'ehlo' ? '250-x\r\n250 STARTTLS\r\n' : at === 'starttls' ? '454 later\r\n' : undefined),
    ],
    ['refused', (at) => (at === 'ehlo' ? '250-x\r\n250 STARTTLS\r\n' : at === 'starttls' ? '502 no\r\n' : undefined)],
    [
      'no handshake',
      (at) => (at === 'ehlo' ? '250-x\r\n250 STARTTLS\r\n' : at === 'starttls' ? '220 go\r\n220 hi\r\n' : undefined),
    ],
    [
      'another word for it',
      (at) => (at === 'ehlo' ? '250-x\r\n250 XSTARTTLS\r\n' : at === 'starttls' ? '502 no\r\n' : undefined),
    ],
  ];
  for (const [name, script] of scripts)
    for (const demand of ['encrypted', 'verified'] as const) {
      const server = await strange(script);
      assert.equal((await send(server.port, demand, client(500))).kind, 'failed', name);
      assert.deepEqual([server.heard().includes('mail'), server.bodies.length], [false, 0], name);
    }
});

test('no bare line feed, bare carriage return or dot of a message ends it early or smuggles another one in', async () => {
  const ends = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\n.\r', '\r\n\x00.\r\n', '.\r\n'];
  for (const end of ends) {
    const server = await strange();
    const by = client();
    const smuggled = `Subject: x\r\n\r\nfirst${end}MAIL FROM:<evil@example.org>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\nsecond\r\n`;
    const sent = await by.send(hop(server.port), 'if-offered', copy(smuggled));
    assert.equal(told(sent), 'taken', JSON.stringify(end));
    assert.deepEqual(server.heard(), ['ehlo', 'mail', 'rcpt', 'data'], JSON.stringify(end));
    const [body = ''] = server.bodies;
    assert.doesNotMatch(body, /[^\r]\n|\r[^\n]/, JSON.stringify(end));
    assert.match(body, /second/);
  }
});

test('an answer before the message was whole is no acceptance, and a refusal ends the connection', async () => {
  const ahead = await strange(only('data', '354 go\r\n250 taken\r\n'));
  const first = await send(ahead.port);
  assert.deepEqual([told(first), first.bodyBegan], ['connection.failed', false]);
  assert.deepEqual(ahead.heard(), ['ehlo', 'mail', 'rcpt', 'data'], 'no byte of the message');

  const large = `Subject: x\r\n\r\n${'a line of a large message\r\n'.repeat(800_000)}`;
  for (const [early, expected] of [
    ['250 taken\r\n', 'connection.failed'],
    ['552 5.3.4 too large\r\n', 'refused body 552'],
  ] as const) {
    const server = await strange((at, { number }) => (at === 'begins' && number === 0 ? early : undefined));
    const by = client();
    assert.equal(told(await by.send(hop(server.port), 'if-offered', copy(large))), expected);
    assert.equal(told(await send(server.port, 'if-offered', by)), 'taken');
    assert.equal(server.sessions.length, 2, 'the connection is not used again');
    assert.ok(!server.bodies.some((body) => /RSET|QUIT|MAIL FROM/.test(body)), 'no command stands in a message');
  }
});
