/** How much happened by day: every entry counted once, nobody else's, and no more read the more there is. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { installationSigner } from '../platform/signing.ts';
import { readActivity } from './activity.ts';
import { record } from './record.ts';
import { sealWaiting } from './seal-chain.ts';

const dayMs = 86_400_000;
let world: TestWorld;
let accountId: string;

before(async () => {
  world = await testWorld();
  ({ accountId } = await createTestAccount(world));
});
after(() => world?.close());

async function write(account: string, done: number, refused = 0): Promise<void> {
  await world.db.asAccount(account, async (tx) => {
    for (let n = 0; n < done + refused; n += 1) {
      world.clock.advance(1_000);
      await record(tx, {
        at: world.clock.now(),
        actor: { kind: 'system', id: 'test' },
        action: 'message.read',
        object: { kind: 'message', id: crypto.randomUUID() },
        detail: { what: 'message' },
        outcome: n < done ? 'done' : 'refused',
      });
    }
  });
}

const toNextDay = (): void => world.clock.advance(dayMs - (world.clock.now().getTime() % dayMs) + 60_000);
const seal = () => sealWaiting({ ...world, signer: installationSigner(world.vault) });
const activity = async (days: number) =>
  (await readActivity(world, accountId, days)).days.map(({ entries, refused }) => [entries, refused]);

it('counts each day of UTC once, with what was refused, and the days on which nothing happened', async () => {
  await seal();
  const [before = []] = await activity(1);
  assert.ok((before[0] ?? 0) > 0, 'making an account is an entry');
  toNextDay();
  await write(accountId, 3, 2);
  toNextDay();
  toNextDay();
  await write(accountId, 1);
  const other = await createTestAccount(world);
  await write(other.accountId, 7, 7);
  await seal();
  assert.deepEqual(await activity(4), [before, [5, 2], [0, 0], [1, 0]]);
  assert.deepEqual(await activity(2), [
    [0, 0],
    [1, 0],
  ]);
  const { days } = await readActivity(world, accountId, 366);
  assert.equal(days.length, 366);
  assert.equal(days.at(-1)?.day, world.clock.now().toISOString().slice(0, 10));
});

it('tells entries that wait for their place as soon as they have it', async () => {
  toNextDay();
  await write(accountId, 4);
  assert.deepEqual(await activity(1), [[0, 0]]);
  await seal();
  assert.deepEqual(await activity(1), [[4, 0]]);
});
