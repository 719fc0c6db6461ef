/** Mail that policy keeps back, and that somebody lets go with less protection. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { newAuthority } from '../../test/kit/certificates.ts';
import { queueMessage } from '../../test/kit/queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { MinimumTransport, Released } from '../core/delivery/transport.ts';
import { sql } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import { type Delivery, type DeliveryOptions, startDelivery } from './index.ts';
import { readReceipt } from './read-receipt.ts';
import { releaseTransport } from './release-transport.ts';

let world: TestWorld;
let caller: Caller;
const sinks: SmtpSink[] = [];

before(async () => {
  world = await testWorld();
  const { accountId } = await createTestAccount(world);
  caller = { accountId, actor: { kind: 'user', id: crypto.randomUUID() } };
});
after(async () => {
  for (const one of sinks) await one.close();
  await world.close();
});

async function startSink(options: SinkOptions = {}): Promise<SmtpSink> {
  const started = await startSmtpSink(options);
  sinks.push(started);
  return started;
}

interface Kept {
  readonly messageId: string;
  readonly recipientId: string;
}

const receiptOf = (kept: Kept) => readReceipt(world, caller, kept);

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  return assert.fail(`never happened: ${what}`);
}

const tried = (kept: Kept, times: number) =>
  until(`${times} attempts`, async () => {
    const receipt = await receiptOf(kept);
    return receipt.attempts.length >= times && receipt;
  });

/** A message in the queue, tried once, with a worker that goes on. */
async function keeping(
  sink: SmtpSink,
  floor: MinimumTransport,
  use: (kept: Kept, delivery: Delivery) => Promise<void>,
  options: Partial<DeliveryOptions> = {},
): Promise<void> {
  const { messageId, recipientIds } = await queueMessage(world, {
    ...{ accountId: caller.accountId, octets: 'Subject: x\r\n\r\nA letter.\r\n', to: ['ana@example.org'] },
    header: { minimumTransport: floor },
  });
  const kept = { messageId, recipientId: recipientIds[0] ?? '' };
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
      ...{ dnsServers: ['127.0.0.1:1'], smarthost: `smtp://localhost:${sink.port}`, ...options },
    },
  );
  try {
    await tried(kept, 1);
    await use(kept, delivery);
  } finally {
    await delivery.close();
  }
}

function release(kept: Kept, transport: Released, more: { reason?: string; hours?: number } = {}) {
  world.clock.advance(1_000); // attempts are told in the order of their times
  return releaseTransport(world, caller, { ...kept, transport, reason: 'agreed by telephone', hours: 24, ...more });
}

const refused = (code: string) => ({ code });

test('nothing leaves before the release, a release to encryption sends nothing in clear text, and one to clear text does', async () => {
  const sink = await startSink();
  await keeping(sink, 'verified', async (kept) => {
    assert.equal(sink.bodyBytes(), 0);
    await release(kept, 'opportunistic');
    const second = await tried(kept, 2);
    assert.deepEqual([second.status, second.attempts[1]?.why.code], ['deferred', 'tls.not_offered']);
    assert.deepEqual(
      [second.attempts[1]?.released, second.attempts[1]?.tries[0]?.demanded],
      ['opportunistic', 'encrypted'],
    );
    assert.equal(sink.bodyBytes(), 0);
    await release(kept, 'plain', { reason: 'the practice has no better server' });
    const third = await tried(kept, 3);
    assert.deepEqual([third.status, third.attempts[2]?.released, third.attempts[2]?.tls], ['delivered', 'plain', null]);
    assert.deepEqual(third.attempts[2]?.asked, { level: 'verified', from: 'acceptance' });
    assert.deepEqual(
      third.releases?.map(({ transport, reason, by }) => ({ transport, reason, by })),
      [
        { transport: 'opportunistic', reason: 'agreed by telephone', by: caller.actor },
        { transport: 'plain', reason: 'the practice has no better server', by: caller.actor },
      ],
    );
    await assert.rejects(release(kept, 'plain'), refused('transport_release.not_waiting'));
  });
});

