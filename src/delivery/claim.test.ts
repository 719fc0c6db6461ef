import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { type Claims, openClaims } from './claim.ts';
import type { Taken } from './claim-store.ts';

let world: TestWorld;
let owner: pg.Client;
const accounts: string[] = [];

before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  for (let n = 0; n < 3; n += 1) accounts.push((await createTestAccount(world)).accountId);
});
beforeEach(async () => {
  await owner.query('DELETE FROM queue_holds; DELETE FROM deliveries');
});
after(async () => {
  await owner.end();
  await world.close();
});

interface Waiting {
  readonly account?: number;
  readonly count: number;
  readonly campaign?: number;
  readonly priority?: 0 | 1;
  /** How long ago it came due. */
  readonly dueAgoMs?: number;
  readonly domain?: number;
}

async function queue({
  account = 0,
  count,
  campaign = 0,
  priority = 0,
  dueAgoMs = 0,
  domain = 7,
}: Waiting): Promise<void> {
  const dueAt = new Date(world.clock.now().getTime() - dueAgoMs);
  await owner.query(
    `INSERT INTO deliveries (account_id, recipient_id, message_id, domain_id, priority, campaign_id, queued_at, due_at)
     SELECT $1, gen_random_uuid(), $2, $3, $4, $5, $6, $6 FROM generate_series(1, $7)`,
    [accounts[account], randomUUID(), domain, priority, campaign, dueAt, count],
  );
}

const take = (claims: Claims, room: number): Promise<Taken[]> => {
  const now = world.clock.now();
  return world.db.asWorker((tx) => claims.take(tx, { now, leaseEnd: new Date(now.getTime() + 20_000) }, room));
};

const countOf = (taken: readonly Taken[], account: number, campaign?: number): number =>
  taken.filter((one) => one.accountId === accounts[account] && (campaign ?? one.campaignId) === one.campaignId).length;

test('a password reset goes out with the next claim, whatever a campaign has queued before it', async () => {
  await queue({ count: 2_000, campaign: 5, priority: 1, dueAgoMs: 60_000 });
  await queue({ account: 1, count: 1 });
  const taken = await take(openClaims(), 50);
  assert.equal(taken.length, 50);
  assert.equal(countOf(taken, 1), 1);
});

test('accounts are served in turn, however much one of them has queued earlier', async () => {
  await queue({ account: 0, count: 3_000, dueAgoMs: 60_000 });
  await queue({ account: 1, count: 300, dueAgoMs: 1_000 });
  await queue({ account: 2, count: 300 });
  const claims = openClaims();
  const taken = [...(await take(claims, 60)), ...(await take(claims, 60)), ...(await take(claims, 60))];
  assert.deepEqual(
    [0, 1, 2].map((account) => countOf(taken, account)),
    [60, 60, 60],
  );
});

test('campaigns of an account are served in turn, again and again', async () => {
  await queue({ count: 3_000, campaign: 3, priority: 1, dueAgoMs: 60_000 });
  await queue({ count: 300, campaign: 9, priority: 1 });
  const claims = openClaims();
  const taken: Taken[] = [];
  for (let n = 0; n < 4; n += 1) taken.push(...(await take(claims, 20)));
  assert.equal(countOf(taken, 0, 3), 40);
  assert.equal(countOf(taken, 0, 9), 40);
});

test('more campaigns than a claim has places all have their turn', async () => {
  for (let campaign = 1; campaign <= 30; campaign += 1) await queue({ count: 50, campaign, priority: 1 });
  const claims = openClaims();
  const served = new Set<number>();
  for (let n = 0; n < 10; n += 1) for (const one of await take(claims, 6)) served.add(one.campaignId);
  assert.equal(served.size, 30);
});

test('a flood of transactional mail leaves marketing an eighth', async () => {
  await queue({ account: 0, count: 500, dueAgoMs: 9_000 });
  await queue({ account: 1, count: 500, campaign: 4, priority: 1 });
  const taken = await take(openClaims(), 80);
  assert.deepEqual([countOf(taken, 0), countOf(taken, 1)], [70, 10]);
});

test('what is planned for later is not taken, and keeps nothing from what is due', async () => {
  for (let campaign = 1; campaign <= 100; campaign += 1) await queue({ count: 1, campaign, dueAgoMs: -3_600_000 });
  await queue({ count: 40, campaign: 101 });
  await queue({ account: 1, count: 40 });
  const claims = openClaims();
  const taken = [...(await take(claims, 30)), ...(await take(claims, 30)), ...(await take(claims, 30))];
  assert.equal(taken.length, 80);
});

test('what is taken is leased: nobody takes it again before the lease ends', async () => {
  await queue({ count: 90 });
  const first = await take(openClaims(), 60);
  const second = await take(openClaims(), 60);
  assert.equal(new Set([...first, ...second].map((one) => one.recipientId)).size, 90);
  assert.equal((await take(openClaims(), 60)).length, 0);
});

test('what people hold back is put aside instead of taken, by destination and by campaign', async () => {
  await queue({ count: 3, domain: 7 });
  await queue({ count: 3, domain: 8, campaign: 5, priority: 1 });
  await queue({ count: 3, domain: 9 });
  await owner.query(
    `INSERT INTO queue_holds (account_id, domain_id, campaign_id, placed_at) VALUES ($1, 7, 0, now()), ($1, 0, 5, now())`,
    [accounts[0]],
  );
  const taken = await take(openClaims(), 50);
  assert.deepEqual(
    taken.filter(({ isHeld }) => !isHeld).map(({ domainId }) => domainId),
    [9, 9, 9],
  );
  const { rows } = await owner.query(
    `SELECT DISTINCT domain_id AS domain FROM deliveries WHERE held_because = 'queue.held' ORDER BY 1`,
  );
  assert.deepEqual(
    rows.map(({ domain }) => Number(domain)),
    [7, 8],
  );
});

test('claims read no more rows at 60,000 queued than they look at', async () => {
  for (let campaign = 1; campaign <= 3; campaign += 1)
    await queue({ account: campaign - 1, count: 20_000, campaign, priority: 1, dueAgoMs: campaign * 1_000 });
  await owner.query('ANALYZE deliveries');
  await owner.query(`SELECT pg_stat_force_next_flush()`);
  const read = async (): Promise<{ scans: number; rows: number }> => {
    const { rows } = await owner.query(
      `SELECT t.seq_tup_read + t.idx_tup_fetch + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'deliveries') AS rows,
              t.seq_scan AS scans FROM pg_stat_user_tables t WHERE relname = 'deliveries'`,
    );
    return { scans: Number(rows[0].scans), rows: Number(rows[0].rows) };
  };
  const claims = openClaims();
  await take(claims, 60);
  const began = await read();
  for (let n = 0; n < 5; n += 1) await take(claims, 60);
  await world.db.asWorker(async (tx) => {
    const { default: sql } = await import('sql-template-tag');
    await tx.query(sql`SELECT pg_stat_force_next_flush()`);
  });
  await owner.query(`SELECT pg_stat_clear_snapshot()`);
  const ended = await read();
  assert.ok(ended.rows - began.rows < 15_000, `${ended.rows - began.rows} rows read`);
});
