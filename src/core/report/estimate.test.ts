import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type EstimateCounts,
  estimateHiddenOpens,
  estimateRow,
  type HiddenOpens,
  type WithheldCode,
} from './estimate.ts';

/** Mulberry32: a small generator with a seed, so that every run of this test sees the same worlds. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** How many of so many did it, each with that probability: counted by the gaps between them. */
function howMany(random: () => number, of: number, probability: number): number {
  if (probability >= 1) return of;
  if (probability > 0.5) return of - howMany(random, of, 1 - probability);
  let count = 0;
  const gap = Math.log1p(-probability);
  for (let at = Math.log(1 - random()) / gap; at < of; at += 1 + Math.floor(Math.log(1 - random()) / gap)) count++;
  return count;
}

interface Setting {
  readonly delivered: number;
  readonly appleShare: number;
  readonly openRate: number;
  readonly clicksPerOpen: number;
  /** How much likelier an opener behind the prefetch clicks than another: the assumption is 1. */
  readonly appleClicks?: number;
}

interface Sample {
  readonly counts: EstimateCounts;
  /** What nobody sees: the opens of this very campaign. */
  readonly truth: number;
}

function sampleOf(random: () => number, setting: Setting): Sample {
  const { delivered, appleShare, openRate, clicksPerOpen, appleClicks = 1 } = setting;
  const prefetched = Math.round(delivered * appleShare);
  const openers = howMany(random, delivered - prefetched, openRate * 0.8); // those behind a prefetch need not open as often
  const truth = howMany(random, prefetched, openRate);
  const prefetchedClickers = howMany(random, truth, clicksPerOpen * appleClicks);
  const counts = {
    openers,
    clickersOfOpeners: howMany(random, openers, clicksPerOpen),
    prefetched,
    knownOpeners: prefetchedClickers,
    prefetchedClickers,
  };
  return { counts, truth };
}

const settings: readonly Setting[] = [120, 400, 1_500, 20_000].flatMap((delivered) =>
  [0.15, 0.4, 0.7].flatMap((appleShare) =>
    [0.1, 0.3, 0.6, 0.9, 1].flatMap((openRate) =>
      [0.05, 0.2, 0.5].map((clicksPerOpen) => ({ delivered, appleShare, openRate, clicksPerOpen })),
    ),
  ),
);

interface Outcome {
  readonly setting: Setting;
  readonly runs: number;
  readonly told: number;
  readonly covered: number;
  /** Mean of estimated less true open rate, where told. */
  readonly bias: number;
  readonly withheld: ReadonlyMap<WithheldCode, number>;
}

function play(random: () => number, setting: Setting, runs: number): Outcome {
  const withheld = new Map<WithheldCode, number>();
  let [told, covered, error] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const { counts, truth } = sampleOf(random, setting);
    const answer = estimateHiddenOpens(counts);
    if ('withheld' in answer) {
      withheld.set(answer.withheld.code, 1 + (withheld.get(answer.withheld.code) ?? 0));
      continue;
    }
    told++;
    if (answer.low <= truth && truth <= answer.high) covered++;
    error += (answer.opened - truth) / counts.prefetched;
  }
  return { setting, runs, told, covered, bias: error / told, withheld };
}

const total = (outcomes: readonly Outcome[], pick: (one: Outcome) => number): number =>
  outcomes.reduce((sum, one) => sum + pick(one), 0);

const said = (counts: EstimateCounts): HiddenOpens => {
  const answer = estimateHiddenOpens(counts);
  if ('withheld' in answer) throw new Error(answer.withheld.text);
  return answer;
};
const codeOf = (counts: EstimateCounts): WithheldCode | null => {
  const answer = estimateHiddenOpens(counts);
  return 'withheld' in answer ? answer.withheld.code : null;
};

const usual: EstimateCounts = {
  openers: 400,
  clickersOfOpeners: 80,
  prefetched: 600,
  knownOpeners: 60,
  prefetchedClickers: 60,
};

