import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { newAuthority, type TestAuthority } from '../../test/kit/certificates.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type NextHop, openSmtpClient, type SmtpClient, type SmtpClientOptions } from './smtp-client.ts';

let authority: TestAuthority;
before(async () => {
  authority = await newAuthority();
});

const opened: { close(): unknown }[] = [];
after(async () => {
  for (const one of opened.reverse()) await one.close();
});

async function sink(options: SinkOptions = {}): Promise<SmtpSink> {
  const started = await startSmtpSink(options);
  opened.push(started);
  return started;
}

function client(options: Partial<SmtpClientOptions> = {}): SmtpClient {
  const made = openSmtpClient({
    now: () => new Date(),
    helloName: 'test.example',
    maxConnectionsPerHop: 5,
    ...options,
  });
  opened.push(made);
  return made;
}

const hopTo = (port: number, more: Partial<NextHop> = {}): NextHop => ({
  host: '127.0.0.1',
  port,
  implicitTls: false,
  login: null,
  ...more,
});
/** A name that the system's resolver need not know. */
const named = (port: number, host: string, more: Partial<NextHop> = {}): NextHop =>
  hopTo(port, { host, addresses: ['127.0.0.1'], ...more });

const copy = (bytes: Buffer | string = 'Subject: x\r\n\r\nHello\r\n', to = 'ana@example.org') => ({
  from: 'care@clinic.example',
  to,
  render: async () => Buffer.from(bytes),
});

test('a message arrives byte for byte, with dots at line starts, 8-bit bytes, long lines and no line end', async () => {
  const target = await sink();
  const awkward = Buffer.concat([
    Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n\r\n.\r\nend of dots\r\n'),
    Buffer.from([0xe9, 0x80, 0xff, 0x0d, 0x0a]),
    Buffer.from(`${'x'.repeat(5_000)}\r\n${'.'.repeat(70_000)}\r\n`),
  ]);
  const sent = await client().send(hopTo(target.port), 'if-offered', copy(awkward));
  assert.equal(sent.kind, 'taken');
  assert.ok(target.received[0]?.bytes.equals(awkward));
  assert.equal(target.received[0]?.mailParameters.BODY, '8BITMIME');
});

test('a large message arrives byte for byte', async () => {
  const target = await sink();
  const large = Buffer.from(`Subject: large\r\n\r\n${'.line that begins with a dot\r\n'.repeat(100_000)}`);
  await client().send(hopTo(target.port), 'if-offered', copy(large));
  assert.ok(target.received[0]?.bytes.equals(large));
});

test('connections are used again for later messages', async () => {
  const target = await sink();
  const sender = client();
  for (let n = 0; n < 20; n += 1)
    assert.equal((await sender.send(hopTo(target.port), 'if-offered', copy())).kind, 'taken');
  assert.deepEqual([target.count(), target.connectionCount()], [20, 1]);
});

test('no more connections than allowed are opened to one hop', async () => {
  const target = await sink();
  const sender = client({ maxConnectionsPerHop: 3 });
  await Promise.all(Array.from({ length: 30 }, () => sender.send(hopTo(target.port), 'if-offered', copy())));
  assert.equal(target.count(), 30);
  assert.ok(target.connectionCount() <= 3);
});

test('a connection is left after its last allowed message', async () => {
  const target = await sink();
  const sender = client({ maxMessagesPerConnection: 2 });
  for (let n = 0; n < 6; n += 1) await sender.send(hopTo(target.port), 'if-offered', copy());
  assert.deepEqual([target.count(), target.connectionCount()], [6, 3]);
});

test('a connection that the other side closed between messages costs no attempt', async () => {
  const target = await sink();
  const sender = client();
  await sender.send(hopTo(target.port), 'if-offered', copy());
  target.dropConnections();
  assert.equal((await sender.send(hopTo(target.port), 'if-offered', copy())).kind, 'taken');
});

test('a 421 to MAIL FROM on a used connection is answered by another connection', async () => {
  const target = await sink();
  const sender = client();
  await sender.send(hopTo(target.port), 'if-offered', copy());
  let refused = 0;
  target.answerWith(({ stage }) => {
    if (stage !== 'mail' || refused > 0) return undefined;
    refused += 1;
    return { code: 421, text: 'enough of you on this connection' };
  });
  assert.equal((await sender.send(hopTo(target.port), 'if-offered', copy())).kind, 'taken');
  assert.equal(refused, 1);
});

