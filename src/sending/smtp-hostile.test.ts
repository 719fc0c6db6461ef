import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { countMessages } from '../../test/kit/stored-mail.ts';
import { mail, RawClient, startTestSubmission } from '../../test/kit/submission.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import type { SubmissionOptions } from './index.ts';

let world: TestWorld;
let account: NewAccount;
let server: Awaited<ReturnType<typeof startTestSubmission>>;
let stored: number;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  server = await startTestSubmission(world, { maxMessageBytes: 1_000_000 });
});
after(async () => {
  await server.close();
  await world.close();
});
beforeEach(async () => {
  stored = await countMessages(world, account.accountId);
});

const newlyStored = async (): Promise<number> => (await countMessages(world, account.accountId)) - stored;
const letter = mail('From: care@clinic.example', 'Subject: Hello', '', 'Good day.');
const smuggled = 'MAIL FROM:<care@clinic.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n';

async function saying(run: (client: RawClient) => Promise<void>, port = server.port): Promise<void> {
  const client = await RawClient.signedIn(port, account.apiKey);
  try {
    await run(client);
  } finally {
    client.close();
  }
}

async function withServer(options: Partial<SubmissionOptions>, run: (port: number) => Promise<void>): Promise<void> {
  const own = await startTestSubmission(world, options);
  try {
    await run(own.port);
  } finally {
    await own.close();
  }
}

// The ways to write an end of data that some server takes for one (SEC Consult, "SMTP smuggling", 2023).
const falseEnds = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\n.\r', '\r\n\0.\r\n'];

for (const end of falseEnds) {
  test(`${JSON.stringify(end)} does not end the data, and what is pipelined behind it is no command`, () =>
    saying(async (client) => {
      await client.envelope('care@clinic.example', 'ana@example.org');
      const text = `From: care@clinic.example\r\n\r\nbefore${end}${smuggled}${letter}\r\n.\r\n`;
      client.write(text);
      const reply = await client.reply();
      if (end === '\r\n\0.\r\n') assert.match(reply, /^554 5\.6\.0 message\.nul_octet /);
      else assert.match(reply, /^554 5\.6\.0 message\.bare_newline /);
      assert.match(await client.say('NOOP'), /^250 /);
      assert.ok((await newlyStored()) <= (reply.startsWith('250') ? 1 : 0));
    }));

  test(`${JSON.stringify(end)} split over packets does not end the data either`, () =>
    saying(async (client) => {
      await client.envelope('care@clinic.example', 'ana@example.org');
      for (const octet of `From: care@clinic.example\r\n\r\nbefore${end}`) {
        client.write(octet);
        await new Promise(setImmediate);
      }
      client.write(`${smuggled}${letter}\r\n.\r\n`);
      assert.match(
        await client.reply(),
        end.includes('\0') ? /^554 5\.6\.0 message\.nul_octet / : /^554 5\.6\.0 message\.bare_newline /,
      );
      assert.match(await client.say('NOOP'), /^250 /);
    }));
}

test('a bare line feed or carriage return in a command ends the session with 500', async () => {
  for (const command of ['NOOP\n', 'NOOP\r', 'MAIL FROM:<care@clinic.example>\nRCPT TO:<ana@example.org>\r\n']) {
    await saying(async (client) => {
      client.write(command);
      if (command === 'NOOP\r') client.write('RSET\r\n');
      assert.match(await client.reply(), /^500 5\.5\.2 /, JSON.stringify(command));
      await client.rest();
    });
  }
});

test('a command without its line end is not run when the connection ends there', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    client.write(`${letter}.`);
    client.close();
    assert.equal(await newlyStored(), 0);
  }));

test('a message that breaks off in the middle is not stored, and gives its memory back', () =>
  withServer({ maxMessageBytes: 100_000, limits: { maxBytesInFlight: 1 } }, async (port) => {
    for (let n = 0; n < 8; n++) {
      await saying(async (client) => {
        await client.envelope('care@clinic.example', 'ana@example.org');
        await client.writeAll(Buffer.from(`From: care@clinic.example\r\n\r\n${'x'.repeat(900)}\r\n`.repeat(90)));
      }, port);
    }
    await saying(async (client) => {
      await client.envelope('care@clinic.example', 'ana@example.org');
      assert.match(await client.content(letter), /^250 /);
    }, port);
    assert.equal(await newlyStored(), 1);
  }));

