/** Every labelled case is judged as labelled, and every rule is needed by at least one of them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judge, type Observation, rules, type Verdict } from './index.ts';

interface Expected {
  readonly verdict: Verdict['verdict'];
  readonly strength?: Verdict['strength'];
  readonly actor?: string;
  readonly unknowable?: boolean;
  /** A rule that must be among the reasons. */
  readonly rule?: string;
  /** Who it was in truth, where nothing in the hit tells and the judge must say otherwise. */
  readonly truth?: Verdict['verdict'];
}

interface Case {
  readonly case: string;
  readonly source: string;
  readonly sure: 'certain' | 'likely';
  readonly observations: readonly Observation[];
  readonly expect: readonly Expected[];
}

const folder = new URL('../corpus/', import.meta.url);
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
  .map((line) => JSON.parse(line) as Case);

/** What was expected and is not so, in words; empty when the case is judged as labelled. */
function faults(entry: Case, disabledRules: readonly string[] = []): string[] {
  const verdicts = judge(entry.observations, { disabledRules });
  return entry.expect.flatMap((expected, index) => {
    const verdict = verdicts[index];
    assert.ok(verdict);
    const { rule, truth: _, ...plain } = expected;
    const names = Object.keys(plain) as (keyof typeof plain)[];
    const wrong = names.filter((name) => verdict[name] !== plain[name]).map((name) => `${name} is ${verdict[name]}`);
    if (rule !== undefined && !verdict.reasons.some((reason) => reason.rule === rule)) wrong.push(`lacks ${rule}`);
    return wrong.map((fault) => `hit ${index}: ${fault} (${verdict.reasons.map((reason) => reason.rule).join()})`);
  });
}

for (const entry of cases) {
  test(`corpus: ${entry.case}`, () => assert.deepEqual(faults(entry), []));
}

test('the corpus holds at least as many hits by people as by machines, each with its source and how sure it is', () => {
  const hits = cases.flatMap((entry) => entry.expect.map((expected) => expected.truth ?? expected.verdict));
  const people = hits.filter((verdict) => verdict === 'human').length;
  assert.ok(cases.length >= 400, `only ${cases.length} cases`);
  assert.ok(cases.every((entry) => entry.source !== '' && ['certain', 'likely'].includes(entry.sure)));
  assert.ok(cases.every((entry) => entry.observations.length === entry.expect.length));
  assert.equal(new Set(cases.map((entry) => entry.case)).size, cases.length, 'a name is used twice');
  assert.ok(people * 2 >= hits.length, `${people} of ${hits.length} hits are people's`);
});

test('what nothing in the hit tells is labelled likely at most', () => {
  const untold = cases.filter((entry) =>
    entry.expect.some(({ truth, verdict }) => truth !== undefined && truth !== verdict),
  );
  assert.ok(untold.length > 0);
  assert.deepEqual(
    untold.filter((entry) => entry.sure === 'certain').map((entry) => entry.case),
    [],
  );
});

for (const rule of rules) {
  test(`without the rule ${rule.id} some case is judged wrongly`, () => {
    assert.ok(cases.some((entry) => faults(entry, [rule.id]).length > 0));
  });
}

test('no reason holds an address, an agent or a URL', () => {
  for (const entry of cases) {
    for (const { reasons } of judge(entry.observations)) {
      for (const { text } of reasons) assert.doesNotMatch(text, /\d+\.\d+\.\d+|https?:|Mozilla|[0-9a-f]+:[0-9a-f]*:/);
    }
  }
});
