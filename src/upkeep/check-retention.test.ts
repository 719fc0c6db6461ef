import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { checkRetention } from './check-retention.ts';

let world: TestWorld;
let owner: pg.Client;
before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await world.close();
});

const states = async (): Promise<string[]> =>
  (await checkRetention(owner)).map(({ check, state }) => `${check} ${state}`);

test('an installation where nobody chose anything and nothing was tidied yet is well', async () => {
  assert.deepEqual(await states(), ['retention ok', 'tidying ok']);
});

test('an account whose run is two days late is told of, one that was due an hour ago is not', async () => {
  const { accountId } = await createTestAccount(world);
  await owner.query(
    `INSERT INTO retention_policies (account_id, message_days, changed_at, next_run_at) VALUES ($1, 30, now(), now() - interval '1 hour')`,
    [accountId],
  );
  assert.deepEqual(await states(), ['retention ok', 'tidying ok']);
  await owner.query(`UPDATE retention_policies SET next_run_at = now() - interval '49 hours'`);
  assert.deepEqual(await states(), ['retention warn', 'tidying ok']);
  await owner.query('DELETE FROM retention_policies');
});

test('a table that nobody looked at, and one that is never done, are told of', async () => {
  await owner.query(`INSERT INTO housekeeping (task, looked_at) VALUES ('sessions', now())`);
  assert.deepEqual(await states(), ['retention ok', 'tidying ok']);
  await owner.query(`UPDATE housekeeping SET looked_at = now() - interval '49 hours'`);
  assert.deepEqual(await states(), ['retention ok', 'tidying warn']);
  await owner.query(`UPDATE housekeeping SET looked_at = now(), behind_since = now() - interval '49 hours'`);
  const [, tidying] = await checkRetention(owner);
  assert.match(JSON.stringify(tidying), /sessions/);
});
