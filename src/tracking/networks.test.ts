import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Registry } from 'prom-client';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { appleCsv, gives, type Publisher, someNetworks, startPublisher } from '../../test/kit/publisher.ts';
import { sendTracked, startTracking, type Tracking, until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { judgeObservations } from '../contract/verdicts.ts';
import { type FollowedNetworks, followNetworks, startRefreshing } from '../networks/index.ts';
import { sql } from '../platform/database.ts';
import type { Running } from '../platform/world.ts';
import { startDrainThread, trackingRoutes } from './index.ts';

let world: TestWorld;
let keys: TestAccount;
let publisher: Publisher;
let inUse: FollowedNetworks;
let worker: Running;
let tracking: Tracking;
let api: TestApi;
before(async () => {
  world = await testWorld();
  keys = await testKeys(world);
  publisher = await startPublisher();
  inUse = followNetworks(world, { usesAsTable: false, lookMs: 20 });
  const judging = { ...world, networks: inUse };
  tracking = await startTracking(judging, ['127.0.0.1/32']);
  api = await startApi({ ...world, metrics: new Registry() }, () => trackingRoutes(world, inUse));
  const urls = { 'apple-egress': publisher.url('/apple') };
  worker = startRefreshing(world, { urls, intervalMs: 3_600_000, firstAfterMs: 86_400_000, lookMs: 20 });
});
after(async () => {
  await api.close();
  await tracking.close();
  await worker.close();
  await inUse.close();
  await publisher.close();
  await world.close();
});

const address = '17.0.2.9';

async function actorOfOpen(to: string): Promise<string | undefined> {
  const [copy] = await sendTracked(world, keys, tracking.baseUrl, { to: [to], acceptedAt: world.clock.now() });
  assert.ok(copy);
  world.clock.advance(3_600_000);
  await fetch(copy.open(), { headers: { 'user-agent': 'Mozilla/5.0', 'x-forwarded-for': address } });
  await tracking.drained();
  const rows = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ actor: string }>(sql`
      SELECT v.actor FROM verdicts v JOIN events e ON e.occurred_at = v.occurred_at AND e.id = v.event_id
       WHERE e.recipient_id = ${copy.recipientId}`),
  );
  return rows[0]?.actor;
}

const actorOfObservation = async (): Promise<string | undefined> => {
  const observations = [{ kind: 'open', ip: address, userAgent: 'Mozilla/5.0' }];
  return (await ask(api, judgeObservations, keys.apiKey, { body: { observations } })).verdicts[0]?.actor;
};

it('a network that Apple adds is Apple’s for the drain and for observations from elsewhere, without a restart', async () => {
  assert.notEqual(await actorOfOpen('ana@example.org'), 'apple-mpp');
  assert.notEqual(await actorOfObservation(), 'apple-mpp');
  publisher.behave('/apple', gives(appleCsv(someNetworks(600))));
  await until(
    async () =>
      (
        await world.db.asWorker((tx) =>
          tx.query(sql`UPDATE network_lists SET due_at = ${world.clock.now()} RETURNING name`),
        )
      ).length === 1,
    'the list is due',
  );
  await until(async () => inUse.lists().length === 1, 'the list is in use');
  assert.equal(await actorOfOpen('bo@example.org'), 'apple-mpp');
  assert.equal(await actorOfObservation(), 'apple-mpp');
});

it('a drain in a thread of its own judges its first hit by the lists that were there before it', async () => {
  await tracking.stopDrain();
  const thread = startDrainThread(world, {
    journalDir: tracking.journalDir,
    connection: world.database.connection,
    masterKey: world.masterKey,
    usesAsTable: true,
  });
  try {
    assert.equal(await actorOfOpen('cy@example.org'), 'apple-mpp');
  } finally {
    await thread.close();
  }
});
