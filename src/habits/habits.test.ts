import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { ask, refusal, request, startApi, type TestApi } from '../../test/kit/api.ts';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { deliver, follow, type ScanStage, settle, teach, verdictOn } from '../../test/kit/scanners.ts';
import { startTracking, type Tracking } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountRoutes } from '../accounts/index.ts';
import { forgetScannerHabit, forgetScannerHabits, listScannerHabits } from '../contract/habits.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import { sql } from '../platform/database.ts';
import { storeToldHits } from '../tracking/index.ts';
import { forgetOldHabits } from './forget-old.ts';
import { habitRoutes } from './index.ts';

const dayMs = 86_400_000;
const scanner = '198.51.100.200';

let world: TestWorld;
let tracking: Tracking;
let api: TestApi;
let keys: TestAccount;
let stage: ScanStage;

before(async () => {
  world = await testWorld();
  api = await startApi(world, (gate) => [
    ...habitRoutes(world),
    ...accountRoutes(world, gate, { publicUrl: 'http://localhost' }),
  ]);
});
after(async () => {
  await api.close();
  await world.close();
});
beforeEach(async () => {
  keys = await testKeys(world);
  tracking = await startTracking(world, ['127.0.0.1']);
  stage = { world, keys, tracking };
});
afterEach(async () => {
  await tracking.close();
  const differences = await differencesFromRecount(world.database.connection);
  // It counts mail of three links at most.
  assert.deepEqual(
    differences.filter((line) => !line.startsWith('link states')),
    [],
  );
});

const habits = async (apiKey = keys.apiKey) => (await ask(api, listScannerHabits, apiKey)).habits;
const audited = async (action: string) =>
  world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ detail: object; object_id: string | null }>(
      sql`SELECT detail, object_id FROM audit_entries WHERE action = ${action} ORDER BY detail::text`,
    ),
  );

/** One link, at a delay after delivery and from an address. */
async function singleClick(domain: string, from: string, delayMs: number, link = 2) {
  const copy = await deliver(stage, `somebody@${domain}`);
  world.clock.advance(delayMs);
  await follow(stage, copy, from, [link]);
  return verdictOn(stage, copy);
}

