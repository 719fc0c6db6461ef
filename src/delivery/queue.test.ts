import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Registry } from 'prom-client';
import { createTestAccount } from '../../test/kit/account.ts';
import { type MessageToQueue, type QueuedMessage, queueMessage } from '../../test/kit/queued-message.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { QueueSelection } from '../contract/queue.ts';
import { sql } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import { cancelQueue, holdQueue, releaseQueue, retryQueue } from './change-queue.ts';
import { startDelivery } from './index.ts';
import { listQueue } from './list-queue.ts';
import { listWaiting } from './list-waiting.ts';
import { rememberLooks } from './look-on.ts';
import { readDestination } from './read-destination.ts';

let world: TestWorld;
let sink: SmtpSink;
let caller: Caller;
let other: Caller;

before(async () => {
  world = await testWorld();
  sink = await startSmtpSink();
});
beforeEach(async () => {
  sink.answerWith(undefined);
  [caller, other] = [await newCaller(), await newCaller()];
});
after(async () => {
  await sink.close();
  await world.close();
});

async function newCaller(): Promise<Caller> {
  const { accountId } = await createTestAccount(world);
  return { accountId, actor: { kind: 'system', id: 'test' } };
}

const queue = (message: Partial<MessageToQueue> & { to: readonly string[] }): Promise<QueuedMessage> =>
  queueMessage(world, { accountId: caller.accountId, octets: 'Subject: x\r\n\r\nx\r\n', ...message });

async function delivering<T>(use: () => Promise<T>): Promise<T> {
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    {
      ...{ mxPort: 25, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20 },
      ...{ dnsServers: ['127.0.0.1:1'], smarthost: `smtp://127.0.0.1:${sink.port}` },
    },
  );
  try {
    return await use();
  } finally {
    await delivery.close();
  }
}

