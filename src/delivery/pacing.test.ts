/** Destinations that ask for less, and ones that say nothing at all, by real SMTP: they are left in peace, and nobody else waits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { systemClock, type World } from '../platform/world.ts';
import { type Delivery, startDelivery } from './index.ts';

let world: World & Pick<TestWorld, 'close'>;
let accountId: string;
let strict: SmtpSink;
let healthy: SmtpSink;
let dns: DnsServer;
let delivery: Delivery;

before(async () => {
  world = { ...(await testWorld()), clock: systemClock };
  accountId = (await createTestAccount(world)).accountId;
  strict = await startSmtpSink({ host: '127.0.0.2' });
  healthy = await startSmtpSink({ host: '127.0.0.3', port: strict.port });
  dns = await startDnsServer({
    'strict.example': { mx: [{ preference: 10, exchange: 'mx.strict.example' }] },
    'mx.strict.example': { a: ['127.0.0.2'] },
    'healthy.example': { mx: [{ preference: 10, exchange: 'mx.healthy.example' }] },
    'mx.healthy.example': { a: ['127.0.0.3'] },
  });
  delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ mxPort: strict.port, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example' },
      ...{ dnsServers: [dns.address], retryBaseMs: 200, maxPerDestination: 16 },
    },
  );
});
after(async () => {
  await delivery?.close();
  for (const one of [strict, healthy, dns]) await one?.close();
  await world?.close();
});

async function queue(domain: string, count: number): Promise<void> {
  const to = Array.from({ length: count }, (_, n) => `p${n}@${domain}`);
  await queueMessage(world, { accountId, octets: 'Subject: x\r\n\r\nA letter.\r\n', domain, to });
  delivery.nudge();
}

/** How many sessions are between MAIL and the answer to the last dot, at most. */
function watching(sink: SmtpSink, answer: (n: number) => { code: number; text: string } | undefined) {
  const seen = { most: 0, now: 0, asked: 0 };
  sink.answerWith(async ({ stage }) => {
    if (stage === 'mail') {
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      return undefined;
    }
    if (stage !== 'rcpt' && stage !== 'data') return undefined;
    if (stage === 'rcpt') {
      seen.asked += 1;
      const refusal = answer(seen.asked);
      if (refusal !== undefined) seen.now -= 1;
      return refusal;
    }
    await sleep(30);
    seen.now -= 1;
    return undefined;
  });
  return seen;
}

test('a destination that answers 4.7.0 gets fewer copies at once and then more again, while mail elsewhere goes on', async () => {
  let isLimiting = true;
  const seen = watching(strict, () => (isLimiting ? { code: 451, text: '4.7.0 rate limited' } : undefined));
  await queue('strict.example', 60);
  await strictHasRefused(seen, 16);
  const began = performance.now();
  await queue('healthy.example', 100);
  await healthy.waitFor(100, 10_000);
  assert.ok(performance.now() - began < 8_000);
  isLimiting = false;
  Object.assign(seen, { most: 0, now: 0 });
  await strict.waitFor(10, 60_000);
  assert.ok(seen.most <= 8, `${seen.most} at once after it had asked for less`);
  await strict.waitFor(60, 90_000);
  const connections = strict.connectionCount();
  await queue('strict.example', 60);
  await strict.waitFor(120, 60_000);
  assert.ok(strict.connectionCount() - connections <= 16, 'connections are used again');
});

async function strictHasRefused(seen: { readonly asked: number }, times: number): Promise<void> {
  for (const deadline = performance.now() + 15_000; performance.now() < deadline; await sleep(10))
    if (seen.asked >= times) return;
  assert.fail('it was not asked often enough');
}

test('a destination that takes the content and then says nothing keeps nobody waiting', async () => {
  let letGo: () => void = () => undefined;
  const silence = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  strict.answerWith(({ stage }) => (stage === 'data' ? silence.then(() => undefined) : undefined));
  const [before, began] = [healthy.count(), performance.now()];
  await queue('strict.example', 40);
  await queue('healthy.example', 100);
  await healthy.waitFor(before + 100, 15_000);
  assert.ok(performance.now() - began < 12_000);
  letGo();
  strict.answerWith(undefined);
  await strict.waitFor(160, 60_000);
});
