import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { cuttableWorld } from '../../test/kit/cuttable-database.ts';
import { acceptMail, fetchMail, hitOf, machine, type Opinion, person, testKeys } from '../../test/kit/mail.ts';
import { recorder, type SettlingOrder } from '../../test/kit/settling-child.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { AccountKeys, JudgedHit } from '../events/index.ts';
import { announceHits, type Consumer, settleOnce, startSettling } from './index.ts';

const minuteMs = 60_000;
const startAt = new Date(Date.now() - 6 * 3_600_000).toISOString();

let world: TestWorld;
let owner: pg.Client;
let keys: AccountKeys;

before(async () => {
  world = await testWorld(startAt);
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  await owner.query('CREATE TABLE taken (event_id uuid); GRANT SELECT, INSERT ON taken TO waxwing_app');
});
after(async () => {
  await owner.end();
  await world.close();
});
beforeEach(async () => {
  world.clock.set(startAt);
  await owner.query('TRUNCATE taken; TRUNCATE settling');
  keys = await testKeys(world);
});

/** Copies with two hits each, stored and announced now, so many copies a batch. */
async function store(count: number, by: Opinion = person, perBatch = 1): Promise<JudgedHit[]> {
  const to = Array.from({ length: count }, (_, n) => `person${n}@example.org`);
  const { messageId, recipientIds } = await acceptMail(world, keys, { to, acceptedAt: world.clock.now() });
  const at = world.clock.now();
  const hits = recipientIds.flatMap((recipientId) => [
    hitOf({ messageId, recipientId, at, by }),
    hitOf({ messageId, recipientId, at, link: 0, by }),
  ]);
  await fetchMail(world, keys, hits);
  for (let from = 0; from < hits.length; from += 2 * perBatch)
    await announce(hits.slice(from, from + 2 * perBatch), []);
  return hits;
}

const announce = (fresh: readonly JudgedHit[], revised: readonly JudgedHit[]): Promise<void> =>
  world.db.asAccount(keys.accountId, (tx) => announceHits(tx, ['scanner-habits'], fresh, revised, world.clock.now()));

const taken = async (): Promise<string[]> =>
  (await owner.query<{ event_id: string }>('SELECT event_id FROM taken')).rows.map((row) => row.event_id).sort();
const idsOf = (hits: readonly JudgedHit[]): string[] => hits.map((hit) => hit.id).sort();
const settleAll = async (consumer: Consumer = recorder, of = world): Promise<void> => {
  while ((await settleOnce(of, consumer)) > 0);
};