const statusOf = async (recipientId: string | undefined): Promise<string | undefined> => {
  const rows = await world.db.readAccount(caller.accountId, (tx) =>
    tx.query<{ status: string }>(sql`SELECT status FROM recipient_states WHERE recipient_id = ${recipientId}`),
  );
  return rows[0]?.status;
};

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never happened: ${what}`);
}
const reaches = (recipientId: string | undefined, status: string): Promise<void> =>
  until(status, async () => (await statusOf(recipientId)) === status);

const destinationOf = async (domain: string) =>
  (await listQueue(world, caller, { limit: 50 })).destinations.find((one) => one.domain === domain);

test('the queue is told by destination: what is due, planned, and how old', async () => {
  await queue({ to: ['a@one.example', 'b@one.example'], domain: 'one.example' });
  const dueAt = new Date(world.clock.now().getTime() + 3_600_000);
  await queue({ to: ['c@one.example'], domain: 'one.example', dueAt });
  await queue({ to: ['d@two.example'], domain: 'two.example' });
  const { destinations } = await listQueue(world, caller, { limit: 50 });
  assert.deepEqual(
    destinations.map(({ domain, queued, due, scheduled, isMore }) => ({ domain, queued, due, scheduled, isMore })),
    [
      { domain: 'one.example', queued: 3, due: 2, scheduled: 1, isMore: false },
      { domain: 'two.example', queued: 1, due: 1, scheduled: 0, isMore: false },
    ],
  );
  assert.equal(destinations[0]?.oldestAt, world.clock.now().toISOString());
});

test('pages follow each other, and a wrong cursor is refused', async () => {
  for (const domain of ['one.example', 'two.example', 'three.example']) await queue({ to: [`a@${domain}`], domain });
  const first = await listQueue(world, caller, { limit: 2 });
  const second = await listQueue(world, caller, { limit: 2, cursor: first.nextCursor ?? '' });
  assert.deepEqual(
    [...first.destinations, ...second.destinations].map(({ domain }) => domain),
    ['one.example', 'two.example', 'three.example'],
  );
  assert.equal(second.nextCursor, null);
  await assert.rejects(listQueue(world, caller, { limit: 2, cursor: 'x' }), { code: 'request.bad_cursor' });
});

test('a destination that is held keeps its mail, also what comes later, until it is released', async () => {
  const early = await queue({ to: ['a@held.example'], domain: 'held.example' });
  await holdQueue(world, caller, { destination: 'HELD.example' });
  const late = await queue({ to: ['b@held.example'], domain: 'held.example' });
  const free = await queue({ to: ['c@free.example'], domain: 'free.example' });
  await delivering(async () => {
    await reaches(free.recipientIds[0], 'delivered');
    await until('both put aside', async () => (await destinationOf('held.example'))?.held === 2);
    assert.notEqual((await destinationOf('held.example'))?.heldBackSince, null);
    for (const { recipientIds } of [early, late]) assert.equal(await statusOf(recipientIds[0]), 'queued');
    assert.deepEqual(await releaseQueue(world, caller, { destination: 'held.example' }), {
      recipients: 2,
      isMore: false,
    });
    for (const { recipientIds } of [early, late]) await reaches(recipientIds[0], 'delivered');
  });
  assert.deepEqual((await listQueue(world, caller, { limit: 50 })).holds, []);
});

test('one recipient of a message is held and the others go', async () => {
  const { recipientIds } = await queue({ to: ['a@example.org', 'b@example.org'] });
  const [held = '', free] = recipientIds;
  assert.equal((await holdQueue(world, caller, { recipientId: held })).recipients, 1);
  await delivering(() => reaches(free, 'delivered'));
  assert.equal(await statusOf(held), 'queued');
  await releaseQueue(world, caller, { recipientId: held });
  await delivering(() => reaches(held, 'delivered'));
});

test('what is cancelled is dropped, says why, and is never sent', async () => {
  const { messageId, recipientIds } = await queue({ to: ['a@example.org', 'b@example.org'] });
  const before = sink.count();
  assert.deepEqual(await cancelQueue(world, caller, { messageId }), { recipients: 2, isMore: false });
  for (const recipientId of recipientIds) assert.equal(await statusOf(recipientId), 'dropped');
  const next = await queue({ to: ['c@example.org'] });
  await delivering(() => reaches(next.recipientIds[0], 'delivered'));
  assert.equal(sink.count(), before + 1);
});

test('what somebody else is changing in the same moment is not passed over in silence', async () => {
  const { messageId, recipientIds } = await queue({ to: ['a@example.org', 'b@example.org'] });
  await world.db.asAccount(caller, async (tx) => {
    await tx.query(sql`SELECT FROM deliveries WHERE recipient_id = ${recipientIds[0]} FOR UPDATE`);
    assert.deepEqual(await cancelQueue(world, caller, { messageId }), { recipients: 1, isMore: true });
  });
  assert.deepEqual(await cancelQueue(world, caller, { messageId }), { recipients: 1, isMore: false });
  for (const recipientId of recipientIds) assert.equal(await statusOf(recipientId), 'dropped');
});

test('a deferred recipient is tried at once when asked; one planned for later still waits', async () => {
  sink.answerWith(({ stage }) => (stage === 'rcpt' ? { code: 451, text: '4.2.0 later' } : undefined));
  const { recipientIds } = await queue({ to: ['a@example.org'] });
  const dueAt = new Date(world.clock.now().getTime() + 3_600_000);
  const later = await queue({ to: ['b@example.org'], dueAt });
  await delivering(async () => {
    await reaches(recipientIds[0], 'deferred');
    sink.answerWith(undefined);
    assert.equal((await retryQueue(world, caller, { destination: 'example.org' })).recipients, 1);
    await reaches(recipientIds[0], 'delivered');
  });
  assert.equal(await statusOf(later.recipientIds[0]), 'queued');
});

test('mail of another account is out of reach', async () => {
  const { messageId, recipientIds } = await queue({ to: ['a@example.org'] });
  const selections: QueueSelection[] = [
    { messageId },
    { recipientId: recipientIds[0] ?? '' },
    { destination: 'example.org' },
  ];
  for (const change of [holdQueue, cancelQueue, retryQueue, releaseQueue])
    for (const selection of selections) assert.equal((await change(world, other, selection)).recipients, 0);
  assert.equal(await statusOf(recipientIds[0]), 'queued');
  assert.deepEqual((await listQueue(world, other, { limit: 50 })).destinations, []);
});

test('each change stands in the audit log with what it concerned and how many', async () => {
  const { messageId } = await queue({ to: ['a@example.org', 'b@example.org'] });
  await holdQueue(world, caller, { messageId });
  await cancelQueue(world, caller, { messageId });
  const rows = await world.db.readAccount(caller.accountId, (tx) =>
    tx.query<{ action: string; id: string; detail: object }>(sql`
      SELECT action, object_id AS id, detail FROM audit_entries WHERE action LIKE 'queue.%' ORDER BY action DESC`),
  );
  assert.deepEqual(
    rows.map(({ action, id, detail }) => ({ action, id, detail })),
    [
      { action: 'queue.held', id: messageId, detail: { by: 'message', recipients: 2 } },
      { action: 'queue.cancelled', id: messageId, detail: { by: 'message', recipients: 2 } },
    ],
  );
});

test('a destination says what it said within a day, in words and how often, and who waits for it', async () => {
  sink.answerWith(({ stage }) => (stage === 'rcpt' ? { code: 451, text: '4.2.0 later, ana' } : undefined));
  const { messageId, recipientIds } = await queue({
    to: ['ana@said.example', 'bo@said.example'],
    domain: 'said.example',
  });
  await delivering(async () => {
    for (const id of recipientIds) await reaches(id, 'deferred');
  });
  const told = await readDestination(world, caller, 'SAID.example');
  assert.deepEqual(
    told.replies.map(({ outcome, why, replyCode, times }) => ({ outcome, why, replyCode, times })),
    [{ outcome: 'deferred', why: 'The next hop refused for now.', replyCode: 451, times: 2 }],
  );
  assert.deepEqual([told.destination.queued, told.destination.deferred], [2, 2]);
  assert.equal(
    told.day.reduce((sum, slot) => sum + slot.deferred, 0),
    2,
  );
  const first = await listWaiting(world, caller, { destination: 'said.example', limit: 1 });
  const second = await listWaiting(world, caller, { messageId, limit: 1, cursor: first.nextCursor ?? '' });
  assert.deepEqual(
    [...first.recipients, ...second.recipients]
      .map(({ email, state, attempts, last }) => [email, state, attempts, last?.reply])
      .toSorted(),
    [
      ['ana@said.example', 'deferred', 1, '451 4.2.0 later, ana'],
      ['bo@said.example', 'deferred', 1, '451 4.2.0 later, ana'],
    ],
  );
  assert.equal(second.nextCursor, null);
});

test('who may not read messages sees who waits without an address or a word of a server', async () => {
  await queue({ to: ['ana@quiet.example'], domain: 'quiet.example' });
  const administrator: Caller = { ...caller, permissions: ['queue.read'] };
  const { recipients } = await listWaiting(world, administrator, { destination: 'quiet.example', limit: 10 });
  assert.deepEqual(
    recipients.map(({ email, domain, state }) => [email, domain, state]),
    [[null, 'quiet.example', 'due']],
  );
  assert.deepEqual((await listWaiting(world, other, { destination: 'quiet.example', limit: 10 })).recipients, []);
  await assert.rejects(listWaiting(world, caller, { destination: 'quiet.example', limit: 1, cursor: 'x' }), {
    code: 'request.bad_cursor',
  });
});

test('a destination where nothing ever went is told as empty', async () => {
  const { destination, replies } = await readDestination(world, caller, 'never.example');
  assert.deepEqual([destination.queued, destination.last, destination.lately, replies], [0, null, [], []]);
});

test('a look that goes on stands in the audit log once in five minutes', async () => {
  const looks = rememberLooks();
  const listings = async (): Promise<number> => {
    const rows = await world.db.readAccount(caller.accountId, (tx) =>
      tx.query(sql`SELECT 1 FROM audit_entries WHERE action = 'queue.listed'`),
    );
    return rows.length;
  };
  for (let n = 0; n < 3; n += 1) await listQueue(world, caller, { limit: 50 }, looks);
  await readDestination(world, caller, 'said.example', looks);
  assert.equal(await listings(), 1);
  world.clock.advance(300_000);
  await listQueue(world, caller, { limit: 50 }, looks);
  assert.equal(await listings(), 2);
});