describe('a scanner’s habit', () => {
  it('is learned from settled bursts, shown, and tells a single click of the scanner’s from a person’s', async () => {
    await teach(stage, 'mercy.example', { copies: 12 });
    const [habit] = await habits();
    assert.equal(habit?.sentence, 'mercy.example: Proofpoint, bursts of 6 links about 40 s after delivery');
    assert.equal(habit.copies, 12);
    assert.equal(habit.gateway, 'proofpoint');
    assert.deepEqual(habit.burstLinks, { median: 6, most: 6 });
    assert.ok(habit.delay !== null && habit.delay.lowMs <= 40_000 && habit.delay.highMs >= 40_000);
    assert.deepEqual(habit.actors, [{ actor: 'proofpoint', copies: 12 }]);
    assert.equal(habit.isUsed, false, 'whoever shares the network has a day to show');
    world.clock.advance(dayMs);
    assert.deepEqual([(await habits())[0]?.isUsed, (await habits())[0]?.learnedBlocks], [true, 1]);

    const scan = await singleClick('mercy.example', scanner, 42_000);
    assert.deepEqual([scan?.verdict, scan?.strength], ['automated', 'probable']);
    assert.ok(scan?.rules.includes('learned-scanner'), String(scan?.rules));
    assert.equal((await singleClick('mercy.example', '81.2.69.1', 42_000))?.verdict, 'human', 'from elsewhere');
    assert.equal((await singleClick('mercy.example', scanner, 20 * 60_000))?.verdict, 'human', 'at another time');
    assert.equal((await singleClick('other.example', scanner, 42_000))?.verdict, 'human', 'of another domain');
  });

  it('is not used from a network that a person was seen in', async () => {
    await teach(stage, 'nat.example', { copies: 12 });
    world.clock.advance(dayMs);
    assert.equal((await singleClick('nat.example', scanner, 41_000))?.verdict, 'automated');
    assert.equal((await singleClick('nat.example', '198.51.100.9', 30 * 60_000))?.verdict, 'human');
    world.clock.advance(30 * 60_000);
    await settle(world);
    assert.equal((await singleClick('nat.example', scanner, 41_000))?.verdict, 'human');
    const [habit] = await habits();
    assert.deepEqual([habit?.isUsed, habit?.learnedBlocks], [false, 0]);
    assert.match(habit?.whyNotUsed ?? '', /scanner alone/);
  });

  it('keeps its use though single scans pass for people at the scanner’s own time', async () => {
    await teach(stage, 'mixed.example', { copies: 12 });
    for (let n = 0; n < 4; n++) assert.equal((await singleClick('mixed.example', scanner, 45_000))?.verdict, 'human');
    world.clock.advance(dayMs);
    await settle(world);
    assert.equal((await singleClick('mixed.example', scanner, 45_000))?.verdict, 'automated');
  });

  it('does not teach itself: what was concluded from it is not counted', async () => {
    await teach(stage, 'self.example', { copies: 12 });
    world.clock.advance(dayMs);
    for (let n = 0; n < 5; n++)
      assert.equal((await singleClick('self.example', scanner, 40_000))?.verdict, 'automated');
    world.clock.advance(dayMs);
    await settle(world);
    assert.equal((await habits())[0]?.copies, 12);
  });

  it('says nothing typical before five copies, and is not used before ten copies of five recipients', async () => {
    await teach(stage, 'few.example', { copies: 3 });
    let [habit] = await habits();
    assert.equal(habit?.sentence, 'few.example: Proofpoint, 3 copies so far');
    assert.deepEqual([habit?.delay, habit?.burstLinks], [null, null]);
    await teach(stage, 'few.example', { copies: 12, people: 3 });
    world.clock.advance(dayMs);
    [habit] = await habits();
    assert.equal(habit?.copies, 15);
    assert.match(habit?.whyNotUsed ?? '', /5 recipients/);
    assert.equal((await singleClick('few.example', scanner, 40_000))?.verdict, 'human');
  });

  it('counts a copy once, however often its hits come and however late', async () => {
    const copy = await deliver(stage, 'ana@late.example');
    world.clock.advance(40_000);
    await follow(stage, copy, scanner, [0]);
    await tracking.drained();
    world.clock.advance(dayMs / 24);
    await settle(world);
    assert.deepEqual(await habits(), [], 'a single click is a person’s, and a domain of people is not kept');
    const sentAt = world.clock.now();
    world.clock.set(new Date(sentAt.getTime() - dayMs / 24 - 100));
    await follow(stage, copy, scanner, [1, 2, 3, 4, 5]);
    world.clock.set(sentAt);
    await tracking.drained();
    for (let round = 0; round < 3; round++) {
      world.clock.advance(dayMs / 24);
      await settle(world);
      const [habit] = await habits();
      assert.deepEqual([habit?.copies, habit?.actors], [1, [{ actor: 'proofpoint', copies: 1 }]]);
      await follow(stage, copy, scanner, [round]);
      await tracking.drained();
    }
    const blocks = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ machine_copies: number; people: object }>(
        sql`SELECT machine_copies, people FROM scanner_habit_blocks`,
      ),
    );
    assert.equal(blocks.length, 1);
    assert.equal(blocks[0]?.machine_copies, 1);
  });

  it('is the same when hits are stored twice, as from a journal put back from a backup', async () => {
    const copy = await deliver(stage, 'ana@twice.example');
    const atMs = world.clock.now().getTime() + 40_000;
    const hits = [0, 1, 2, 3, 4, 5].map((linkIndex) => ({
      id: randomUUID(),
      kind: 'click' as const,
      atMs: atMs + linkIndex,
      linkIndex,
      ip: scanner,
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:141.0) Gecko/20100101 Firefox/141.0',
      says: null,
      subject: { messageId: copy.messageId, recipientId: copy.recipientId },
    }));
    for (let round = 0; round < 2; round++) {
      world.clock.advance(60_000);
      await world.db.asAccount(keys.accountId, (tx) => storeToldHits(tx, keys, hits, world.clock.now()));
    }
    const waiting = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ event_ids: string[] }>(sql`SELECT event_ids FROM settling`),
    );
    assert.equal(waiting.flatMap((batch) => batch.event_ids).length, hits.length, 'each is announced once');
    world.clock.advance(3_600_000);
    await settle(world);
    const [habit] = await habits();
    assert.deepEqual([habit?.copies, habit?.burstLinks], [1, null]);
  });

  it('fades: counts are halved every 30 days, and after 180 days all is forgotten', async () => {
    await teach(stage, 'old.example', { copies: 12 });
    world.clock.advance(31 * dayMs);
    assert.equal((await habits())[0]?.copies, 6);
    await teach(stage, 'old.example', { copies: 1 });
    assert.equal((await habits())[0]?.copies, 7);
    world.clock.advance(181 * dayMs);
    assert.deepEqual(await habits(), []);
    await forgetOldHabits(world);
    const [left] = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ n: number }>(sql`
        SELECT (SELECT count(*) FROM scanner_habits) + (SELECT count(*) FROM scanner_habit_blocks)
             + (SELECT count(*) FROM scanner_habit_copies) AS n`),
    );
    assert.equal(left?.n, 0);
  });
});

