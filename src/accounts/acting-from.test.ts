/** Refusals of callers who are known: one entry at once, the others counted, and nobody floods the log. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { type Refusal, refusalNotes } from './acting-from.ts';

let world: TestWorld;
before(async () => {
  world = await testWorld();
});
after(() => world?.close());

const refused = (accountId: string, id: string): Refusal => ({
  caller: { accountId, actor: { kind: 'api-key', id } },
  address: '203.0.113.5',
  permission: 'audit.read',
  code: 'auth.forbidden',
});

const timesOf = (accountId: string): Promise<number[]> =>
  world.db.readAccount(accountId, async (tx) => {
    const rows = await tx.query<{ times: number }>(
      sql`SELECT (detail->>'times')::int AS times FROM audit_entries WHERE action = 'access.refused' ORDER BY detail->>'times'`,
    );
    return rows.map((row) => row.times);
  });

test('a thousand refusals are two entries: the first, and the number of the others', async () => {
  const { accountId } = await createTestAccount(world);
  const note = refusalNotes(world, 300);
  const crowd = Array.from({ length: 1_000 }, () => note(refused(accountId, 'one')));
  await Promise.all([...crowd, note(refused(accountId, 'another'))]);
  assert.deepEqual(await timesOf(accountId), [1, 1]);
  const deadline = performance.now() + 10_000;
  while ((await timesOf(accountId)).length < 3 && performance.now() < deadline);
  assert.deepEqual(await timesOf(accountId), [1, 1, 999]);
});

test('a refusal that cannot be written is still a refusal, and is told', async () => {
  const note = refusalNotes(world, 300);
  await note(refused('00000000-0000-7000-8000-000000000000', 'one'));
  assert.ok(world.logLines.some((line) => line.includes('a refusal could not be written')));
});
