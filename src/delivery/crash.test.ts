import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import type { DeliveryProcessSettings } from '../../test/kit/delivery-process.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';

let world: TestWorld;
let accountId: string;
const children: ChildProcess[] = [];
const sinks: SmtpSink[] = [];

before(async () => {
  world = await testWorld(new Date().toISOString());
  accountId = (await createTestAccount(world)).accountId;
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const sink of sinks) await sink.close();
  await world.close();
});

const program = join(import.meta.dirname, '..', '..', 'test', 'kit', 'delivery-process.ts');
const maxInFlight = 60;
/** Six processes start in one test, on machines that may be busy. */
const patienceMs = 120_000;

function deliveryProcess(port: number): ChildProcess {
  const settings: DeliveryProcessSettings = {
    connectionUrl: world.database.connectionUrl,
    masterKeyHex: world.masterKey.toString('hex'),
    options: {
      smarthost: `smtp://127.0.0.1:${port}`,
      mxPort: 25,
      trackingUrl: 'https://t.clinic.example',
      helloName: 'clinic.example',
      dnsServers: ['127.0.0.1:1'],
      maxInFlight,
      leaseMs: 1_500,
    },
  };
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const octets = 'Subject: x\r\nContent-Type: text/html\r\n\r\n<a href="https://clinic.example/">a</a>\r\n';

async function queueMany(count: number): Promise<void> {
  for (let first = 0; first < count; first += 100) {
    const to = Array.from({ length: 100 }, (_, n) => `person${first + n}@example.org`);
    await queueMessage(world, { accountId, octets, to });
  }
}

async function untilRecorded(count: number): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    const rows = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM recipient_states WHERE status = 'delivered'`),
    );
    if (rows[0]?.n === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('not everything was recorded as delivered');
}

test('kill -9 in the middle of 1,000 sends, again and again, loses none and repeats at most what was in flight', async () => {
  const count = 1_000;
  const target = await startSmtpSink();
  sinks.push(target);
  await queueMany(count);
  let kills = 0;
  for (const reached of [100, 250, 450, 650, 850]) {
    const child = deliveryProcess(target.port);
    await target.waitFor(reached, patienceMs);
    await kill(child);
    kills += 1;
  }
  const last = deliveryProcess(target.port);
  await untilRecorded(count);
  await kill(last);
  const sent = target.received.flatMap((one) => one.to);
  assert.equal(new Set(sent).size, count, 'every recipient has the message');
  assert.ok(sent.length - count <= kills * maxInFlight, `${sent.length - count} sent twice`);
});

const postfixSink = '/usr/sbin/smtp-sink';

test('Postfix takes what is sent, in a thousand messages over a few connections', {
  skip: !existsSync(postfixSink),
}, async () => {
  const probe = await startSmtpSink();
  const { port } = probe;
  await probe.close();
  // smtp-sink counts its messages on standard output; as root it wants an account to become.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const sink = spawn(postfixSink, [...asUser, '-8', '-c', `127.0.0.1:${port}`, '100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(sink);
  const child = deliveryProcess(port);
  const rows = () =>
    world.db.readAccount(accountId, (tx) =>
      tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM recipient_states WHERE status = 'delivered'`),
    );
  const earlier = (await rows())[0]?.n ?? 0;
  await queueMany(1_000);
  await untilRecorded(earlier + 1_000);
  await kill(child);
  sink.kill('SIGTERM');
});