test('a line longer than 998 octets is refused with the rule that says so', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    const reply = await client.content(mail('From: care@clinic.example', '', 'x'.repeat(999)));
    assert.match(reply, /^554 5\.6\.0 message\.line_too_long .*998 octets/);
    await client.envelope('care@clinic.example', 'ana@example.org');
    assert.match(await client.content(mail('From: care@clinic.example', '', 'x'.repeat(998))), /^250 /);
  }));

test('a command line without end is refused before it fills memory', () =>
  saying(async (client) => {
    client.write('NOOP '.repeat(2_000));
    assert.match(await client.reply(), /^500 5\.5\.6 /);
    await client.rest();
  }));

test('a declared SIZE that is too large is refused at MAIL', () =>
  saying(async (client) => {
    assert.match(await client.say('MAIL FROM:<care@clinic.example> SIZE=1000001'), /^552 5\.3\.4 /);
    assert.match(await client.say('MAIL FROM:<care@clinic.example> SIZE=1000000'), /^250 /);
  }));

test('a message that turns out too large is refused with 552 when it ends, and the session goes on', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    const large = mail('From: care@clinic.example', '', ...Array.from({ length: 1_200 }, () => 'x'.repeat(900)));
    assert.match(await client.content(large), /^552 5\.3\.4 message\.too_large /);
    await client.envelope('care@clinic.example', 'ana@example.org');
    assert.match(await client.content(letter), /^250 /);
    assert.equal(await newlyStored(), 1);
  }));

test('100 MB are not kept in memory: the client is cut off with 552', () =>
  saying(async (client) => {
    await client.envelope('care@clinic.example', 'ana@example.org');
    const before = process.memoryUsage().arrayBuffers;
    const block = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(1_000));
    let most = 0;
    client.write('From: care@clinic.example\r\n\r\n');
    for (let n = 0; n < 100 && !client.isClosed; n++) {
      await client.writeAll(block);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    assert.match(await client.rest(), /^552 5\.3\.4 message\.too_large /);
    assert.ok(most < 40_000_000, `${most} bytes were held`);
    assert.equal(await newlyStored(), 0);
  }));

test('when all messages together are too much, the next is asked to wait with 452', () =>
  withServer({ maxMessageBytes: 10_000, limits: { maxBytesInFlight: 1 } }, async (port) => {
    const filling = await Promise.all(Array.from({ length: 5 }, () => RawClient.signedIn(port, account.apiKey)));
    for (const client of filling.slice(0, 4)) {
      await client.envelope('care@clinic.example', 'ana@example.org');
      client.write(`From: care@clinic.example\r\n\r\n${`${'x'.repeat(900)}\r\n`.repeat(10)}`);
    }
    const last = filling[4] as RawClient;
    await last.envelope('care@clinic.example', 'ana@example.org');
    const reply = await last.content(`${letter}${`${'x'.repeat(900)}\r\n`.repeat(10)}`);
    assert.match(reply, /^452 4\.3\.1 /);
    for (const client of filling.slice(0, 4)) {
      client.write('.\r\n');
      assert.match(await client.reply(), /^250 /);
    }
    await last.envelope('care@clinic.example', 'ana@example.org');
    assert.match(await last.content(letter), /^250 /);
    for (const client of filling) client.close();
  }));

test('ten thousand parts, endless headers and deep nesting are refused with their codes, at once', () =>
  saying(async (client) => {
    const multipart = (boundary: string) => `Content-Type: multipart/mixed; boundary=${boundary}`;
    const parts = mail(
      'From: care@clinic.example',
      multipart('b'),
      '',
      ...Array.from({ length: 10_000 }, () => '--b\r\n\r\nx'),
      '--b--',
    );
    const headers = mail('From: care@clinic.example', ...Array.from({ length: 5_000 }, (_, n) => `X-${n}: y`), '', 'x');
    const nested = mail(
      'From: care@clinic.example',
      multipart('b0'),
      '',
      ...Array.from({ length: 60 }, (_, n) => `--b${n}\r\n${multipart(`b${n + 1}`)}\r\n`),
      'x',
    );
    const expected = [
      [parts, /^554 5\.6\.0 message\.too_many_parts /],
      [headers, /^554 5\.6\.0 message\.headers_too_large /],
      [nested, /^554 5\.6\.0 message\.nested_too_deep /],
    ] as const;
    for (const [text, reply] of expected) {
      const startedAt = performance.now();
      await client.envelope('care@clinic.example', 'ana@example.org');
      assert.match(await client.content(text), reply);
      assert.ok(performance.now() - startedAt < 2_000);
    }
    assert.equal(await newlyStored(), 0);
  }));