describe('the estimate of opens behind Apple’s prefetch, in a simulation of known truth', () => {
  const outcomes: readonly Outcome[] = settings.map((setting, at) => play(seeded(1000 + at), setting, 300));
  const often = outcomes.filter((one) => one.told >= one.runs / 2);

  it('holds the opens of the campaign in its interval in at least 93 % of runs, and in 90 % of every setting', (t) => {
    const told = total(outcomes, (one) => one.told);
    const coverage = total(outcomes, (one) => one.covered) / told;
    const rated = outcomes.filter((one) => one.told >= 30);
    const worst = rated.toSorted((a, b) => a.covered / a.told - b.covered / b.told)[0];
    t.diagnostic(
      `${settings.length} settings, ${told} intervals: ${(100 * coverage).toFixed(1)} % hold the truth; worst setting ` +
        `${((100 * (worst?.covered ?? 0)) / (worst?.told ?? 1)).toFixed(1)} %`,
    );
    assert.ok(rated.length >= 60, `${rated.length} settings told often enough`);
    assert.ok(coverage >= 0.93, String(coverage));
    for (const { setting, covered, told } of rated)
      assert.ok(covered / told >= 0.9, `${covered} of ${told} in ${JSON.stringify(setting)}`);
  });

  it('is not so wide that it would hold anything', () => {
    const { low, high } = said({
      ...usual,
      openers: 40_000,
      clickersOfOpeners: 8_000,
      prefetched: 60_000,
      knownOpeners: 6_000,
      prefetchedClickers: 6_000,
    });
    assert.ok(high - low < 0.04 * 60_000, `${low} to ${high}`);
    assert.ok(said(usual).high - said(usual).low < 0.4 * usual.prefetched);
  });

  it('does not lean to either side where it is usually told', (t) => {
    const inside = often.filter((one) => one.setting.openRate <= 0.6 && one.told >= 0.95 * one.runs);
    assert.ok(inside.length >= 30, String(inside.length));
    const mean = inside.reduce((sum, one) => sum + one.bias, 0) / inside.length;
    const most = Math.max(...inside.map((one) => Math.abs(one.bias)));
    t.diagnostic(`bias of the open rate: mean ${(100 * mean).toFixed(2)} points, at most ${(100 * most).toFixed(1)}`);
    assert.ok(Math.abs(mean) < 0.01, String(mean));
    assert.ok(most < 0.04, String(most));
  });

  it('is withheld where clickers are few, and told where they are not', () => {
    const clickersExpected = ({ delivered, appleShare, openRate, clicksPerOpen }: Setting): number =>
      delivered * openRate * clicksPerOpen * Math.min(appleShare, 0.8 * (1 - appleShare));
    const thin = outcomes.filter(({ setting }) => clickersExpected(setting) < 3);
    const rich = outcomes.filter(({ setting }) => clickersExpected(setting) > 25 && setting.openRate < 1);
    assert.ok(thin.length >= 20 && rich.length >= 20, `${thin.length} ${rich.length}`);
    assert.ok(total(thin, (one) => one.told) <= 0.002 * total(thin, (one) => one.runs));
    for (const one of rich) assert.ok(one.told >= 0.97 * one.runs, JSON.stringify(one.setting));
  });

  it('is wrong by as much as its assumption: who clicks half as often seems to open half as often', () => {
    const broken = { delivered: 20_000, appleShare: 0.5, openRate: 0.4, clicksPerOpen: 0.3 };
    const half = play(seeded(7), { ...broken, appleClicks: 0.5 }, 100);
    assert.ok(Math.abs(half.bias - -0.2) < 0.01, String(half.bias));
    assert.equal(half.covered, 0);
    const more = play(seeded(8), { ...broken, appleClicks: 1.5 }, 100);
    assert.ok(Math.abs(more.bias - 0.2) < 0.01, String(more.bias));
    assert.equal(more.covered, 0);
  });

  it('says that the assumption is contradicted when there are more clicks than all openers would have made', () => {
    const impossible = { delivered: 20_000, appleShare: 0.5, openRate: 0.9, clicksPerOpen: 0.2, appleClicks: 2 };
    assert.equal(play(seeded(9), impossible, 50).withheld.get('contradicted'), 50);
  });
});

