import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundLargeCopies } from './large-copies.ts';

const megabyte = 1024 * 1024;

test('large copies go while there is room beside those under way, small ones always', () => {
  const large = boundLargeCopies(100 * megabyte);
  const fits = large.asking();
  assert.deepEqual(
    [40, 40, 40, 20, 0.5].map((size) => fits(size * megabyte)),
    [true, true, false, true, true],
  );
  large.began(80 * megabyte);
  large.began(0.9 * megabyte);
  assert.deepEqual([large.asking()(21 * megabyte), large.asking()(20 * megabyte)], [false, true]);
  large.ended(0.9 * megabyte);
  large.ended(80 * megabyte);
  assert.equal(large.asking()(100 * megabyte), true);
});

test('a copy larger than all the room goes alone', () => {
  const large = boundLargeCopies(10 * megabyte);
  const fits = large.asking();
  assert.deepEqual([fits(30 * megabyte), fits(2 * megabyte)], [true, false]);
});

test('who finds no room comes back one behind the other', () => {
  const large = boundLargeCopies();
  const now = new Date('2026-11-22T10:00:00Z');
  const turns = [1, 2, 3].map(() => large.nextTurn(now).getTime() - now.getTime());
  assert.deepEqual(turns, [1_000, 1_100, 1_200]);
  assert.equal(large.nextTurn(new Date(now.getTime() + 60_000)).getTime() - now.getTime(), 61_000);
});
