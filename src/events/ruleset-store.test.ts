import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testKeys } from '../../test/kit/mail.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql, type Tx } from '../platform/database.ts';
import { rulesetIds } from './ruleset-store.ts';

describe('the number of a ruleset', () => {
  let world: TestWorld;
  let accountId: string;
  before(async () => {
    world = await testWorld();
    ({ accountId } = await testKeys(world));
  });
  after(() => world.close());

  const numberOf = async (tx: Tx, name: string) => (await rulesetIds(tx, accountId, new Set([name]))).get(name);
  const storedNumber = async (name: string) =>
    (
      await world.db.readAccount(accountId, (tx) =>
        tx.query<{ id: number }>(sql`SELECT id FROM rulesets WHERE name = ${name}`),
      )
    )[0]?.id;

  it('is asked for no more once it is there for good', async () => {
    const made = await world.db.asAccount(accountId, (tx) => numberOf(tx, 'settled'));
    let statements = 0;
    const counting = (tx: Tx): Tx => ({
      query(statement) {
        statements++;
        return tx.query(statement);
      },
    });
    const ask = () => world.db.asAccount(accountId, (tx) => numberOf(counting(tx), 'settled'));
    assert.equal(await ask(), made);
    assert.equal(statements, 1);
    // Other databases of the server have transactions under way that may be older than the row.
    await until(async () => {
      const before = statements;
      assert.equal(await ask(), made);
      return statements === before;
    }, 'it to be remembered');
  });

  it('is made anew when the transaction that made it is rolled back, even if it was asked for again inside', async () => {
    const failing = world.db.asAccount(accountId, async (tx) => {
      await tx.query(sql`SAVEPOINT half`);
      const made = await numberOf(tx, 'rolled back');
      assert.equal(await numberOf(tx, 'rolled back'), made);
      await tx.query(sql`RELEASE SAVEPOINT half`);
      assert.equal(await numberOf(tx, 'rolled back'), made);
      throw new Error('roll back');
    });
    await assert.rejects(failing, /roll back/);
    const again = await world.db.asAccount(accountId, (tx) => numberOf(tx, 'rolled back'));
    assert.ok(again !== undefined);
    assert.equal(await storedNumber('rolled back'), again);
  });
});