describe('the estimate of opens behind Apple’s prefetch', () => {
  it('is withheld below ten clickers on either side, and where nothing is hidden', () => {
    assert.equal(codeOf({ ...usual, clickersOfOpeners: 9 }), 'too-few-clickers');
    assert.equal(codeOf({ ...usual, prefetchedClickers: 9 }), 'too-few-clickers');
    assert.equal(codeOf({ ...usual, clickersOfOpeners: 10, prefetchedClickers: 10 }), null);
    assert.equal(codeOf({ ...usual, prefetched: 0, knownOpeners: 0, prefetchedClickers: 0 }), 'no-prefetch');
  });

  it('is the ratio of clicks in the middle, and never below who is known to have opened or above who was reached', () => {
    const { opened, low, high } = said(usual);
    assert.ok(Math.abs(opened - 60 / (80 / 400)) < 5, String(opened));
    assert.ok(low < opened && opened < high);
    assert.deepEqual(said({ ...usual, knownOpeners: 600 }), { opened: 600, low: 600, high: 600 });
    assert.equal(said({ ...usual, prefetched: 310 }).high, 310);
    assert.ok(said({ ...usual, knownOpeners: 250 }).low >= 250);
    const all = said({ ...usual, openers: 80, knownOpeners: 60 });
    assert.deepEqual([all.low, all.high >= 60], [60, true]);
  });

  it('agrees with the hypergeometric distribution worked out in full', () => {
    const choose = (n: number, k: number): number => {
      let logarithm = 0;
      for (let at = 1; at <= k; at++) logarithm += Math.log(n - k + at) - Math.log(at);
      return logarithm;
    };
    const counts = { openers: 90, clickersOfOpeners: 21, prefetched: 200, knownOpeners: 17, prefetchedClickers: 17 };
    const chance = (opened: number, from: number, to: number): number => {
      let [part, whole] = [0, 0];
      for (let seen = 10; seen <= Math.min(28, opened); seen++) {
        const term = Math.exp(choose(opened, seen) + choose(90, 38 - seen) - choose(opened + 90, 38));
        whole += term;
        if (seen >= from && seen <= to) part += term;
      }
      return part / whole;
    };
    const possible = Array.from({ length: 200 - 17 + 1 }, (_, at) => 17 + at).filter(
      (opened) => chance(opened, 17, 28) > 0.025 && chance(opened, 10, 17) > 0.025,
    );
    const { low, high } = said(counts);
    assert.deepEqual([low, high], [possible[0], possible.at(-1)]);
    assert.equal(possible.length, high - low + 1);
  });

  it('takes less than a millisecond, for a thousand recipients or for hundreds of thousands', () => {
    for (const scale of [1, 30, 300]) {
      const scaled = Object.fromEntries(Object.entries(usual).map(([name, count]) => [name, count * scale]));
      const tookMs = Array.from({ length: 30 }, (_, round) => {
        const startedAt = performance.now();
        said({ ...usual, ...scaled, openers: 400 * scale + round }); // never twice the same: answers are remembered
        return performance.now() - startedAt;
      });
      assert.ok(Math.min(...tookMs) < 1, `${Math.min(...tookMs)} ms at ${scale}`);
    }
  });
});

describe('a row’s estimated open rate', () => {
  it('counts who is seen to have opened and fills in what the prefetch hides, over all who were reached', () => {
    const { opened, low, high } = said(usual);
    const { estimated, estimateWithheld } = estimateRow({ delivered: 2_000, openedByPeople: 500 }, usual);
    assert.equal(estimateWithheld, null);
    assert.deepEqual(
      [estimated?.openRate, estimated?.low, estimated?.high],
      [(440 + opened) / 2_000, (440 + low) / 2_000, (440 + high) / 2_000],
    );
    assert.deepEqual(estimated?.apple, {
      recipients: 600,
      openRate: opened / 600,
      low: low / 600,
      high: high / 600,
    });
    assert.ok((estimated?.low ?? 0) >= 500 / 2_000);
    assert.match(estimated?.assumption ?? '', /clicked as often as/);
  });

  it('says why there is none', () => {
    const none = { ...usual, prefetched: 0, knownOpeners: 0, prefetchedClickers: 0 };
    const { estimated, estimateWithheld } = estimateRow({ delivered: 2_000, openedByPeople: 500 }, none);
    assert.equal(estimated, null);
    assert.equal(estimateWithheld?.code, 'no-prefetch');
  });
});
