import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { addDepartment } from '../../test/kit/mail.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes, accountVault, type NewAccount } from '../accounts/index.ts';
import { createApiKey } from '../contract/access.ts';
import { type Submission, sendMessage } from '../contract/messages.ts';
import { listPlanned, planAnew } from '../contract/planned.ts';
import { cancelQueue } from '../contract/queue.ts';
import { sql } from '../platform/database.ts';
import { sendingRoutes } from '../sending/index.ts';
import { type Delivery, queueRoutes, startDelivery } from './index.ts';

const trackingUrl = 'https://t.clinic.example';
const hourMs = 3_600_000;
let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let api: TestApi;

before(async () => {
  world = await testWorld();
  sink = await startSmtpSink();
  delivery = startDelivery(world, {
    smarthost: `smtp://127.0.0.1:${sink.port}`,
    mxPort: 25,
    trackingUrl,
    helloName: 'clinic.example',
    dnsServers: ['127.0.0.1:1'],
    pollMs: 20,
  });
  const nudge = () => delivery.nudge();
  api = await startApi(world, (gate) => [
    ...sendingRoutes(world, { trackingUrl, onQueued: nudge }),
    ...queueRoutes(world, nudge),
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
  ]);
  account = await createTestAccount(world);
});
after(async () => {
  await api.close();
  await delivery.close();
  await sink.close();
  await world.close();
});

const inHours = (hours: number): string => new Date(world.clock.now().getTime() + hours * hourMs).toISOString();

async function plan(
  to: string,
  hours: number,
  change: Partial<Submission> = {},
  key = account.apiKey,
): Promise<string> {
  const body = {
    from: 'care@clinic.example',
    to: [to],
    subject: 'Hello',
    text: 'Hello',
    sendAt: inHours(hours),
    ...change,
  };
  return (await ask(api, sendMessage, key, { body })).id;
}

const move = (id: string, sendAt: string | null) =>
  ask(api, planAnew, account.apiKey, { params: { id }, body: { sendAt } });
const moveRefused = (id: string, sendAt: string | null, key = account.apiKey) =>
  refusal(api, planAnew, key, { params: { id }, body: { sendAt } });
const listed = async (key = account.apiKey, query = {}) => ask(api, listPlanned, key, { query });

/** The clock jumps only then: an answer that took hours would slow the relay's pace. */
async function isThere(id: string): Promise<void> {
  await until(async () => {
    const rows = await world.db.readAccount(account.accountId, (tx) =>
      tx.query<{ status: string }>(sql`SELECT status FROM recipient_states WHERE message_id = ${id}`),
    );
    return rows.length > 0 && rows.every(({ status }) => status === 'delivered');
  }, 'it to be delivered');
}

test('planned mail is listed with the first to go first, in pages, until it goes or is cancelled', async () => {
  const later = await plan('a@later.example', 5, { campaign: 'spring' });
  const sooner = await plan('b@sooner.example', 2, { to: ['b@sooner.example', 'c@sooner.example'] });
  const { id: now } = await ask(api, sendMessage, account.apiKey, {
    body: { from: 'care@clinic.example', to: ['d@now.example'], subject: 'Hello', text: 'Hello' },
  });
  const { messages, nextCursor } = await listed();
  assert.deepEqual(
    messages.map((one) => [one.id, one.campaign, one.class, one.recipients, one.sendAt]),
    [
      [sooner, null, 'transactional', 2, inHours(2)],
      [later, 'spring', 'marketing', 1, inHours(5)],
    ],
  );
  assert.equal(nextCursor, null);
  const first = await listed(account.apiKey, { limit: 1 });
  const second = await listed(account.apiKey, { limit: 1, cursor: first.nextCursor ?? '' });
  assert.deepEqual([first.messages[0]?.id, second.messages[0]?.id], [sooner, later]);
  assert.equal(
    await refusal(api, listPlanned, account.apiKey, { query: { cursor: 'nonsense' } }),
    'request.bad_cursor',
  );
  await ask(api, cancelQueue, account.apiKey, { body: { messageId: later } });
  assert.deepEqual(
    (await listed()).messages.map(({ id }) => id),
    [sooner],
  );
  assert.equal(await moveRefused(later, inHours(1)), 'message.not_planned');
  await isThere(now);
  world.clock.advance(2 * hourMs + 1);
  delivery.nudge();
  await until(async () => sink.of('b@sooner.example').length === 1, 'it to go');
  await isThere(sooner);
  assert.deepEqual((await listed()).messages, []);
  assert.equal(sink.of('a@later.example').length, 0);
});