describe('an account', () => {
  it('that switches it off learns nothing and uses nothing', async () => {
    await teach(stage, 'off.example', { copies: 12 });
    world.clock.advance(dayMs);
    await ask(api, changeOutboundSettings, keys.apiKey, { body: { learnScannerHabits: false } });
    assert.equal((await singleClick('off.example', scanner, 40_000))?.verdict, 'human');
    await teach(stage, 'off.example', { copies: 2 });
    const { isLearning, habits: shown } = await ask(api, listScannerHabits, keys.apiKey);
    assert.deepEqual([isLearning, shown[0]?.copies, shown[0]?.isUsed], [false, 12, false]);
    assert.match(shown[0]?.whyNotUsed ?? '', /learnScannerHabits/);
  });

  it('never sees, and is never judged by, what another has learned', async () => {
    await teach(stage, 'shared.example', { copies: 12 });
    world.clock.advance(dayMs);
    const other = await testKeys(world);
    assert.deepEqual(await habits(other.apiKey), []);
    assert.equal(
      await refusal(api, forgetScannerHabit, other.apiKey, { params: { domain: 'shared.example' } }),
      'habit.not_found',
    );
    stage = { ...stage, keys: other };
    assert.equal((await singleClick('shared.example', scanner, 40_000))?.verdict, 'human');
    stage = { ...stage, keys };
    assert.equal((await singleClick('shared.example', scanner, 40_000))?.verdict, 'automated');
  });

  it('forgets one domain or all, and the audit log says so', async () => {
    for (const domain of ['one.example', 'two.example', 'three.example']) await teach(stage, domain, { copies: 2 });
    const forget = (domain: string) => request(api, forgetScannerHabit, keys.apiKey, { params: { domain } });
    assert.equal((await forget('ONE.example')).status, 204);
    assert.equal((await forget('one.example')).status, 404);
    assert.equal(
      await refusal(api, forgetScannerHabit, keys.apiKey, { params: { domain: 'never.example' } }),
      'habit.not_found',
    );
    assert.deepEqual((await habits()).map((habit) => habit.domain).sort(), ['three.example', 'two.example']);
    assert.equal((await request(api, forgetScannerHabits, keys.apiKey)).status, 204);
    assert.deepEqual(await habits(), []);
    assert.deepEqual(
      (await audited('habits.forgotten')).map((entry) => entry.detail),
      [{ domains: 1 }, { domains: 2 }],
    );
    assert.ok((await audited('habits.read')).length >= 2);
  });

  it('pages through its habits, most copies first, and exports them as CSV', async () => {
    for (const [n, domain] of ['a.example', 'b.example', 'c.example'].entries())
      await teach(stage, domain, { copies: n + 1 });
    const first = await ask(api, listScannerHabits, keys.apiKey, { query: { limit: 2 } });
    assert.deepEqual(
      first.habits.map((habit) => [habit.domain, habit.copies]),
      [
        ['c.example', 3],
        ['b.example', 2],
      ],
    );
    const cursor = first.nextCursor ?? '';
    const second = await ask(api, listScannerHabits, keys.apiKey, { query: { limit: 2, cursor } });
    assert.deepEqual([second.habits.map((habit) => habit.domain), second.nextCursor], [['a.example'], null]);
    assert.equal(
      await refusal(api, listScannerHabits, keys.apiKey, { query: { cursor: 'made-up' } }),
      'request.bad_cursor',
    );
    const csv = await request(api, listScannerHabits, keys.apiKey, { query: { format: 'csv', limit: 1 } });
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
    const lines = (await csv.text()).trim().split('\r\n');
    assert.equal(lines.length, 4);
    assert.match(lines[1] ?? '', /^c\.example,proofpoint,3,/);
  });

  it('has no domain, address or network in the log', () => {
    for (const line of world.logLines) assert.doesNotMatch(line, /\.example|198\.51/);
  });
});
