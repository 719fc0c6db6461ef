import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideTracking, type TrackingLevel, type TrackingWish } from './tracking-choice.ts';

test('without any wish a recipient is tracked fully', () => {
  assert.deepEqual(decideTracking([]), { level: 'identified', opens: true, clicks: true });
});

test('the strictest level wins, whoever asks for it', () => {
  const wishes: TrackingWish[] = [{ level: 'identified' }, { level: 'anonymous' }, {}];
  assert.equal(decideTracking(wishes).level, 'anonymous');
  assert.equal(decideTracking(wishes.toReversed()).level, 'anonymous');
});

test('off means neither a pixel nor a rewritten link, even when both were asked for', () => {
  assert.deepEqual(decideTracking([{ opens: true, clicks: true }, { level: 'off' }]), {
    level: 'off',
    opens: false,
    clicks: false,
  });
});

test('opens and clicks are switched off apart from each other', () => {
  assert.deepEqual(decideTracking([{ opens: false }, { opens: true }]), {
    level: 'identified',
    opens: false,
    clicks: true,
  });
});

test('a further wish never loosens a decision', () => {
  const rank: Record<TrackingLevel, number> = { off: 0, anonymous: 1, identified: 2 };
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const wish = fc.record({
    level: maybe(fc.constantFrom<TrackingLevel>('off', 'anonymous', 'identified')),
    opens: maybe(fc.boolean()),
    clicks: maybe(fc.boolean()),
  });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 4 }), wish, (wishes, further) => {
      const before = decideTracking(wishes);
      const after = decideTracking([...wishes, further]);
      assert.ok(rank[after.level] <= rank[before.level]);
      assert.ok(before.opens || !after.opens);
      assert.ok(before.clicks || !after.clicks);
    }),
  );
});
