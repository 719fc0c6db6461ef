import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type SourceMark, SourceSpreads } from './source-spread.ts';

const mark = (recipientId: string, atMs: number, sourceKey = 'aa'): SourceMark => ({ sourceKey, recipientId, atMs });

/** For each moment, every window of that length that holds it, counted by hand. */
function slowly(marks: readonly SourceMark[], atMs: number, windowMs: number): number {
  const starts = marks.map((one) => one.atMs).filter((start) => start <= atMs && atMs <= start + windowMs);
  const sizes = starts.map(
    (start) =>
      new Set(marks.filter((one) => one.atMs >= start && one.atMs <= start + windowMs).map((one) => one.recipientId))
        .size,
  );
  return Math.max(...sizes);
}

describe('how many recipients a source reached', () => {
  it('is the most in any second and any ten minutes around a hit', () => {
    const times = fc.oneof(fc.nat(3_000), fc.nat(2_000_000));
    const marks = fc.array(fc.tuple(fc.nat(8), times), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(marks, (drawn) => {
        const all = drawn.map(([who, atMs]) => mark(`r${who}`, atMs));
        const spreads = new SourceSpreads(all);
        const isEnough = new Set(all.map((one) => one.recipientId)).size >= 4;
        for (const { atMs } of all) {
          const expected = { within1s: slowly(all, atMs, 1_000), within10min: slowly(all, atMs, 600_000) };
          assert.deepEqual(spreads.at('aa', atMs), isEnough ? expected : undefined);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('says nothing of a source that reached fewer than four, however often', () => {
    const spreads = new SourceSpreads([1, 2, 3, 4, 5, 6].map((n) => mark(`r${n % 3}`, n)));
    assert.equal(spreads.at('aa', 1), undefined);
  });

  it('keeps sources apart', () => {
    const spreads = new SourceSpreads([1, 2, 3, 4].map((n) => mark(`r${n}`, 5, n > 2 ? 'aa' : 'bb')));
    assert.equal(spreads.at('aa', 5), undefined);
  });
});
