import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dayOf, nextDay, splitRange, startOfDay, startOfHour } from './days.ts';

const at = (text: string): Date => new Date(text);

describe('days of a time zone', () => {
  it('begin at the zone’s own midnight, half hours included', () => {
    assert.equal(startOfDay('Asia/Kolkata', '2026-11-22').toISOString(), '2026-11-21T18:30:00.000Z');
    assert.equal(startOfDay('America/New_York', '2026-11-22').toISOString(), '2026-11-22T05:00:00.000Z');
    assert.equal(dayOf('Asia/Kolkata', at('2026-11-21T18:29:59.999Z')), '2026-11-21');
    assert.equal(dayOf('Asia/Kolkata', at('2026-11-21T18:30:00Z')), '2026-11-22');
    assert.equal(startOfHour('Asia/Kolkata', at('2026-11-21T18:45:00Z')).toISOString(), '2026-11-21T18:30:00.000Z');
  });

  it('last 23 and 25 hours when the clocks change in Berlin', () => {
    const hours = (day: string): number =>
      (startOfDay('Europe/Berlin', nextDay(day)).getTime() - startOfDay('Europe/Berlin', day).getTime()) / 3_600_000;
    assert.deepEqual(['2026-03-29', '2026-10-25', '2026-10-26'].map(hours), [23, 25, 24]);
  });

  it('begin at the first instant that exists where midnight is skipped', () => {
    // Beirut 2026-03-29 and Santiago 2026-09-06: the clock goes from 24:00 to 01:00.
    for (const [zone, day] of [
      ['Asia/Beirut', '2026-03-29'],
      ['America/Santiago', '2026-09-06'],
    ] as const) {
      const start = startOfDay(zone, day);
      assert.equal(dayOf(zone, start), day);
      assert.notEqual(dayOf(zone, new Date(start.getTime() - 1)), day);
    }
  });

  it('begin at the first of two midnights where the clock goes back over it', () => {
    // Havana 2026-11-01: 01:00 becomes 00:00 again.
    const start = startOfDay('America/Havana', '2026-11-01');
    assert.equal(dayOf('America/Havana', new Date(start.getTime() - 1)), '2026-10-31');
    assert.equal(start.toISOString(), '2026-11-01T04:00:00.000Z');
  });
});

describe('a range', () => {
  it('is whole days when its bounds are midnights', () => {
    const range = { since: at('2026-11-20T18:30:00Z'), until: at('2026-11-22T18:30:00Z') };
    assert.deepEqual(splitRange('Asia/Kolkata', range), { days: { from: '2026-11-21', to: '2026-11-23' }, ends: [] });
  });

  it('within one day has no whole day', () => {
    const range = { since: at('2026-11-20T10:00:00Z'), until: at('2026-11-20T11:00:00Z') };
    assert.deepEqual(splitRange('UTC', range), { days: null, ends: [{ from: range.since, to: range.until }] });
  });

  it('covers each instant once: every instant is in a whole day or in one end, if and only if it is in the range', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Asia/Kolkata',
      'Europe/Berlin',
      'America/St_Johns',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
    );
    const instant = fc.integer({ min: Date.parse('2026-03-20T00:00:00Z'), max: Date.parse('2026-04-10T00:00:00Z') });
    fc.assert(
      fc.property(
        zones,
        instant,
        instant,
        instant,
        fc.boolean(),
        fc.boolean(),
        (zone, a, b, probe, opensLeft, opensRight) => {
          fc.pre(a !== b);
          const since = opensLeft ? null : new Date(Math.min(a, b));
          const until = opensRight ? null : new Date(Math.max(a, b));
          const { days, ends } = splitRange(zone, { since, until });
          const day = dayOf(zone, new Date(probe));
          const inDays =
            days !== null && (days.from === null || day >= days.from) && (days.to === null || day < days.to);
          const inEnds = ends.filter(({ from, to }) => from.getTime() <= probe && probe < to.getTime()).length;
          const isInside = (since === null || probe >= since.getTime()) && (until === null || probe < until.getTime());
          assert.equal(Number(inDays) + inEnds, isInside ? 1 : 0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
