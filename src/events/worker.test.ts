import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptMail, testKeys } from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { startFold } from './index.ts';

describe('the fold', () => {
  let world: TestWorld;
  before(async () => {
    world = await testWorld();
  });
  after(() => world.close());

  const waiting = async (): Promise<number> => {
    const rows = await world.db.asWorker((tx) => tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM rollup_deltas`));
    return rows[0]?.n ?? -1;
  };

  it('adds up what waits while it runs, says how much is left, and ends when asked', async () => {
    await acceptMail(world, await testKeys(world), { to: ['a@x.example'], acceptedAt: '2026-11-20T10:00:00Z' });
    assert.equal(await waiting(), 1);
    const fold = startFold(world);
    const deadline = performance.now() + 10_000;
    while ((await waiting()) > 0 && performance.now() < deadline) await delay(20);
    await fold.close();
    assert.equal(await waiting(), 0);
    assert.match(await world.metrics.metrics(), /waxwing_rollup_deltas_waiting 0/);
    assert.deepEqual(world.logLines, []);
  });

  it('makes the partitions of the months ahead, and leaves alone a month whose rows came before its partition', async () => {
    await acceptMail(world, await testKeys(world), { to: ['a@x.example'], acceptedAt: '2031-05-20T10:00:00Z' });
    world.clock.set('2031-04-20T10:00:00Z');
    const fold = startFold(world);
    const deadline = performance.now() + 10_000;
    while ((await partitionsOf(world, '2031')).length < 8 && performance.now() < deadline) await delay(20);
    await fold.close();
    const months = await partitionsOf(world, '2031');
    assert.deepEqual(months, [
      'events_2031_03',
      'events_2031_04',
      'events_2031_06',
      'events_2031_07',
      'verdicts_2031_03',
      'verdicts_2031_04',
      'verdicts_2031_05',
      'verdicts_2031_06',
      'verdicts_2031_07',
    ]);
    assert.deepEqual(world.logLines, []);
  });
});

async function partitionsOf(world: TestWorld, year: string): Promise<string[]> {
  const rows = await world.db.asWorker((tx) =>
    tx.query<{ name: string }>(
      sql`SELECT relname AS name FROM pg_class WHERE relname ~ ${`^(events|verdicts)_${year}_..$`} ORDER BY 1`,
    ),
  );
  return rows.map(({ name }) => name);
}