test('a host that takes few connections gets all messages over those it took', async () => {
  let open = 0;
  const target = await sink({
    script: ({ stage }) => {
      if (stage !== 'connect') return undefined;
      open += 1;
      return open > 2 ? { code: 421, text: 'too many connections' } : undefined;
    },
  });
  const sender = client();
  const sent = await Promise.all(
    Array.from({ length: 25 }, () => sender.send(hopTo(target.port), 'if-offered', copy())),
  );
  assert.ok(sent.every((one) => one.kind === 'taken'));
});

test('a refusal keeps its stage, code and every line, and the connection stays in use', async () => {
  const target = await sink();
  const sender = client();
  target.answerWith(({ stage, address }) => {
    if (address === 'nobody@example.org' && stage === 'rcpt') return { code: 550, text: ['no such user', 'here'] };
    if (address === 'full@example.org' && stage === 'data') return { code: 452, text: 'later' };
    return undefined;
  });
  const nobody = await sender.send(hopTo(target.port), 'if-offered', copy(undefined, 'nobody@example.org'));
  assert.ok(nobody.kind === 'refused' && nobody.stage === 'rcpt' && nobody.code === 550);
  assert.match(nobody.reply, /no such user[\s\S]*here/);
  const full = await sender.send(hopTo(target.port), 'if-offered', copy(undefined, 'full@example.org'));
  assert.ok(full.kind === 'refused' && full.stage === 'body' && full.code === 452);
  assert.equal((await sender.send(hopTo(target.port), 'if-offered', copy())).kind, 'taken');
  assert.equal(target.connectionCount(), 1);
});

test('a refused sender is told from a refused recipient', async () => {
  const target = await sink({ script: ({ stage }) => (stage === 'mail' ? { code: 553, text: 'not you' } : undefined) });
  const sent = await client().send(hopTo(target.port), 'if-offered', copy());
  assert.ok(sent.kind === 'refused' && sent.stage === 'mail' && sent.code === 553);
});

test('a refused greeting is a refusal of the session', async () => {
  const target = await sink({
    script: ({ stage }) => (stage === 'connect' ? { code: 554, text: 'go away' } : undefined),
  });
  const sent = await client().send(hopTo(target.port), 'if-offered', copy());
  assert.ok(sent.kind === 'refused' && sent.stage === 'greeting' && sent.code === 554);
});

test('a connection lost in the body, or after it without an answer, is a failure and not a delivery', async () => {
  for (const lostAt of ['body', 'data'] as const) {
    const target = await sink({ script: ({ stage }) => (stage === lostAt ? 'drop' : undefined) });
    const sent = await client().send(hopTo(target.port), 'if-offered', copy());
    assert.deepEqual([sent.kind, sent.kind === 'failed' && sent.why], ['failed', 'connection.lost'], lostAt);
    assert.equal(target.count(), 0);
  }
});

test('nobody listening is a refused connection for everyone who waits', async () => {
  const gone = await startSmtpSink();
  await gone.close();
  const sender = client({ maxConnectionsPerHop: 1 });
  const sent = await Promise.all([1, 2, 3].map(() => sender.send(hopTo(gone.port), 'if-offered', copy())));
  for (const one of sent) assert.ok(one.kind === 'failed' && one.why === 'connection.refused');
});

test('who is told of a failure without the hop being asked again is told when it was seen', async () => {
  const gone = await startSmtpSink();
  await gone.close();
  let now = new Date('2026-11-22T10:00:00Z');
  const sender = client({ now: () => now });
  const first = await sender.send(hopTo(gone.port), 'if-offered', copy());
  now = new Date('2026-11-22T10:00:00.700Z');
  const second = await sender.send(hopTo(gone.port), 'if-offered', copy());
  assert.deepEqual([first.toldOf, first.at.toISOString()], [null, '2026-11-22T10:00:00.000Z']);
  assert.deepEqual([second.toldOf?.toISOString(), second.at], ['2026-11-22T10:00:00.000Z', now]);
});

test('STARTTLS is used when offered and its facts are told', async () => {
  const target = await sink({ tls: await authority.issue('mx.example.org') });
  const sent = await client({ trusted: [authority.cert] }).send(
    named(target.port, 'mx.example.org'),
    'if-offered',
    copy(),
  );
  assert.equal(sent.kind, 'taken');
  assert.deepEqual([sent.tls?.protocol, sent.tls?.verified, target.received[0]?.tls], ['TLSv1.3', true, 'TLSv1.3']);
});

