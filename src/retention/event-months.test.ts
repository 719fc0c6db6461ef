/** Old months of events: gone when every account lets them go and no hold reaches them; numbers in reports stay. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { ask, startApi, type TestApi } from '../../test/kit/api.ts';
import {
  acceptMail,
  delivered,
  deliverMail,
  fetchMail,
  hitOf,
  person,
  type SentMail,
  type TestAccount,
  testKeys,
} from '../../test/kit/mail.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { readEngagement } from '../contract/reports.ts';
import { changeRetention, type HoldScope, placeHold, releaseHold } from '../contract/retention.ts';
import { foldOnce } from '../events/index.ts';
import { reportRoutes } from '../reports/index.ts';
import { retentionRoutes } from './index.ts';
import { tidyTables, usualPace } from './tidy-tables.ts';

let world: TestWorld;
let api: TestApi;
let owner: pg.Client;
let account: TestAccount;
let sent: SentMail;

before(async () => {
  world = await testWorld('2026-11-22T12:00:00Z');
  api = await startApi(world, () => [...retentionRoutes(world), ...reportRoutes(world)]);
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  account = await testKeys(world);
  await owner.query(`SELECT ensure_event_partitions('2025-02-15', 1)`); // January to March
  sent = await acceptMail(world, account, { to: ['ana@example.org'], acceptedAt: '2025-02-10T08:00:00Z' });
  const [recipientId = ''] = sent.recipientIds;
  await deliverMail(world, account, [delivered(recipientId, '2025-02-10T08:01:00Z')]);
  await fetchMail(world, account, [
    hitOf({ messageId: sent.messageId, recipientId, at: '2025-02-11T08:00:00Z', by: person }),
  ]);
  await foldOnce(world);
});
after(async () => {
  await owner.end();
  await api.close();
  await world.close();
});
beforeEach(async () => {
  world.clock.set('2026-11-22T12:00:00Z');
  await owner.query('DELETE FROM housekeeping');
});

const keep = (eventDays: number | null, { apiKey } = account) =>
  ask(api, changeRetention, apiKey, { body: { messageDays: null, eventDays, minimumDays: null, hour: 3 } });
const hold = (scope: HoldScope) =>
  ask(api, placeHold, account.apiKey, { body: { name: 'Case', reason: 'A complaint', scope } });
const release = (id: string) => ask(api, releaseHold, account.apiKey, { params: { id }, body: { reason: 'Closed' } });

async function months(parent = 'events'): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE '${parent}\\_2025\\_%' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

const dropped = async (): Promise<number> => {
  world.clock.advance(usualPace.everyMs);
  return (await tidyTables(world)).months;
};

describe('a month of events', () => {
  it('stays while an account keeps its events for good, or longer', async () => {
    assert.equal(await dropped(), 0);
    await keep(700);
    assert.equal(await dropped(), 0);
    assert.deepEqual(await months(), ['events_2025_01', 'events_2025_02', 'events_2025_03']);
  });

  it('stays while a second account with mail of that time has not let it go', async () => {
    await keep(400);
    const other = await testKeys(world);
    await acceptMail(world, other, { to: ['bo@example.org'], acceptedAt: '2025-01-10T08:00:00Z' });
    assert.equal(await dropped(), 0);
    await keep(10_000, other);
    assert.equal(await dropped(), 0);
    await owner.query('DELETE FROM recipient_states WHERE account_id = $1', [other.accountId]);
    await owner.query('DELETE FROM recipients WHERE account_id = $1', [other.accountId]);
    await owner.query('DELETE FROM message_keys WHERE account_id = $1', [other.accountId]);
    await owner.query('DELETE FROM messages WHERE account_id = $1', [other.accountId]);
  });

  it('stays while a hold reaches it, whatever the hold covers else', async () => {
    const scopes: HoldScope[] = [
      { kind: 'account' },
      { kind: 'message', messageId: sent.messageId },
      { kind: 'recipient', email: 'ana@example.org' },
      { kind: 'period', since: '2024-12-01T00:00:00Z' },
    ];
    for (const scope of scopes) {
      const placed = await hold(scope);
      await dropped();
      assert.ok((await months()).includes('events_2025_02'), scope.kind);
      await release(placed.id);
    }
  });

  it('stays where a hold is placed at the same moment', async () => {
    const before = await months();
    const placing = new pg.Client(world.database.connection);
    await placing.connect();
    try {
      await placing.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('waxwing.holds'))`);
      const dropping = dropped();
      await until(async () => {
        const { rows } = await owner.query(
          `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()`,
        );
        return rows.length === 1;
      }, 'the dropping waits');
      await placing.query(
        `INSERT INTO legal_holds (account_id, id, details_sealed, scope, placed_at, placed_by_kind, placed_by_id)
         VALUES ($1, gen_random_uuid(), '', 'account', now(), 'system', 'test')`,
        [account.accountId],
      );
      await placing.query('COMMIT');
      assert.equal(await dropping, 0);
      assert.deepEqual(await months(), before);
    } finally {
      await placing.end();
      await owner.query('DELETE FROM legal_holds WHERE released_at IS NULL');
    }
  });

  it('is left for the next turn where somebody is reading it', async () => {
    const reading = new pg.Client(world.database.connection);
    await reading.connect();
    try {
      await reading.query('BEGIN');
      await reading.query('SELECT count(*) FROM events');
      assert.equal(await dropped(), 0);
    } finally {
      await reading.query('COMMIT');
      await reading.end();
    }
  });

  it('goes once nothing keeps it, with its verdicts, and reports say what they said', async () => {
    const report = () =>
      ask(api, readEngagement, account.apiKey, {
        query: { since: '2025-02-01', until: '2025-02-28', groupBy: 'sender' },
      });
    const before = await report();
    assert.equal(before.totals.delivered, 1);
    await keep(400);
    assert.equal(await dropped(), 2, 'February and March; January went when holds reached back to February only');
    assert.deepEqual([await months(), await months('verdicts')], [[], []]);
    assert.deepEqual((await report()).totals, before.totals);
    const { rows } = await owner.query<{ n: number }>('SELECT count(*)::int AS n FROM events WHERE message_id = $1', [
      sent.messageId,
    ]);
    assert.equal(rows[0]?.n, 0);
    assert.equal(await dropped(), 0, 'the months of now stay');
  });

  it('takes attempts and changes of verdicts of its time along, and none that are younger or that a hold may need', async () => {
    await owner.query(
      `INSERT INTO housekeeping (task, looked_at, removed_before) VALUES ('event_months', '2026-01-01', '2025-04-01')`,
    );
    const attempt = (id: string, at: string) =>
      owner.query(
        `INSERT INTO delivery_attempts (account_id, id, message_id, recipient_id, at, outcome, why)
         VALUES ($1, $2, gen_random_uuid(), gen_random_uuid(), $3, 'delivered', 'x')`,
        [account.accountId, id, at],
      );
    await attempt('0194f000-0000-7000-8000-000000000001', '2025-02-10T08:00:00Z');
    await attempt('0195f000-0000-7000-8000-000000000001', '2025-04-02T08:00:00Z');
    const held = await hold({ kind: 'period', until: '2025-03-01T00:00:00Z' });
    assert.equal((await tidyTables(world)).removed.get('delivery_attempts'), 0);
    await release(held.id);
    world.clock.advance(usualPace.everyMs);
    assert.equal((await tidyTables(world)).removed.get('delivery_attempts'), 1);
    const { rows } = await owner.query<{ at: Date }>('SELECT at FROM delivery_attempts');
    assert.deepEqual(
      rows.map(({ at }) => at.toISOString()),
      ['2025-04-02T08:00:00.000Z'],
    );
  });
});
