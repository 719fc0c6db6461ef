/** Tables that only grow: each is pruned of what is past its time and of not a row more, by an index, while others work. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { type PrunedTable, tidyTables, usualPace } from './tidy-tables.ts';
import { startTidying } from './worker.ts';

const dayMs = 86_400_000;
let world: TestWorld;
let owner: pg.Client;
let accountId: string;

before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  accountId = (await createTestAccount(world)).accountId;
});
after(async () => {
  await owner.end();
  await world.close();
});
beforeEach(async () => {
  await owner.query('DELETE FROM housekeeping');
});

const rowsIn = async (table: string): Promise<number> =>
  (await owner.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n ?? -1;

/** As many days old as asked, by the time that the table goes by. */
async function add(table: PrunedTable, ageDays: number): Promise<void> {
  const at = new Date(world.clock.now().getTime() - ageDays * dayMs);
  const account = `'${accountId}'`;
  const bytes = `decode(md5('${randomUUID()}'), 'hex')`;
  const iso = `'${at.toISOString()}'::timestamptz`;
  const inserts: Record<PrunedTable, string> = {
    sessions: `sessions (account_id, id, token_hash, created_at, last_seen_at, expires_at, proved_at) VALUES (${account}, gen_random_uuid(), ${bytes}, ${iso}, ${iso}, ${iso}, ${iso})`,
    sign_in_links: `sign_in_links (account_id, token_hash, created_at, expires_at) VALUES (${account}, ${bytes}, ${iso}, ${iso})`,
    invitations: `invitations (account_id, token_hash, user_id, created_at, expires_at) VALUES (${account}, ${bytes}, gen_random_uuid(), ${iso}, ${iso})`,
    used_challenges: `used_challenges (account_id, challenge, expires_at) VALUES (${account}, ${bytes}, ${iso})`,
    sso_used_states: `sso_used_states (account_id, state, expires_at) VALUES (${account}, ${bytes}, ${iso})`,
    idempotency_keys: `idempotency_keys (account_id, key_index, body_hash, response_sealed, created_at) VALUES (${account}, ${bytes}, '', '', ${iso})`,
    rejudgement_examples: `rejudgement_examples (account_id, run_id, rule, place, example) VALUES (${account}, '${newId(at)}', 'x', 1, '{}')`,
    verdict_changes: `verdict_changes (account_id, id, event_id, occurred_at, changed_at, was, became) VALUES (${account}, '${newId(at)}', gen_random_uuid(), ${iso}, ${iso}, '{}', '{}')`,
    delivery_attempts: `delivery_attempts (account_id, id, message_id, recipient_id, at, outcome, why) VALUES (${account}, '${newId(at)}', gen_random_uuid(), gen_random_uuid(), ${iso}, 'delivered', 'x')`,
  };
  await owner.query('SET session_replication_role = replica');
  await owner.query(`INSERT INTO ${inserts[table]}`);
  await owner.query('SET session_replication_role = origin');
}

const lifetimes: readonly [PrunedTable, number][] = [
  ['sessions', 90],
  ['sign_in_links', 30],
  ['invitations', 90],
  ['used_challenges', 1],
  ['sso_used_states', 1],
  ['idempotency_keys', 30],
  ['rejudgement_examples', 400],
];

describe('tidying', () => {
  for (const [table, days] of lifetimes)
    it(`removes rows of ${table} after ${days === 1 ? 'a day' : `${days} days`}, and not a row more`, async () => {
      for (const age of [days + 1, days + 0.001, days - 0.001, days - 1, -1]) await add(table, age);
      const { removed } = await tidyTables(world);
      assert.equal(removed.get(table), 2);
      assert.equal(await rowsIn(table), 3);
    });

  it('keeps a session under which an emergency access was opened, and takes its single sign-on with it otherwise', async () => {
    await owner.query('DELETE FROM sessions');
    for (const age of [100, 101]) await add('sessions', age);
    const { rows } = await owner.query<{ id: string }>('SELECT id FROM sessions ORDER BY expires_at');
    await owner.query('SET session_replication_role = replica');
    await owner.query(
      `INSERT INTO emergency_accesses (account_id, id, session_id, user_id, category, reason_sealed, permissions, opened_at, ends_at, remind_at)
       VALUES ($1, gen_random_uuid(), $2, gen_random_uuid(), 'x', '', '{}', now(), now(), now())`,
      [accountId, rows[0]?.id],
    );
    await owner.query(
      `INSERT INTO sso_sessions (account_id, session_id, connection_id, subject_index) VALUES ($1, $2, gen_random_uuid(), '')`,
      [accountId, rows[1]?.id],
    );
    await owner.query('SET session_replication_role = origin');
    assert.equal((await tidyTables(world)).removed.get('sessions'), 1);
    const left = await owner.query('SELECT id FROM sessions');
    assert.deepEqual(
      left.rows.map((row) => row.id),
      [rows[0]?.id],
    );
    assert.equal(await rowsIn('sso_sessions'), 0);
  });

  it('leaves to the next turn what is more than a turn manages, and the doctor can see since when', async () => {
    for (let n = 0; n < 5; n += 1) await add('used_challenges', 3);
    const pace = { rowsPerBatch: 2, batchesPerTurn: 2, everyMs: 60_000 };
    assert.equal((await tidyTables(world, pace)).removed.get('used_challenges'), 4);
    const behind = async () =>
      (
        await owner.query<{ task: string; removed: number }>(
          'SELECT task, removed::int FROM housekeeping WHERE behind_since IS NOT NULL',
        )
      ).rows;
    assert.deepEqual(await behind(), [{ task: 'used_challenges', removed: 4 }]);
    assert.equal((await tidyTables(world, pace)).removed.get('used_challenges'), 0, 'somebody has just looked');
    world.clock.advance(60_000);
    assert.equal((await tidyTables(world, pace)).removed.get('used_challenges'), 1);
    assert.deepEqual(await behind(), []);
  });

  it('is done once by two processes at once', async () => {
    for (let n = 0; n < 40; n += 1) await add('sign_in_links', 31 + n);
    const [one, other] = await Promise.all([tidyTables(world), tidyTables(world)]);
    assert.equal((one.removed.get('sign_in_links') ?? 0) + (other.removed.get('sign_in_links') ?? 0), 40);
    assert.ok([one, other].some(({ removed }) => removed.get('sign_in_links') === 0));
  });

  it('tells its metrics without a word about accounts', async () => {
    await add('used_challenges', 3);
    const loop = startTidying(world);
    try {
      await until(
        async () => /rows_pruned_total\{table="used_challenges"\} 1\b/.test(await world.metrics.metrics()),
        'a row was pruned',
      );
      assert.doesNotMatch(await world.metrics.metrics(), new RegExp(accountId));
    } finally {
      await loop.close();
    }
  });
});

