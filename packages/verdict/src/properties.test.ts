/** Whatever the hits: the order in which they arrive, and how often each arrives, never changes a verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  builtInNetworks,
  type Evidence,
  gatherEvidence,
  judge,
  judgeSequence,
  type Observation,
  type Rule,
  rules,
  type Verdict,
} from './index.ts';
import { sceneOf } from './scene.ts';

const START_MS = Date.UTC(2026, 2, 10, 12);
const AGENTS = [
  'Mozilla/5.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'curl/8.5.0',
];
const ADDRESSES = [
  '198.51.100.23',
  '198.51.100.99',
  '203.0.113.5',
  '3.120.10.20',
  '40.94.16.20',
  '172.225.30.8',
  '66.249.84.12',
  '2001:db8::7',
];
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 8 });

const hit = fc.record({
  kind: fc.constantFrom('open', 'click'),
  seconds: maybe(fc.integer({ min: 0, max: 4_000 }).map((value) => (value < 3_000 ? value / 200 : value))),
  ip: maybe(fc.constantFrom(...ADDRESSES)),
  userAgent: maybe(fc.constantFrom(...AGENTS)),
  link: maybe(fc.integer({ min: 0, max: 6 })),
  linkCount: fc.constant(7),
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
  honeypot: fc.integer({ min: 0, max: 30 }).map((value) => value === 0),
  damaged: fc.integer({ min: 0, max: 30 }).map((value) => value === 0),
  headers: maybe(
    fc.constantFrom(
      { host: 't.example', 'sec-purpose': 'prefetch' },
      { host: 't.example' },
      { host: 't.example', 'accept-language': 'de', 'sec-fetch-user': '?1' },
    ),
  ),
  place: maybe(fc.constantFrom('DE', 'US')),
  habit: fc.option(
    fc.record({ copies: fc.nat(30), fitsNetwork: fc.boolean(), fitsDelay: fc.boolean() }, { noNullPrototype: true }),
    { nil: undefined, freq: 3 },
  ),
  providerSays: fc.option(fc.constantFrom('prefetch', 'machine'), { nil: undefined, freq: 3 }),
});

const sequence = fc.array(hit, { maxLength: 14 }).map((hits) =>
  hits.map(({ seconds, damaged, ...rest }, index): Observation => {
    const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const time = seconds === undefined ? {} : { at: new Date(START_MS + seconds * 1000).toISOString() };
    const token = damaged ? ({ token: 'damaged' } as const) : {};
    const base = {
      id: `h${index}`,
      message: 'm',
      recipient: 'r',
      deliveredAt: new Date(START_MS - 8_000).toISOString(),
    };
    return { ...base, ...time, ...token, ...present } as Observation;
  }),
);

/** A sequence and the same hits in another order, some of them twice. */
const shuffled = sequence.chain((hits) =>
  fc.tuple(fc.constant(hits), fc.shuffledSubarray(hits, { minLength: hits.length }), fc.subarray(hits)),
);

function byId(observations: readonly Observation[], verdicts: readonly Verdict[]): Map<unknown, Verdict | undefined> {
  return new Map(observations.map((observation, index) => [observation.id, verdicts[index]]));
}

test('any order of arrival ends in the same verdicts', () => {
  fc.assert(
    fc.property(shuffled, ([hits, other]) => {
      const verdicts = byId(other, judge(other));
      for (const [id, verdict] of byId(hits, judge(hits))) assert.deepEqual(verdicts.get(id), verdict);
    }),
    { numRuns: 400 },
  );
});

test('hits that arrive twice change nothing', () => {
  fc.assert(
    fc.property(shuffled, ([hits, other, again]) => {
      const all = [...other, ...again];
      const verdicts = judge(all);
      const expected = byId(hits, judge(hits));
      for (const [index, { id }] of all.entries()) assert.deepEqual(verdicts[index], expected.get(id));
    }),
    { numRuns: 400 },
  );
});

test('kept evidence is judged as the raw requests were', () => {
  fc.assert(
    fc.property(sequence, (hits) => {
      const kept = hits.map(
        (observation) => JSON.parse(JSON.stringify(gatherEvidence(observation, builtInNetworks))) as Evidence,
      );
      assert.deepEqual(judgeSequence(kept), judge(hits));
    }),
    { numRuns: 300 },
  );
});

/** Whether a rule finds anything in a sequence, or might find it if all of its hits were people's. */
function findsAnything(rule: Rule, evidence: readonly Evidence[]): boolean {
  const hits = [...evidence].sort((one, other) => (one.atMs ?? Number.MAX_VALUE) - (other.atMs ?? Number.MAX_VALUE));
  const scene = { ...sceneOf(hits, () => true), people: hits };
  return hits.some((hit) => rule.kinds.includes(hit.kind) && rule.find(hit, scene) !== undefined);
}

test('switching a rule off changes nothing where that rule finds nothing', () => {
  const strip = (verdicts: readonly Verdict[]) => verdicts.map(({ ruleset: _, ...rest }) => rest);
  fc.assert(
    fc.property(sequence, fc.constantFrom(...rules), (hits, rule) => {
      const evidence = hits.map((hit) => gatherEvidence(hit, builtInNetworks));
      fc.pre(!findsAnything(rule, evidence));
      assert.deepEqual(strip(judgeSequence(evidence, { disabledRules: [rule.id] })), strip(judgeSequence(evidence)));
    }),
    { numRuns: 600 },
  );
});

test('a rule that is switched off is never among the reasons', () => {
  fc.assert(
    fc.property(sequence, fc.constantFrom(...rules), (hits, rule) => {
      const told = judge(hits, { disabledRules: [rule.id] }).flatMap((verdict) => verdict.reasons);
      assert.ok(told.every((reason) => reason.rule !== rule.id));
    }),
    { numRuns: 300 },
  );
});

test('judging is a function: the same hits give the same verdicts, and the hits are left as they were', () => {
  fc.assert(
    fc.property(sequence, (hits) => {
      const before = structuredClone(hits);
      assert.deepEqual(judge(hits), judge(hits));
      assert.deepEqual(hits, before);
    }),
    { numRuns: 100 },
  );
});

test('whatever the fields hold, the judge answers once for each observation', () => {
  const anything = fc.record({
    kind: fc.anything(),
    at: fc.anything(),
    deliveredAt: fc.anything(),
    ip: fc.anything(),
    userAgent: fc.anything(),
    headers: fc.anything(),
    link: fc.anything(),
    linkCount: fc.anything(),
    method: fc.anything(),
    mx: fc.anything(),
    message: fc.constant('m'),
    recipient: fc.constant('r'),
    recipientsFromSource: fc.anything(),
    source: fc.anything(),
    habit: fc.anything(),
    providerSays: fc.anything(),
    id: fc.anything(),
  });
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 5 }), (hits) => {
      assert.equal(judge(hits as unknown as Observation[]).length, hits.length);
    }),
    { numRuns: 500 },
  );
});
