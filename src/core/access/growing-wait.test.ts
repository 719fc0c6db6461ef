import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitAfterMs } from './growing-wait.ts';

test('the first failures cost nothing, the later ones ever more, up to a quarter of an hour', () => {
  assert.deepEqual([0, 1, 4, 5, 6, 7].map(waitAfterMs), [0, 0, 0, 2_000, 4_000, 8_000]);
  assert.deepEqual([14, 100, 100_000].map(waitAfterMs), [900_000, 900_000, 900_000]);
});