describe('a settled hit', () => {
  it('is handed out when the last verdict of its batch has settled and clocks may have differed, and once', async () => {
    const hits = await store(2, person);
    world.clock.advance(15 * minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), []);
    world.clock.advance(minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), idsOf(hits));
    world.clock.advance(60 * minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), idsOf(hits));
  });

  it('that came hours late waits for slack only', async () => {
    world.clock.advance(-5 * 60 * minuteMs);
    const [hit] = await store(1, { ...machine, settlesAt: world.clock.now() });
    assert.ok(hit);
    await owner.query('TRUNCATE settling');
    world.clock.advance(5 * 60 * minuteMs);
    await announce([hit], []);
    await settleAll();
    assert.deepEqual(await taken(), []);
    world.clock.advance(minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), [hit.id]);
  });

  it('never waits for ever, however wrong the clock of its edge was', async () => {
    const hits = await store(1, { ...person, settlesAt: new Date('2099-01-01T00:00:00Z') });
    world.clock.advance(17 * minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), idsOf(hits));
  });

  it('whose verdict was revised brings its copy again, but is not newly settled again', async () => {
    const hits = await store(1);
    world.clock.advance(20 * minuteMs);
    await settleAll();
    await announce([], hits);
    world.clock.advance(20 * minuteMs);
    const seen: number[] = [];
    const looker: Consumer = {
      name: 'scanner-habits',
      async onSettled(_tx, _account, copies) {
        for (const copy of copies)
          seen.push(copy.hits.length, copy.hits.filter((hit) => copy.newlySettled.has(hit.id)).length);
      },
    };
    await settleAll(looker);
    assert.deepEqual(seen, [2, 0]);
  });

  it('is handed out once by any number of processes, each batch by one', async () => {
    const hits = await store(120, person);
    world.clock.advance(20 * minuteMs);
    const loops = [1, 2, 3, 4].map(() => startSettling(world, [recorder], { idleMs: 5, batches: 4 }));
    await until(async () => (await taken()).length >= hits.length, 'all is handed out');
    await Promise.all(loops.map((loop) => loop.close()));
    assert.deepEqual(await taken(), idsOf(hits));
    const lag = await world.metrics.getSingleMetric('waxwing_settling_lag_seconds')?.get();
    assert.deepEqual(
      lag?.values.map(({ labels, value }) => [labels.consumer, value]),
      [['scanner-habits', 0]],
    );
  });

  it('is neither lost nor doubled when the consumer fails: its batch is put off, the others go on', async () => {
    const hits = await store(5, person);
    const [first, second] = hits;
    assert.ok(first && second);
    let isIll = true;
    const picky: Consumer = {
      name: 'scanner-habits',
      async onSettled(tx, account, copies, now) {
        await recorder.onSettled(tx, account, copies, now);
        if (isIll && copies.some((copy) => copy.recipientId === first.recipientId)) throw new Error('ill');
      },
    };
    world.clock.advance(20 * minuteMs);
    await settleAll(picky);
    assert.deepEqual(await taken(), idsOf(hits.slice(2)));
    isIll = false;
    await settleAll(picky);
    assert.equal((await taken()).length, 8, 'not before its time');
    world.clock.advance(11 * minuteMs);
    await settleAll(picky);
    assert.deepEqual(await taken(), idsOf(hits));
    assert.ok(!world.logLines.some((line) => line.includes('ill"')));
  });

  it('of a copy that does not open keeps no other waiting', async () => {
    const hits = await store(5, person, 5);
    const [broken] = hits;
    await owner.query('UPDATE events SET detail_sealed = $1 WHERE id = $2', [Buffer.alloc(64), broken?.id]);
    world.clock.advance(20 * minuteMs);
    await settleAll();
    assert.deepEqual(await taken(), idsOf(hits.slice(2)));
    assert.equal((await owner.query('SELECT FROM settling')).rowCount, 0);
  });

  it('waits for a database that is away', async () => {
    const hits = await store(3, person);
    world.clock.advance(20 * minuteMs);
    const cuttable = await cuttableWorld(world);
    cuttable.cut();
    const loop = startSettling(cuttable.world, [recorder], { idleMs: 5 });
    await until(async () => world.logLines.some((line) => line.includes('waits for the database')), 'it is missed');
    cuttable.restore();
    await until(async () => (await taken()).length > 0, 'it goes on');
    await loop.close();
    await cuttable.close();
    assert.deepEqual(await taken(), idsOf(hits));
  });
});

describe('kill -9 of a process that settles', () => {
  const program = fileURLToPath(new URL('../../test/kit/settling-child.ts', import.meta.url));

  it('loses nothing and doubles nothing, over six kills at random moments', { timeout: 90_000 }, async () => {
    const hits = await store(2_000, person);
    const order: SettlingOrder = {
      connectionUrl: world.database.connectionUrl,
      masterKey: world.masterKey.toString('hex'),
    };
    let isCutShort = 0;
    for (let round = 0; round < 6; round++) {
      const before = (await taken()).length;
      if (before === hits.length) break;
      const child = fork(program);
      child.send(order);
      await once(child, 'message');
      await until(async () => (await taken()).length > before, 'it works', 10_000).catch(() => undefined);
      await sleep(Math.random() * 20);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      const count = (await taken()).length;
      if (count > 0 && count < hits.length) isCutShort += 1;
    }
    assert.ok(isCutShort > 0, 'no kill came in the midst of the work');
    world.clock.set(new Date());
    await settleAll();
    assert.deepEqual(await taken(), idsOf(hits));
  });
});

describe('looking for what is due', () => {
  it('reads as much as is due, whatever is stored and whatever waits', async () => {
    await store(300, person);
    await owner.query(`
      INSERT INTO settling (account_id, consumer, due_at, copies, recipient_ids, event_ids)
      SELECT '${keys.accountId}', 'scanner-habits', now() + make_interval(mins => n), 1, '{}', '{}' FROM generate_series(1, 20000) AS n`);
    await owner.query('ANALYZE settling');
    for (const more of ['', `AND account_id = '${keys.accountId}'`]) {
      const { rows } = await owner.query<{ 'QUERY PLAN': string }>(`
        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
        SELECT id, copies FROM settling WHERE consumer = 'scanner-habits' ${more} AND due_at <= '${startAt}'
         ORDER BY due_at LIMIT 64 FOR UPDATE SKIP LOCKED`);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /Index Scan using settling_consumer/);
      assert.doesNotMatch(plan, /Seq Scan|Rows Removed/);
    }
  });
});
