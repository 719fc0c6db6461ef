import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bitOf, maskOf } from './kinds.ts';
import { boundsOf } from './range.ts';
import { type Counts, figuresOf, noCounts } from './rates.ts';
import { automatedEvents, counts, whoSaw } from './view.ts';

const human = bitOf({ verdict: 'human', strength: 'certain' });
const suspected = bitOf({ verdict: 'human', strength: 'suspected' });
const probable = bitOf({ verdict: 'automated', strength: 'probable' });
const certain = bitOf({ verdict: 'automated', strength: 'certain' });
const openedBy = (opens: number, view: 'strict' | 'balanced' | 'lenient') => whoSaw({ opens, clicks: 0 }, view).opened;

describe('a view', () => {
  it('strict believes only the unsuspected person', () => {
    assert.deepEqual(
      [human, suspected, probable, certain].map((opens) => openedBy(opens, 'strict')),
      ['people', 'machines', 'machines', 'machines'],
    );
  });

  it('balanced gives a suspect the benefit of the doubt', () => {
    assert.deepEqual(
      [human, suspected, probable, certain].map((opens) => openedBy(opens, 'balanced')),
      ['people', 'people', 'machines', 'machines'],
    );
  });

  it('lenient believes only certain signals', () => {
    assert.deepEqual(
      [human, suspected, probable, certain].map((opens) => openedBy(opens, 'lenient')),
      ['people', 'people', 'people', 'machines'],
    );
  });

  it('takes a person’s click as a person’s open, and a machine’s click as no open at all', () => {
    assert.deepEqual(whoSaw({ opens: 0, clicks: human }, 'balanced'), { opened: 'people', clicked: 'people' });
    assert.deepEqual(whoSaw({ opens: certain, clicks: human }, 'balanced'), { opened: 'people', clicked: 'people' });
    assert.deepEqual(whoSaw({ opens: 0, clicks: certain }, 'balanced'), { opened: null, clicked: 'machines' });
  });

  it('calls machines only those with nothing human', () => {
    assert.equal(openedBy(human | certain, 'strict'), 'people');
    assert.equal(openedBy(suspected | certain, 'strict'), 'machines');
    assert.equal(maskOf([0, 1, 0, 2]), suspected | certain);
  });
});

describe('suppression', () => {
  it('is the account’s unless the report overrides it', () => {
    assert.deepEqual(
      [
        automatedEvents('account', true),
        automatedEvents('account', false),
        automatedEvents('include', true),
        automatedEvents('exclude', false),
      ],
      ['excluded', 'included', 'included', 'excluded'],
    );
    assert.deepEqual(
      [
        counts('machines', 'excluded'),
        counts('machines', 'included'),
        counts('people', 'excluded'),
        counts(null, 'included'),
      ],
      [false, true, true, false],
    );
  });
});

const some: Counts = {
  sent: 12,
  delivered: 10,
  bounced: 1,
  deferred: 1,
  unsubscribed: 1,
  complained: 1,
  openedByPeople: 4,
  openedByMachines: 1,
  clickedByPeople: 2,
  clickedByMachines: 5,
};

describe('rates', () => {
  it('count people alone while automated events are suppressed', () => {
    const { opened, clicked, openRate, clickRate, clickToOpenRate } = figuresOf(some, 'excluded');
    assert.deepEqual(
      { opened, clicked, openRate, clickRate, clickToOpenRate },
      { opened: 4, clicked: 2, openRate: 0.4, clickRate: 0.2, clickToOpenRate: 0.5 },
    );
  });

  it('count both otherwise, and may then exceed one: scanners click without opening', () => {
    const { opened, clicked, openRate, clickRate, clickToOpenRate } = figuresOf(some, 'included');
    assert.deepEqual(
      { opened, clicked, openRate, clickRate, clickToOpenRate },
      { opened: 5, clicked: 7, openRate: 0.5, clickRate: 0.7, clickToOpenRate: 1.4 },
    );
  });

  it('show people, machines and all whatever was chosen', () => {
    for (const automated of ['included', 'excluded'] as const) {
      const { people, machines, all } = figuresOf(some, automated);
      assert.deepEqual(
        { people, machines, all },
        { people: { opened: 4, clicked: 2 }, machines: { opened: 1, clicked: 5 }, all: { opened: 5, clicked: 7 } },
      );
    }
  });

  it('are null over a zero denominator, and where a link has no opens', () => {
    const empty = figuresOf(noCounts, 'included');
    assert.deepEqual([empty.openRate, empty.clickRate, empty.clickToOpenRate], [null, null, null]);
    const link = figuresOf({ ...some, openedByPeople: null, openedByMachines: null }, 'included');
    assert.deepEqual(
      [link.opened, link.openRate, link.clickToOpenRate, link.clickRate, link.all.opened],
      [null, null, null, 0.7, null],
    );
  });
});

describe('the bounds of a report', () => {
  it('refuse an empty or reversed range', () => {
    for (const asked of [
      { since: '2026-11-22', until: '2026-11-21' },
      { since: '2026-11-22T01:00:00Z', until: '2026-11-21' },
      { since: '2026-11-22T01:00:00Z', until: '2026-11-22T01:00:00Z' },
    ]) {
      assert.equal(boundsOf('UTC', asked), null);
    }
  });

  it('take a day as the whole of it in the account’s zone and years beyond reason as the ends of time', () => {
    const { since, until } = boundsOf('Asia/Kolkata', { since: '2026-11-22', until: '9999-12-31' }) ?? {};
    assert.equal(since?.toISOString(), '2026-11-21T18:30:00.000Z');
    assert.equal(until?.toISOString(), '9000-01-01T00:00:00.000Z');
    const oneDay = boundsOf('Asia/Kolkata', { since: '2026-11-22', until: '2026-11-22' });
    assert.equal(oneDay?.until?.toISOString(), '2026-11-22T18:30:00.000Z');
  });
});
