import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './gather.ts';

function recorded(fail: (items: readonly number[]) => boolean = () => false) {
  const rounds: number[][] = [];
  const enter = gather<number, number>({
    maxItems: 3,
    maxWeight: 100,
    maxRounds: 1,
    weigh: (item) => item,
    isWorthSplitting: () => true,
    work: async (_key, items) => {
      rounds.push([...items]);
      await Promise.resolve();
      if (fail(items)) throw new Error('no');
      return items.map((item) => item * 10);
    },
  });
  return { rounds, enter };
}

test('the first goes at once, those that came meanwhile go together, each gets its own result', async () => {
  const { rounds, enter } = recorded();
  const results = await Promise.all([1, 2, 3].map((item) => enter('a', item)));
  assert.deepEqual(results, [10, 20, 30]);
  assert.deepEqual(rounds, [[1], [2, 3]]);
});

test('a round has no more items than allowed and no more weight, but always one', async () => {
  const { rounds, enter } = recorded();
  await Promise.all([1, 2, 3, 4, 5, 90, 20, 500, 1].map((item) => enter('a', item)));
  assert.deepEqual(rounds, [[1], [2, 3, 4], [5, 90], [20], [500], [1]]);
});

test('keys do not wait for each other', async () => {
  const { rounds, enter } = recorded();
  await Promise.all([enter('a', 1), enter('b', 2), enter('a', 3)]);
  assert.deepEqual(rounds, [[1], [2], [3]]);
});

test('one that fails does not fail its neighbours', async () => {
  const { enter } = recorded((items) => items.includes(3));
  const results = await Promise.allSettled([1, 2, 3, 4].map((item) => enter('a', item)));
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});
