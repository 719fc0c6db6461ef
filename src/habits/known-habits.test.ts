import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { deliver, follow, type ScanStage, teach, verdictOn } from '../../test/kit/scanners.ts';
import { startTracking, type Tracking } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { Database } from '../platform/database.ts';
import { prepareHabits } from './index.ts';
import { forgetHabits } from './read-habits.ts';
import { RememberedHabits } from './remembered-habits.ts';

const dayMs = 86_400_000;
const domain = 'mercy.example';

describe('habits in memory', () => {
  let world: TestWorld;
  let keys: TestAccount;
  let tracking: Tracking;
  let stage: ScanStage;
  before(async () => {
    world = await testWorld();
    keys = await testKeys(world);
    tracking = await startTracking(world, ['127.0.0.1']);
    stage = { world, keys, tracking };
    await teach(stage, domain, { copies: 12 });
    world.clock.advance(dayMs);
  });
  after(async () => {
    await tracking.close();
    await world.close();
  });

  /** A single click of the scanner's at its usual time, about 42 seconds after the last one. */
  async function scan(): Promise<string | undefined> {
    const copy = await deliver(stage, `somebody@${domain}`);
    world.clock.advance(42_000);
    await follow(stage, copy, '198.51.100.200', [2]);
    return (await verdictOn(stage, copy))?.verdict;
  }

  it('are used while they are read anew: a batch does not wait for it', async () => {
    assert.equal(await scan(), 'automated');
    const owner = new pg.Client(world.database.connection);
    await owner.connect();
    try {
      await owner.query('BEGIN; LOCK TABLE scanner_habits, scanner_habit_blocks IN ACCESS EXCLUSIVE MODE');
      assert.equal(await scan(), 'automated');
    } finally {
      await owner.query('ROLLBACK');
      await owner.end();
    }
  });

  it('are read once for all that ask for them at the same time, and not again for half a minute', async () => {
    world.clock.advance(dayMs);
    let readings = 0;
    const db: Database = {
      ...world.db,
      readAccount: (accountId, run) => {
        readings++;
        return world.db.readAccount(accountId, run);
      },
    };
    const ask = () => prepareHabits({ db, clock: world.clock }, [keys.accountId]);
    await Promise.all([ask(), ask(), ask()]);
    world.clock.advance(29_000);
    await ask();
    assert.equal(readings, 1);
    world.clock.advance(2_000);
    await Promise.all([ask(), ask()]);
    assert.equal(readings, 2);
  });

  it('are out of use a minute after they were forgotten', async () => {
    assert.equal(await scan(), 'automated');
    const caller = { accountId: keys.accountId, actor: { kind: 'user', id: 'somebody' } } as const;
    await forgetHabits(world, caller as never, domain);
    world.clock.advance(20_000);
    assert.equal(await scan(), 'human');
  });
});

describe('the memory for habits', () => {
  const at = (seconds: number): Date => new Date(seconds * 1_000);
  const habits = (name: string, blocks = 100) => ({ name, blocks });

  it('gives up those that were not used for longest when it is full', () => {
    const memory = new RememberedHabits<ReturnType<typeof habits>>(300);
    memory.keep('a', at(0), habits('a'));
    memory.keep('b', at(0), habits('b'));
    memory.find('a', at(1));
    memory.keep('c', at(1), habits('c'));
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => memory.find(name, at(2))?.name),
      ['a', undefined, 'c'],
    );
    memory.keep('c', at(2), habits('c, read again'));
    assert.equal(memory.find('a', at(3))?.name, 'a', 'what is replaced gives its place back');
  });

  it('tells of a failed reading whoever has nothing to use meanwhile, and nobody else', async () => {
    const memory = new RememberedHabits<ReturnType<typeof habits>>(300);
    const failing = () => Promise.reject(new Error('away'));
    memory.keep('a', at(0), habits('a'));
    assert.equal((await memory.fresh('a', at(59), failing)).name, 'a');
    await assert.rejects(memory.fresh('a', at(60), failing), /away/);
    assert.equal((await memory.fresh('a', at(60), async () => habits('new'))).name, 'new');
  });
});