describe('a million rows that are past their time', () => {
  const table = 'idempotency_keys';
  const lotsOf = 1_000_000;

  before(async () => {
    await owner.query(`DELETE FROM ${table}`);
    await owner.query(
      `INSERT INTO ${table} (account_id, key_index, body_hash, response_sealed, created_at)
       SELECT $1, decode(lpad(to_hex(n), 32, '0'), 'hex'), '', '', $2::timestamptz - interval '200 days' + n * interval '10 seconds'
         FROM generate_series(1, ${lotsOf}) AS n`,
      [accountId, world.clock.now()],
    );
    await owner.query(`ANALYZE ${table}`);
  });

  const rowsScanned = async (): Promise<number> => {
    await owner.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await owner.query<{ scanned: number }>(
      `SELECT seq_tup_read::float8 AS scanned FROM pg_stat_user_tables WHERE relname = '${table}'`,
    );
    return rows[0]?.scanned ?? 0;
  };

  it('go by the index in batches, and never the whole table is read', async (t) => {
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN DELETE FROM ${table} k USING (
         SELECT account_id, key_index FROM ${table} WHERE created_at < $1::timestamptz
          ORDER BY created_at LIMIT 2000 FOR UPDATE SKIP LOCKED) AS old
        WHERE k.account_id = old.account_id AND k.key_index = old.key_index`,
      [new Date(world.clock.now().getTime() - 30 * dayMs)],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Scan using idempotency_keys_created_at_idx/);
    assert.doesNotMatch(plan, /Seq Scan/);
    const before = await rowsScanned();
    const startedAt = performance.now();
    const { removed } = await tidyTables(world, { ...usualPace, batchesPerTurn: 25 });
    const tookMs = performance.now() - startedAt;
    assert.equal(removed.get('idempotency_keys'), 50_000);
    t.diagnostic(`50,000 of a million rows in ${Math.round(tookMs)} ms`);
    // Scans of the few rows that earlier tests had may be told only now.
    assert.ok((await rowsScanned()) - before < lotsOf / 10);
  });

  it('are pruned beside somebody who holds one of them, and beside somebody who writes', async () => {
    const other = new pg.Client(world.database.connection);
    await other.connect();
    try {
      await other.query('BEGIN');
      const { rows } = await other.query<{ key_index: Buffer }>(
        `SELECT key_index FROM ${table} ORDER BY created_at LIMIT 1 FOR UPDATE`,
      );
      world.clock.advance(usualPace.everyMs);
      const { removed } = await tidyTables(world, { ...usualPace, batchesPerTurn: 2 });
      assert.equal(removed.get('idempotency_keys'), 4_000);
      const { rowCount } = await other.query(`SELECT FROM ${table} WHERE key_index = $1`, [rows[0]?.key_index]);
      assert.equal(rowCount, 1, 'what somebody holds is passed over, not waited for');
      await other.query('COMMIT');
    } finally {
      await other.end();
    }
    const written = await world.db.asAccount(accountId, (tx) =>
      tx.query(sql`
        INSERT INTO idempotency_keys (account_id, key_index, body_hash, response_sealed, created_at)
        VALUES (${accountId}, ${Buffer.from('new')}, '', '', ${world.clock.now()}) RETURNING key_index`),
    );
    assert.equal(written.length, 1);
  });
});