test('a client that trickles its message is cut off when its time is over', () =>
  withServer({ limits: { dataTimeoutMs: 300 } }, (port) =>
    saying(async (client) => {
      await client.envelope('care@clinic.example', 'ana@example.org');
      const trickle = setInterval(() => client.write('x'), 20);
      const said = await client.rest(5_000).finally(() => clearInterval(trickle));
      assert.match(said, /^421 4\.4\.2 /);
      assert.equal(await newlyStored(), 0);
    }, port),
  ));

test('a client that trickles a command or does not sign in is cut off when its time is over', () =>
  withServer({ limits: { loginTimeoutMs: 300 } }, async (port) => {
    const client = await RawClient.connect(port);
    const trickle = setInterval(() => client.write('x'), 20);
    assert.match(await client.rest(5_000).finally(() => clearInterval(trickle)), /^421 4\.4\.2 /);
  }));

test('an idle client is told so and let go', () =>
  withServer({ limits: { idleTimeoutMs: 300 } }, (port) =>
    saying(async (client) => {
      assert.match(await client.rest(5_000), /^421 4\.4\.2 /);
    }, port),
  ));

test('more connections than an address may have are refused with 421, and a place that is left is free again', () =>
  withServer({ limits: { maxConnectionsPerAddress: 2 } }, async (port) => {
    const first = await RawClient.connect(port);
    const second = await RawClient.connect(port);
    const third = await RawClient.connect(port);
    assert.equal(await third.rest(), '');
    assert.match(third.greeting, /^421 4\.7\.0 /);
    first.close();
    const again = await untilGreeted(port);
    for (const client of [second, again]) client.close();
  }));

test('more connections than the server takes in all are refused with 421', () =>
  withServer({ limits: { maxConnections: 1 } }, async (port) => {
    const first = await RawClient.connect(port);
    const second = await RawClient.connect(port);
    assert.match(second.greeting, /^421 4\.3\.2 /);
    for (const client of [first, second]) client.close();
  }));

test('a client that only makes errors is let go', () =>
  withServer({ limits: { maxErrors: 3 } }, (port) =>
    saying(async (client) => {
      for (let n = 0; n < 3; n++) assert.match(await client.say('RCPT TO:<broken'), /^501 /);
      assert.match(await client.say('RCPT TO:<broken'), /^421 4\.7\.0 /);
      await client.rest();
    }, port),
  ));

test('a client that gets a message through may err anew: its list may hold many bad addresses', () =>
  withServer({ limits: { maxErrors: 3 } }, (port) =>
    saying(async (client) => {
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 3; n++) assert.match(await client.say('RCPT TO:<broken'), /^501 /);
        await client.envelope('care@clinic.example', 'ana@example.org');
        assert.match(await client.content(letter), /^250 /);
      }
      assert.equal(await newlyStored(), 3);
    }, port),
  ));

test('a browser that is made to talk SMTP gets nowhere', async () => {
  const client = await RawClient.connect(server.port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\n');
  assert.match(await client.reply(), /^421 /);
  await client.rest();
});

test('closing lets a message that is coming in come to its end', async () => {
  const closing = await startTestSubmission(world, { closeTimeoutMs: 5_000 });
  const busy = await RawClient.signedIn(closing.port, account.apiKey);
  const idle = await RawClient.signedIn(closing.port, account.apiKey);
  await busy.envelope('care@clinic.example', 'ana@example.org');
  const closed = closing.close();
  assert.match(await idle.rest(), /^421 4\.3\.2 /);
  assert.match(await busy.content(letter), /^250 /);
  busy.write('QUIT\r\n');
  await busy.rest();
  await closed;
  assert.equal(await newlyStored(), 1);
});

/** The server notices a little later that a client has gone. */
async function untilGreeted(port: number): Promise<RawClient> {
  const until = performance.now() + 5_000;
  for (;;) {
    const client = await RawClient.connect(port);
    if (client.greeting.startsWith('220')) return client;
    client.close();
    if (performance.now() > until) throw new Error('no place became free');
  }
}
