/** Many destinations at once that let a client wait, at every stage of SMTP: those that answer never wait for them. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkStage, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { systemClock, type World } from '../platform/world.ts';
import { type Delivery, startDelivery } from './index.ts';

/** Where each of them stops answering; `hello`: after its greeting. */
const hangsAt: readonly (SinkStage | 'hello')[] = ['connect', 'connect', 'hello', 'mail', 'rcpt', 'data', 'data'];

let world: World & Pick<TestWorld, 'close'>;
let accountId: string;
let dns: DnsServer;
let delivery: Delivery;
let known: SmtpSink;
let fresh: SmtpSink;
const hanging: SmtpSink[] = [];
const mute = new Set<Socket>();
let muteServer: Server;

const hostOf = (n: number): string => `127.0.0.${20 + n}`;

before(async () => {
  world = { ...(await testWorld()), clock: systemClock };
  accountId = (await createTestAccount(world)).accountId;
  known = await startSmtpSink({ host: hostOf(0) });
  const { port } = known;
  fresh = await startSmtpSink({ host: hostOf(1), port });
  for (const [n, stage] of hangsAt.entries())
    if (stage !== 'hello') hanging.push(await startSmtpSink({ host: hostOf(n + 2), port }));
  muteServer = createServer((socket) => {
    mute.add(socket);
    socket.on('error', () => undefined);
    socket.write('220 mute.example ESMTP\r\n');
  });
  await new Promise<void>((resolve) => muteServer.listen(port, hostOf(hangsAt.indexOf('hello') + 2), resolve));
  const names = ['known', 'fresh', ...hangsAt.map((_, n) => `hanging${n}`)];
  dns = await startDnsServer(
    Object.fromEntries(
      names.flatMap((name, n) => [
        [`${name}.example`, { mx: [{ preference: 10, exchange: `mx.${name}.example` }] }],
        [`mx.${name}.example`, { a: [hostOf(n)] }],
      ]),
    ),
  );
  delivery = startDelivery(
    { ...world, metrics: new Registry() },
    { mxPort: port, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', dnsServers: [dns.address] },
  );
});
after(async () => {
  for (const one of hanging) one.answerWith(undefined);
  for (const one of hanging) one.dropConnections();
  for (const socket of mute) socket.destroy();
  await delivery?.close();
  muteServer?.close();
  for (const one of [known, fresh, dns, ...hanging]) await one?.close();
  await world?.close();
});

async function queue(domain: string, count: number, octets = 'Subject: x\r\n\r\nA letter.\r\n'): Promise<void> {
  const to = Array.from({ length: count }, (_, n) => `p${n}@${domain}`);
  await queueMessage(world, { accountId, octets, domain, to });
  delivery.nudge();
}

const never = new Promise<undefined>(() => undefined);
const hangAll = (): void => {
  const stages = hangsAt.filter((stage) => stage !== 'hello');
  for (const [n, sink] of hanging.entries()) sink.answerWith(({ stage }) => (stage === stages[n] ? never : undefined));
};

async function arriveWithin(sink: SmtpSink, domain: string, count: number, withinMs: number): Promise<void> {
  const [wanted, began] = [sink.count() + count, performance.now()];
  await queue(domain, count);
  await sink.waitFor(wanted, withinMs);
  assert.ok(performance.now() - began < withinMs);
}

test('large copies that hang hold a bounded part of memory and keep no small one waiting', async () => {
  for (const one of hanging) one.answerWith(({ stage }) => (stage === 'data' ? never : undefined));
  const large = `Subject: x\r\n\r\n${`${'A large letter. '.repeat(4)}\r\n`.repeat(400_000)}`;
  for (const n of [0, 1, 3]) await queue(`hanging${n}.example`, 5, large);
  await arriveWithin(known, 'known.example', 5, 12_000);
  await arriveWithin(known, 'known.example', 5, 12_000);
  for (const one of hanging) one.answerWith(undefined);
  for (const one of hanging) one.dropConnections();
});

test('seven destinations that hang at every stage from the first copy on keep neither a known nor a new one waiting', async () => {
  await arriveWithin(known, 'known.example', 5, 20_000);
  hangAll();
  for (const n of hangsAt.keys()) await queue(`hanging${n}.example`, 60);
  await arriveWithin(known, 'known.example', 100, 20_000);
  await arriveWithin(fresh, 'fresh.example', 100, 20_000);
});

test('six that answered well and fall silent together give their places back within seconds', async () => {
  for (const one of hanging) one.answerWith(undefined);
  for (const one of hanging) one.dropConnections();
  delivery.nudge();
  for (const [n, stage] of hangsAt.entries()) if (stage !== 'hello') await queue(`hanging${n}.example`, 30);
  await Promise.all(hanging.map((one) => one.waitFor(30, 60_000)));
  for (const one of hanging) one.answerWith(({ stage }) => (stage === 'data' ? never : undefined));
  for (const [n, stage] of hangsAt.entries()) if (stage !== 'hello') await queue(`hanging${n}.example`, 60);
  await arriveWithin(known, 'known.example', 100, 25_000);
});