test('a planned message is moved, goes at its new time and no earlier, or at once', async () => {
  const id = await plan('e@moved.example', 2);
  const moved = await move(id, inHours(4));
  assert.deepEqual(moved, { id, sendAt: inHours(4), recipients: 1 });
  assert.equal((await listed()).messages.find((one) => one.id === id)?.sendAt, inHours(4));
  world.clock.advance(3 * hourMs);
  const other = await plan('f@other.example', 1);
  assert.equal((await move(other, null)).sendAt, null);
  await isThere(other);
  assert.equal(sink.of('e@moved.example').length, 0);
  world.clock.advance(hourMs + 1);
  delivery.nudge();
  await until(async () => sink.of('e@moved.example').length === 1, 'the moved one');
  assert.equal(await moveRefused(id, inHours(4)), 'message.not_planned');
  assert.equal(await moveRefused(other, inHours(4)), 'message.not_planned');
});

test('no more than 30 days ahead, and nothing of another account or department', async () => {
  const id = await plan('g@far.example', 2);
  assert.equal(await moveRefused(id, inHours(31 * 24)), 'request.malformed');
  assert.equal(await moveRefused(crypto.randomUUID(), null), 'message.not_found');
  const stranger = await createTestAccount(world);
  assert.equal(await moveRefused(id, null, stranger.apiKey), 'message.not_found');
  const keys = { accountId: account.accountId, vault: await accountVault(world, account.accountId) };
  const departmentId = await addDepartment(world, keys, 'Heart');
  const { secret: heart } = await ask(api, createApiKey, account.apiKey, { body: { name: 'heart', departmentId } });
  assert.equal(await moveRefused(id, null, heart), 'message.not_found');
  assert.deepEqual((await listed(heart)).messages, []);
  const own = await plan('h@heart.example', 3, {}, heart);
  assert.deepEqual(
    (await listed(heart)).messages.map((one) => [one.id, one.departmentId]),
    [[own, departmentId]],
  );
  await ask(api, planAnew, heart, { params: { id: own }, body: { sendAt: inHours(4) } });
});

test('a worker that is just taking it wins: the move waits for it, changes nothing and says so', async () => {
  const id = await plan('i@race.example', 2, { to: ['i@race.example', 'j@race.example'] });
  const owner = new pg.Client({ connectionString: world.database.connectionUrl });
  await owner.connect();
  await owner.query('BEGIN');
  // As a claim does, by a clock that is ahead.
  await owner.query(
    `UPDATE deliveries SET is_leased = true, due_at = due_at + interval '1 minute'
      WHERE recipient_id = (SELECT id FROM recipients WHERE message_id = $1 LIMIT 1)`,
    [id],
  );
  const moving = moveRefused(id, inHours(5));
  await until(async () => {
    const { rows } = await owner.query(`SELECT FROM pg_locks WHERE NOT granted`);
    return rows.length > 0;
  }, 'the move to wait');
  await owner.query('COMMIT');
  assert.equal(await moving, 'message.not_planned');
  const { rows } = await owner.query<{ n: number }>(
    `SELECT count(DISTINCT queued_at)::integer AS n FROM deliveries WHERE message_id = $1`,
    [id],
  );
  assert.deepEqual(rows, [{ n: 1 }], 'nothing moved');
  await owner.end();
});
