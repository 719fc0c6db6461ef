/** How the console writes numbers, moments and verdicts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { barsOf, isBetterByDay } from '../../web/console/campaign-report/activity-series.ts';
import { intervalWords } from '../../web/console/campaign-report/estimate-words.ts';
import { spanWords } from '../../web/console/judge/history/span-words.ts';
import { ageWords } from '../../web/console/judge/networks/list-words.ts';
import { search } from '../../web/console/judge/rules/rule-words.ts';
import { delayWords, placeOf } from '../../web/console/judge/scanners/delay-axis.ts';
import { outcomeWords } from '../../web/console/judge/words.ts';
import { gatewayName, headlineOf } from '../../web/console/messages/event-words.ts';
import { type Department, inTreeOrder, pathOf } from '../../web/console/people/words.ts';
import { actorFamily, actorName, certaintyOf, sentenceOf } from '../../web/console/verdict/words.ts';
import { count, day, dayRange, later, moment, percent, plural, shareOf } from '../../web/shared/format.ts';

describe('departments', () => {
  const of = (id: string, name: string, parentId: string | null): Department => ({
    ...{ id, name, parentId, idleMinutes: null, absoluteMinutes: null },
  });
  const all = [of('1', 'Cardiac laboratory', '2'), of('2', 'Cardiology', null), of('3', 'Billing', null)];

  it('are named with what they lie under', () => {
    assert.equal(pathOf('1', all), 'Cardiology › Cardiac laboratory');
  });

  it('stand right before those below them, whatever these are called', () => {
    assert.deepEqual(
      inTreeOrder(all).map(({ id }) => id),
      ['3', '2', '1'],
    );
  });
});

describe('numbers', () => {
  it('have thousands separators, and a dash where there is none', () => {
    assert.equal(count(1234567), '1,234,567');
    assert.equal(count(null), '–');
  });

  it('never round somebody away, nor a doubt', () => {
    assert.equal(percent(0.0001), '<0.1%');
    assert.equal(percent(0.9999), '>99.9%');
    assert.equal(percent(0), '0.0%');
    assert.equal(percent(1), '100.0%');
    assert.equal(percent(0.3164), '31.6%');
    assert.equal(percent(null), '–');
  });

  it('have no share of nothing', () => {
    assert.equal(shareOf(0, 0), null);
    assert.equal(shareOf(null, 5), null);
    assert.equal(shareOf(1, 4), 0.25);
  });

  it('agree with their noun', () => {
    assert.equal(plural(1, 'recipient'), '1 recipient');
    assert.equal(plural(1200, 'recipient'), '1,200 recipients');
  });
});

describe('moments', () => {
  it('are written in the account’s time zone', () => {
    assert.match(moment('2026-11-22T03:30:00Z', 'America/New_York'), /^Nov 21, 2026, 10:30\sPM$/);
    assert.match(moment('2026-11-22T03:30:00Z', 'UTC'), /^Nov 22, 2026, 3:30\sAM$/);
  });

  it('of a calendar day have no zone', () => {
    assert.equal(day('2026-11-22'), 'Nov 22, 2026');
    assert.equal(dayRange('2026-11-22', '2026-11-22'), 'Nov 22, 2026');
    assert.match(dayRange('2026-11-18', '2026-11-20'), /^Nov 18\s–\s20, 2026$/);
    assert.equal(dayRange(null, null), '–');
  });

  it('after a delivery are told by their distance', () => {
    const start = '2026-11-22T10:00:00.000Z';
    assert.equal(later(start, '2026-11-22T10:00:00.400Z'), 'at once');
    assert.equal(later(start, '2026-11-22T10:00:01.000Z'), '1 second later');
    assert.equal(later(start, '2026-11-22T10:01:30.000Z'), '90 seconds later');
    assert.equal(later(start, '2026-11-22T11:30:00.000Z'), '90 minutes later');
    assert.equal(later(start, '2026-11-25T11:30:00.000Z'), '3 days later');
    assert.equal(later(start, '2026-11-22T09:59:00.000Z'), 'before');
  });
});

describe('verdicts', () => {
  it('say how sure they are', () => {
    assert.equal(certaintyOf({ verdict: 'human', strength: 'suspected' }), 'With doubts');
    assert.equal(certaintyOf({ verdict: 'automated', strength: 'certain' }), 'Certain');
  });

  it('are sentences that name the actor', () => {
    assert.equal(
      sentenceOf({ verdict: 'automated', strength: 'certain', actor: 'apple-mpp' }),
      'Certainly a machine: Apple Mail Privacy Protection',
    );
    assert.equal(
      sentenceOf({ verdict: 'human', strength: 'probable', actor: 'browser' }),
      'Probably a person, using a web browser',
    );
  });

  it('keep the name of an actor that is not known here', () => {
    assert.equal(actorName('new-scanner'), 'new scanner');
    assert.equal(actorFamily('apple-mail'), 'apple');
    assert.equal(actorFamily('thunderbird'), 'mail');
  });

  it('do not call what a machine did an open', () => {
    const event = { id: '', recipientId: null, occurredAt: '', type: 'opened' } as const;
    const verdict = { actor: 'robot', unknowable: false, reasons: [], ruleset: '', provisional: false } as const;
    const machine = { ...event, verdict: { ...verdict, verdict: 'automated', strength: 'certain' } } as const;
    assert.equal(headlineOf({ ...machine, verdict: { ...machine.verdict, reasons: [] } }), 'Image loaded by a machine');
    assert.equal(headlineOf(event), 'Message opened');
  });

  it('know who stands behind a mail host, and claim nothing else', () => {
    assert.equal(gatewayName('mx0a-1.pphosted.com.'), 'Proofpoint');
    assert.equal(gatewayName('notpphosted.com'), null);
  });
});

describe('an estimate', () => {
  it('is written no finer than it is known, its ends rounded outwards', () => {
    assert.deepEqual(intervalWords({ low: 0.314, high: 0.436, openRate: 0.374 }), {
      low: '31%',
      high: '44%',
      guess: '37%',
    });
    assert.deepEqual(intervalWords({ low: 0.29, high: 0.57, openRate: 0.4 }).low, '29%');
  });

  it('keeps its ends apart where it is narrow', () => {
    assert.deepEqual(intervalWords({ low: 0.374, high: 0.382, openRate: 0.378 }), {
      low: '37.4%',
      high: '38.2%',
      guess: '37.8%',
    });
  });
});

describe('judging again', () => {
  const counts = { recipients: 4, judged: 12, flipped: 5, restated: 7, unreadable: 0 };

  it('is told in one sentence, with who gains', () => {
    const byClass = [
      { from: 'automated-certain', to: 'human', hits: 3 },
      { from: 'human', to: 'automated-probable', hits: 1 },
      { from: 'automated-certain', to: 'automated-probable', hits: 1 },
    ] as const;
    assert.equal(
      outcomeWords({ counts, byClass: [...byClass], dryRun: true }),
      'Of 12 hits, 5 would be judged otherwise: 3 from machine to person, 1 from person to machine.',
    );
  });

  it('says when nothing changes, and when nothing is there', () => {
    const none = { byClass: [], dryRun: false };
    assert.match(outcomeWords({ counts: { ...counts, flipped: 0 }, ...none }), /^Nothing changed/);
    assert.match(outcomeWords({ counts: { ...counts, judged: 0, flipped: 0 }, ...none }), /no hit to judge/);
  });

  it('names the last day that is in it, not the first that is not', () => {
    const span = { since: '2026-11-01T00:00:00Z', until: '2026-11-21T00:00:00Z' };
    assert.equal(spanWords(span, 'UTC'), 'mail of Nov 1, 2026 to Nov 20, 2026');
    assert.equal(spanWords({ since: null, until: null }, 'UTC'), 'all mail');
  });
});

describe('what the judge leans on', () => {
  it('is found by every word of a search, in any of its facts', () => {
    const rule = {
      text: 'Too quick.',
      says: 'machine',
      strengths: ['weak'],
      kinds: ['open'],
      source: 'RFC 1',
    } as const;
    const rules = [{ ...rule, id: 'at-delivery', family: 'timing', enabled: true }].map((one) => ({
      ...one,
      strengths: [...one.strengths],
      kinds: [...one.kinds],
    }));
    assert.equal(search(rules, ' rfc  QUICK', 'all').length, 1);
    assert.equal(search(rules, 'quick slow', 'all').length, 0);
    assert.equal(search(rules, '', 'off').length, 0);
  });

  it('has an age in words', () => {
    assert.deepEqual([null, 0.01, 0.5, 15.9].map(ageWords), [
      'Does not age',
      'Less than an hour',
      '12 hours',
      '15 days',
    ]);
  });

  it('has delays on an axis from a second to a day', () => {
    assert.deepEqual([0, 1000, 86_400_000, 1e12].map(placeOf), [0, 0, 1, 1]);
    assert.ok(placeOf(60_000) < placeOf(120_000));
    assert.deepEqual([41_499, 95_000, 7_200_000].map(delayWords), ['41 s', '2 min', '2 h']);
  });
});

describe('the bars of a chart', () => {
  const point = (at: string, opens: number) => ({
    at,
    people: { opens, clicks: 0 },
    machines: { opens: 1, clicks: 0 },
  });

  it('have none missing between the first and the last', () => {
    const points = [point('2026-11-22T10:00:00Z', 3), point('2026-11-22T13:00:00Z', 2)];
    const bars = barsOf(points, 'opens', 'hour', 'UTC');
    assert.deepEqual(
      bars.map((bar) => bar.people),
      [3, 0, 0, 2],
    );
  });

  it('have one a day when the clocks change', () => {
    // New York falls back on 2026-11-01: that day has 25 hours.
    const points = [
      point('2026-10-31T04:00:00Z', 1),
      point('2026-11-01T04:00:00Z', 2),
      point('2026-11-02T05:00:00Z', 3),
    ];
    const bars = barsOf(points, 'opens', 'day', 'America/New_York');
    assert.deepEqual(
      bars.map((bar) => bar.people),
      [1, 2, 3],
    );
  });

  it('are days once hours would be too many to read', () => {
    assert.equal(isBetterByDay([point('2026-11-01T00:00:00Z', 1), point('2026-11-03T00:00:00Z', 1)]), false);
    assert.equal(isBetterByDay([point('2026-11-01T00:00:00Z', 1), point('2026-11-09T00:00:00Z', 1)]), true);
  });
});