test('a certificate for another name encrypts but does not verify', async () => {
  const target = await sink({ tls: await authority.issue('other.example') });
  const sent = await client({ trusted: [authority.cert] }).send(
    named(target.port, 'mx.example.org'),
    'if-offered',
    copy(),
  );
  assert.deepEqual([sent.kind, sent.tls?.verified], ['taken', false]);
});

test('a verified demand is met by a valid certificate, by STARTTLS and by implicit TLS', async () => {
  const tls = await authority.issue('mx.example.org');
  const sender = client({ trusted: [authority.cert] });
  const starttls = await sink({ tls });
  assert.equal((await sender.send(named(starttls.port, 'mx.example.org'), 'verified', copy())).kind, 'taken');
  const implicit = await sink({ tls, implicitTls: true });
  const hop = named(implicit.port, 'mx.example.org', { implicitTls: true });
  assert.equal((await sender.send(hop, 'verified', copy())).kind, 'taken');
  const byAddress = await sink({ tls: await authority.issue('127.0.0.1') });
  assert.equal((await sender.send(hopTo(byAddress.port), 'verified', copy())).kind, 'taken');
});

test('below a verified demand no body byte leaves: clear text, wrong name, self-signed, expired, TLS 1.1', async () => {
  const good = await authority.issue('mx.example.org');
  const stranger = await (await newAuthority()).issue('mx.example.org');
  const cases: [string, SinkOptions, string][] = [
    ['no STARTTLS', {}, 'tls.not_offered'],
    ['wrong name', { tls: await authority.issue('other.example') }, 'tls.certificate'],
    ['unknown authority', { tls: stranger }, 'tls.certificate'],
    [
      'expired',
      { tls: await authority.issue('mx.example.org', { notAfter: new Date(Date.now() - 1000) }) },
      'tls.certificate',
    ],
    ['TLS 1.1', { tls: { ...good, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } }, 'tls.handshake'],
    ['implicit, wrong name', { tls: await authority.issue('other.example'), implicitTls: true }, 'tls.certificate'],
  ];
  for (const [name, options, why] of cases) {
    const target = await sink(options);
    const sender = client({ trusted: [authority.cert] });
    const hop = named(target.port, 'mx.example.org', { implicitTls: options.implicitTls === true });
    const sent = await sender.send(hop, 'verified', copy());
    assert.deepEqual([sent.kind, sent.kind === 'failed' && sent.why], ['failed', why], name);
    assert.equal(target.bodyBytes(), 0, name);
  }
});

interface Spoiled {
  readonly port: number;
  mail: number;
  bodyLines: number;
}

const repliesBeforeTls: readonly [RegExp, string][] = [
  [/^EHLO/i, '250-spoiled.example\r\n250 STARTTLS\r\n'],
  [/^(MAIL|RCPT|RSET)/i, '250 ok\r\n'],
  [/^DATA/i, '354 go on\r\n'],
  [/^\.$/, '250 taken\r\n'],
];

