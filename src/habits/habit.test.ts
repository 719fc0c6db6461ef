import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { binOf, isFarOff, isUsual, quantileOf, rangeOf } from './delays.ts';
import { describeHabit } from './describe-habit.ts';
import { aged, type Habit, type HabitBlock, isScannersOwn, type Tallies, usedRanges, whyTooLittle } from './habit.ts';
import { tallied } from './lesson.ts';

const dayMs = 86_400_000;
const now = new Date('2026-11-22T12:00:00Z');
const ago = (days: number): Date => new Date(now.getTime() - days * dayMs);

const at40s = `click:${binOf(40_000)}`;
const habit = (more: Partial<Habit> = {}): Habit => ({
  domainId: 1,
  copies: 12,
  someRecipients: Buffer.alloc(5 * 4),
  tallies: { [at40s]: 12, 'links:6': 12, 'gateway:proofpoint': 12 },
  firstSeenAt: ago(9),
  seenAt: ago(1),
  halvedAt: ago(9),
  ...more,
});
const block = (people: Tallies = {}, more: Partial<HabitBlock> = {}): HabitBlock => ({
  domainId: 1,
  block: 'b',
  machineCopies: 12,
  people,
  firstSeenAt: ago(9),
  seenAt: ago(1),
  personSeenAt: Object.keys(people).length > 0 ? ago(1) : null,
  ...more,
});

describe('delays', () => {
  it('lie in a bin whose range holds them, and every bin is within a fifth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 9 * dayMs }), (delayMs) => {
        const { lowMs, highMs } = rangeOf(new Map([[binOf(delayMs), 1]]));
        assert.ok(lowMs - 1 <= delayMs && delayMs <= highMs + 1, `${lowMs} ${delayMs} ${highMs}`);
        assert.ok(highMs / lowMs < 1.2);
      }),
    );
  });

  it('have quantiles that are those of the sorted values, by bin', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: dayMs }), { minLength: 1, maxLength: 60 }), (delays) => {
        const histogram = new Map<number, number>();
        for (const delay of delays) histogram.set(binOf(delay), (histogram.get(binOf(delay)) ?? 0) + 1);
        const sorted = delays.map(binOf).sort((one, other) => one - other);
        for (const share of [0.05, 0.5, 0.95])
          assert.equal(quantileOf(histogram, share), sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]);
      }),
    );
  });

  it('are usual within the range widened by half, and far off beyond three times it', () => {
    const range = { medianMs: 40_000, lowMs: 30_000, highMs: 60_000 };
    assert.deepEqual(
      [19_000, 21_000, 89_000, 91_000].map((delayMs) => isUsual(range, delayMs)),
      [false, true, true, false],
    );
    assert.deepEqual(
      [6_000, 12_000, 100_000, 250_000].map((delayMs) => isFarOff(range, binOf(delayMs))),
      [true, false, false, true],
    );
  });
});

describe('what is counted', () => {
  it('is as it was once it is taken back, in any order', () => {
    const keys = fc.array(fc.constantFrom('click:1', 'open:2', 'links:6', 'actor:proofpoint'), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 12 }), (lessons) => {
        const full = lessons.reduce<Tallies>((sum, lesson) => tallied(sum, lesson, 1), {});
        const empty = lessons.toReversed().reduce<Tallies>((sum, lesson) => tallied(sum, lesson, -1), full);
        assert.deepEqual(empty, {});
      }),
    );
  });

  it('never falls below nothing', () => assert.deepEqual(tallied({}, ['click:1'], -1), {}));

  it('is halved once for every 30 days, whenever it is looked at', () => {
    const old = habit({ halvedAt: ago(65) });
    const { copies, tallies, halvedAt } = aged(old, now);
    assert.deepEqual([copies, tallies['links:6'], halvedAt], [3, 3, ago(5)]);
    assert.deepEqual(aged(aged(old, ago(20)), now), aged(old, now));
  });
});

describe('a block', () => {
  const ranges = usedRanges(habit().tallies);
  const cases: readonly (readonly [string, boolean, HabitBlock])[] = [
    ['is the scanner’s where nobody else was seen', true, block()],
    ['is not, with a click at another time', false, block({ [`click:${binOf(1_800_000)}`]: 1 })],
    ['is, with a few clicks at the scanner’s own time', true, block({ [at40s]: 3 })],
    ['is not, with as many of these as scans', false, block({ [at40s]: 12 })],
    [
      'is, where the same few copies were opened and clicked',
      true,
      block({ [at40s]: 7, [`open:${binOf(40_000)}`]: 7 }),
    ],
    ['is, with an open at the time of its clicks, if nobody knows when it opens', true, block({ 'open:20': 1 })],
    ['is not, with an open at another time', false, block({ [`open:${binOf(1_800_000)}`]: 1 })],
    ['is not, with a hit whose delivery is unknown', false, block({ unknown: 1 })],
    ['is again when the person was not seen for 180 days', true, block({ unknown: 1 }, { personSeenAt: ago(181) })],
    ['is not on its first day', false, block({}, { firstSeenAt: ago(0.9) })],
    ['is not with two copies', false, block({}, { machineCopies: 2 })],
    ['is not with people only', false, block({ [at40s]: 1 }, { machineCopies: 0, firstSeenAt: null })],
  ];
  for (const [name, isOwn, one] of cases) it(name, () => assert.equal(isScannersOwn(one, ranges, now), isOwn));
});

describe('a habit', () => {
  it('needs ten copies, five recipients and known deliveries before it is used', () => {
    assert.equal(whyTooLittle(habit()), undefined);
    assert.match(whyTooLittle(habit({ copies: 9 })) ?? '', /10 copies/);
    assert.match(whyTooLittle(habit({ someRecipients: Buffer.alloc(16) })) ?? '', /5 recipients/);
    assert.match(whyTooLittle(habit({ tallies: { 'links:6': 12 } })) ?? '', /delivery/);
  });

  const sentences: readonly (readonly [string, Partial<Habit>])[] = [
    ['Proofpoint, bursts of 6 links about 40 s after delivery', {}],
    ['a scanner, single links about 3 s after delivery', { tallies: { [`click:${binOf(3_000)}`]: 12, 'links:1': 12 } }],
    [
      'Mimecast, images loaded about 4 min after delivery',
      { tallies: { [`open:${binOf(240_000)}`]: 9, 'gateway:mimecast': 9 } },
    ],
    ['a scanner, bursts of 4 links', { tallies: { 'links:4': 12 } }],
    ['a scanner, 1 copy so far', { copies: 1, tallies: {} }],
    ['a scanner', { tallies: { 'actor:robot': 12 } }],
    [
      'a scanner, single links about 3 h after delivery',
      { tallies: { [`click:${binOf(10_500_000)}`]: 12, 'links:1': 12 } },
    ],
  ];
  for (const [sentence, more] of sentences)
    it(`is told as “${sentence}”`, () => {
      const told = describeHabit(habit(more), { domain: 'mercy.example', isLearning: true, ownBlocks: 1 });
      assert.equal(told.sentence, `mercy.example: ${sentence}`);
    });
});