test('released to encryption, a copy goes over TLS to a server that proves nothing, and the receipt says so', async () => {
  const sink = await startSink({ tls: await (await newAuthority()).issue('mx.example.org') });
  for (const floor of ['verified', 'authenticated'] as const)
    await keeping(sink, floor, async (kept) => {
      const before = sink.count();
      await release(kept, 'opportunistic');
      const { status, attempts } = await tried(kept, 2);
      const [hop] = attempts[1]?.tries ?? [];
      assert.deepEqual([status, hop?.grounds, hop?.reached], ['delivered', 'release', 'opportunistic']);
      assert.equal(sink.received.at(-1)?.tls, 'TLSv1.3');
      assert.equal(sink.count(), before + 1);
    });
});

test('a release ends with its time, and is about one recipient alone', async () => {
  const sink = await startSink();
  await keeping(sink, 'verified', async (kept, delivery) => {
    sink.answerWith(({ stage }) => (stage === 'rcpt' ? { code: 450, text: '4.2.0 later' } : undefined));
    await release(kept, 'plain', { hours: 1 });
    assert.equal((await tried(kept, 2)).attempts[1]?.why.code, 'reply.temporary');
    sink.answerWith(undefined);
    world.clock.advance(2 * 3_600_000);
    delivery.nudge();
    assert.equal((await tried(kept, 3)).attempts[2]?.why.code, 'tls.not_offered');
    await keeping(sink, 'verified', async (other) => {
      await release(kept, 'plain', { hours: 1 });
      assert.equal((await tried(kept, 4)).status, 'delivered');
      assert.equal((await receiptOf(other)).status, 'deferred');
    });
    assert.equal(sink.count(), 1);
  });
});

test('what policy does not keep back cannot be released, nor what a pinned key or somebody else’s message does', async () => {
  const sink = await startSink({ tls: await (await newAuthority()).issue('localhost') });
  sink.answerWith(({ stage }) => (stage === 'rcpt' ? { code: 450, text: '4.2.0 later' } : undefined));
  await keeping(sink, 'opportunistic', async (kept) => {
    await assert.rejects(release(kept, 'plain'), refused('transport_release.not_below_policy'));
    await assert.rejects(release({ ...kept, messageId: crypto.randomUUID() }, 'plain'), refused('message.not_found'));
    const other = { accountId: (await createTestAccount(world)).accountId, actor: caller.actor };
    const asked = { ...kept, transport: 'plain', reason: 'x', hours: 1 } as const;
    await assert.rejects(releaseTransport(world, other, asked), refused('message.not_found'));
  });
  const pinned = { smarthostPin: 'ab'.repeat(32) };
  await keeping(
    sink,
    'opportunistic',
    async (kept) => {
      assert.equal((await receiptOf(kept)).attempts[0]?.why.code, 'tls.pin');
      await assert.rejects(release(kept, 'plain'), refused('transport_release.not_ours'));
    },
    pinned,
  );
  assert.equal(sink.bodyBytes(), 0);
});

test('mail is released at most twenty times, and never without an entry that tells no reason', async () => {
  const sink = await startSink({ script: ({ stage }) => (stage === 'mail' ? 'drop' : undefined) });
  let kept: Kept | undefined;
  await keeping(sink, 'verified', async (one) => {
    kept = one;
  });
  const waiting = kept ?? assert.fail('nothing waits');
  for (let n = 0; n < 20; n += 1) await release(waiting, 'plain');
  await assert.rejects(release(waiting, 'plain'), refused('transport_release.too_many'));
  const rows = await world.db.readAccount(caller.accountId, (tx) =>
    tx.query<{ detail: string }>(sql`
      SELECT detail::text AS detail FROM audit_entries WHERE object_id = ${waiting.messageId} AND action = 'transport.released'`),
  );
  assert.equal(rows.length, 20);
  for (const { detail } of rows) assert.deepEqual(JSON.parse(detail), { hours: 24, transport: 'plain' });
});