/** Speaks just enough to offer STARTTLS and spoil it. */
async function spoiledStarttls(spoil: (socket: Socket) => void): Promise<Spoiled> {
  const seen = { port: 0, mail: 0, bodyLines: 0 };
  const hear = (socket: Socket, line: string): void => {
    const reply = repliesBeforeTls.find(([command]) => command.test(line))?.[1];
    if (/^STARTTLS/i.test(line)) spoil(socket);
    else if (reply === undefined) seen.bodyLines += 1;
    else socket.write(reply);
    if (/^MAIL/i.test(line)) seen.mail += 1;
  };
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 spoiled.example ESMTP\r\n');
    socket.on('data', (bytes) => {
      for (const line of bytes.toString('latin1').split('\r\n')) if (line !== '') hear(socket, line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(server);
  seen.port = (server.address() as { port: number }).port;
  return seen;
}

test('a broken handshake falls back to clear text where that is allowed, and to nothing where it is not', async () => {
  const spoils: [string, (socket: Socket) => void][] = [
    [
      'garbage instead of a handshake',
      (socket) => {
        socket.write('220 go ahead\r\n');
        socket.once('data', () => socket.write('this is no TLS\r\n'));
      },
    ],
    ['454 to STARTTLS', (socket) => socket.write('454 not now\r\n')],
    ['closed at the handshake', (socket) => socket.end('220 go ahead\r\n')],
  ];
  for (const [name, spoil] of spoils) {
    const target = await spoiledStarttls(spoil);
    const sender = client();
    assert.equal((await sender.send(hopTo(target.port), 'verified', copy())).kind, 'failed', name);
    assert.equal(target.mail, 0, name);
    const sent = await sender.send(hopTo(target.port), 'if-offered', copy());
    assert.deepEqual([sent.kind, sent.tls], ['taken', null], name);
  }
});

test('a configured login is used, and a refused one is told from a refused message', async () => {
  const target = await sink({ users: { relay: 'secret' }, tls: await authority.issue('localhost') });
  const good = await client().send(
    hopTo(target.port, { login: { user: 'relay', password: 'secret' } }),
    'if-offered',
    copy(),
  );
  assert.equal(good.kind, 'taken');
  assert.equal(target.received[0]?.user, 'relay');
  const bad = await client().send(
    hopTo(target.port, { login: { user: 'relay', password: 'wrong' } }),
    'if-offered',
    copy(),
  );
  assert.ok(bad.kind === 'refused' && bad.stage === 'auth' && bad.code === 535);
  const none = await client().send(hopTo(target.port), 'if-offered', copy());
  assert.ok(none.kind === 'refused' && none.code === 530);
});

test('an address that is not ASCII goes only to hops that take it; a domain alone goes in its ASCII form', async () => {
  const modern = await sink();
  const old = await sink({ hide: ['SMTPUTF8', '8BITMIME', 'PIPELINING', 'SIZE'] });
  const sender = client();
  const address = 'björn@bücher.example';
  assert.equal((await sender.send(hopTo(modern.port), 'if-offered', copy(undefined, address))).kind, 'taken');
  assert.equal(modern.received[0]?.mailParameters.SMTPUTF8, true);
  const refused = await sender.send(hopTo(old.port), 'if-offered', copy(undefined, address));
  assert.deepEqual(refused.kind === 'impossible' && refused.why, 'address.needs_smtputf8');
  assert.equal((await sender.send(hopTo(old.port), 'if-offered', copy(undefined, 'ana@bücher.example'))).kind, 'taken');
  assert.equal(old.received[0]?.mailParameters.SMTPUTF8, undefined);
});

test('an 8-bit body goes unchanged to a hop without 8BITMIME', async () => {
  const old = await sink({ hide: ['8BITMIME'] });
  const bytes = Buffer.from('Subject: x\r\n\r\nGrüße\r\n', 'latin1');
  await client().send(hopTo(old.port), 'if-offered', copy(bytes));
  assert.ok(old.received[0]?.bytes.equals(bytes));
  assert.equal(old.received[0]?.mailParameters.BODY, undefined);
});

test('a host that greets and then lets a client wait, for EHLO or for AUTH, is given up in time', async () => {
  for (const [answer, login] of [
    [() => '', null],
    [
      (line: string) => (line.startsWith('EHLO') ? '250-mute.example\r\n250 AUTH PLAIN\r\n' : ''),
      { user: 'u', password: 'p' },
    ],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (line) => socket.write(answer(line.toString())));
      socket.write('220 mute.example ESMTP\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push(server);
    const { port } = server.address() as { port: number };
    const sent = await client({ setupTimeoutMs: 200 }).send(hopTo(port, { login }), 'if-offered', copy());
    assert.ok(sent.kind === 'failed' && sent.why === 'connection.timeout' && !sent.reached);
  }
});

test('a message above the size that the hop announces is impossible there', async () => {
  const target = await sink({ sizeLimitBytes: 1_000 });
  const sent = await client().send(
    hopTo(target.port),
    'if-offered',
    copy(`Subject: x\r\n\r\n${'x'.repeat(2_000)}\r\n`),
  );
  assert.deepEqual(sent.kind === 'impossible' && sent.why, 'message.too_large');
});

test('the next address is tried when the first one is dead', async () => {
  const target = await sink();
  const hop = hopTo(target.port, { host: 'mx.example.org', addresses: ['127.0.0.9', '127.0.0.1'] });
  assert.equal((await client().send(hop, 'if-offered', copy())).kind, 'taken');
});
