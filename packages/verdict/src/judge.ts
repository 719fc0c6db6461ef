/**
 * Judges: evidence of one copy in, verdicts out. Every hit is first looked at among its neighbours, then once more in the light of
 * the people found. The order in which hits are handed in never matters, and no clock is read.
 */
import { combine, type Outcome, type Signs } from './combine.ts';
import type { Evidence } from './evidence.ts';
import type { Networks } from './networks.ts';
import { timeMs } from './read-fields.ts';
import { RULESET, rules } from './rules/index.ts';
import type { Kind, Rule } from './rules/rule.ts';
import { ALONE, type Scene, sceneOf } from './scene.ts';
import { seenBy, type Verdict, type View } from './verdict.ts';

export interface JudgeOptions {
  /** Networks to look addresses up in; the built-in facts when absent. Used by `judge` only: evidence has its matches. */
  readonly networks?: Networks;
  /** The moment of judging, ISO 8601. Without it every verdict is a settled one. */
  readonly asOf?: string;
  /** Another view than the balanced one, for the verdicts handed out. Store balanced ones: the others follow from them. */
  readonly view?: View;
  /** Ids of rules that are switched off. */
  readonly disabledRules?: readonly string[];
}

/** At most so many hits of a sequence are judged together. */
export const SEQUENCE_LIMIT = 1_000;
const MINUTE_MS = 60_000;
const SETTLE_MS = 15 * MINUTE_MS;
/** A burst needs at most this long to show: before that, even a browser's own word about its person is not settled. */
const BURST_MS = 5_000;

/** What holds for one call of the judge. */
export interface Bench {
  readonly alone: RulesByKind;
  readonly together: RulesByKind;
  readonly settled: RulesByKind;
  readonly isEnabled: (rule: string) => boolean;
  readonly ruleset: string;
  readonly asOfMs: number | undefined;
  readonly view: View;
}

type RulesByKind = Readonly<Record<Kind, readonly Rule[]>>;

const ALL_RULES = rulesOf(new Set());

function rulesOf(disabled: ReadonlySet<string>): Pick<Bench, 'alone' | 'together' | 'settled'> {
  const pick = (needs: readonly Rule['needs'][]): RulesByKind => {
    const some = rules.filter((rule) => needs.includes(rule.needs) && !disabled.has(rule.id));
    return {
      open: some.filter((rule) => rule.kinds.includes('open')),
      click: some.filter((rule) => rule.kinds.includes('click')),
    };
  };
  return { alone: pick(['hit']), together: pick(['hit', 'sequence']), settled: pick(['settled']) };
}

/** The name of the ruleset less the rules that are switched off. What is no rule changes no name. */
export function rulesetWithout(disabledRules: readonly string[]): string {
  const without = rules.map((rule) => rule.id).filter((id) => disabledRules.includes(id));
  return without.length === 0 ? RULESET : `${RULESET} without ${without.sort().join(', ')}`;
}

type RulesInForce = Pick<Bench, 'alone' | 'together' | 'settled' | 'isEnabled' | 'ruleset'>;

const ALL_IN_FORCE: RulesInForce = { ...ALL_RULES, isEnabled: () => true, ruleset: RULESET };
/** A service judges for a few accounts again and again; the bound is for callers who make sets up. */
const inForceWithout = new Map<string, RulesInForce>();
const MOST_SETS = 200;

function rulesInForce(disabledRules: readonly string[]): RulesInForce {
  const name = disabledRules.join(' ');
  const known = inForceWithout.get(name);
  if (known !== undefined) return known;
  const disabled = new Set(disabledRules);
  const made = {
    ...rulesOf(disabled),
    isEnabled: (rule: string) => !disabled.has(rule),
    ruleset: rulesetWithout(disabledRules),
  };
  if (inForceWithout.size >= MOST_SETS) inForceWithout.clear();
  inForceWithout.set(name, made);
  return made;
}

export function benchOf({ disabledRules, asOf, view }: JudgeOptions): Bench {
  const inForce =
    disabledRules === undefined || disabledRules.length === 0 ? ALL_IN_FORCE : rulesInForce(disabledRules);
  return { ...inForce, asOfMs: timeMs(asOf), view: view ?? 'balanced' };
}

/** Verdicts for all hits of one recipient's copy, in the order they came in. */
export function judgeSequence(evidence: readonly Evidence[], options: JudgeOptions = {}): Verdict[] {
  return judgeCopy(evidence, benchOf(options));
}

export function judgeCopy(evidence: readonly Evidence[], bench: Bench): Verdict[] {
  const only = evidence[0];
  if (only === undefined) return [];
  if (evidence.length === 1) return [judgeAlone(only, bench)];
  const representatives = onceEach(evidence);
  const hits = [...new Set(representatives)].sort(byTime);
  const together = hits.length > SEQUENCE_LIMIT ? hits.slice(0, SEQUENCE_LIMIT) : hits;
  const verdicts = judgeTogether(together, bench);
  return representatives.map((hit) => verdicts.get(hit) ?? { ...judgeAlone(hit, bench), judgedAlone: true });
}

/** One hit by itself: no neighbours, no bursts, no taint. */
export function judgeAlone(hit: Evidence, bench: Bench): Verdict {
  return tell(hit, combine(hit, signsOf(hit, ALONE, bench.alone)), bench);
}

/** For each hit the one that stands for it: the same id, kind, time and link is one hit that was handed in twice. */
function onceEach(evidence: readonly Evidence[]): readonly Evidence[] {
  if (areAllDifferent(evidence)) return evidence;
  const known = new Map<string, Evidence>();
  const keyOf = (hit: Evidence): string => `${hit.id} ${hit.kind} ${hit.atMs} ${hit.link}`;
  for (const hit of evidence) {
    if (hit.id === undefined) continue;
    const key = keyOf(hit);
    const twin = known.get(key);
    if (twin === undefined || byContent(hit, twin) < 0) known.set(key, hit);
  }
  if (known.size === evidence.length) return evidence;
  return evidence.map((hit) => (hit.id === undefined ? hit : (known.get(keyOf(hit)) ?? hit)));
}

function areAllDifferent(evidence: readonly Evidence[]): boolean {
  const ids = new Set<string>();
  return evidence.every((hit) => hit.id === undefined || ids.size < ids.add(hit.id).size);
}

/** Ties are broken by content, so that the order of arrival cannot matter. Without a time a hit comes last. */
function byTime(one: Evidence, other: Evidence): number {
  return (one.atMs ?? Number.MAX_VALUE) - (other.atMs ?? Number.MAX_VALUE) || byContent(one, other);
}

function byContent(one: Evidence, other: Evidence): number {
  const left = JSON.stringify(one);
  const right = JSON.stringify(other);
  return left < right ? -1 : left > right ? 1 : 0;
}

interface Judged {
  readonly hit: Evidence;
  readonly signs: Signs;
  readonly outcome: Outcome;
}

/** Twice over: once with the neighbours, and again with what the people among them prove. */
function judgeTogether(hits: readonly Evidence[], bench: Bench): ReadonlyMap<Evidence, Verdict> {
  const scene = sceneOf(hits, bench.isEnabled);
  const judged = hits.map((hit): Judged => {
    const signs = signsOf(hit, scene, bench.together);
    return { hit, signs, outcome: combine(hit, signs) };
  });
  const people: Evidence[] = [];
  for (const one of judged) if (isSettledPerson(one, bench.asOfMs)) people.push(one.hit);
  const peopled: Scene = { ...scene, people };
  const verdicts = new Map<Evidence, Verdict>();
  for (const one of judged) {
    const proven = people.length === 0 ? NO_SIGNS : signsOf(one.hit, peopled, bench.settled);
    verdicts.set(one.hit, tell(one.hit, proven.person.length === 0 ? one.outcome : reconsider(one, proven), bench));
  }
  return verdicts;
}

function reconsider({ hit, signs }: Judged, proven: Signs): Outcome {
  return combine(hit, { machine: signs.machine, person: [...signs.person, ...proven.person] });
}

const NO_SIGNS: Signs = { machine: [], person: [] };

function signsOf(hit: Evidence, scene: Scene, byKind: RulesByKind): Signs {
  let machine = NO_SIGNS.machine;
  let person = NO_SIGNS.person;
  for (const rule of byKind[hit.kind]) {
    if (rule.says === 'machine') {
      const finding = rule.find(hit, scene);
      if (finding !== undefined) machine = [...machine, { rule: rule.id, family: rule.family, finding }];
    } else {
      const support = rule.find(hit, scene);
      if (support !== undefined) person = [...person, { rule: rule.id, support }];
    }
  }
  return machine.length === 0 && person.length === 0 ? NO_SIGNS : { machine, person };
}

/** Plainly human, not merely suspected, and past the time in which later hits could still show a machine. */
function isSettledPerson({ hit, outcome }: Judged, asOfMs: number | undefined): boolean {
  if (outcome.verdict !== 'human' || outcome.strength === 'suspected') return false;
  return !isProvisional(hit, outcome, asOfMs);
}

/** Settled 15 min after the hit, or at once when certain. A one-click unsubscription acts at once. */
function isProvisional(hit: Evidence, outcome: Outcome, asOfMs: number | undefined): boolean {
  if (asOfMs === undefined || hit.atMs === undefined || hit.method === 'one-click') return false;
  const ageMs = asOfMs - hit.atMs;
  if (outcome.strength !== 'certain') return ageMs < SETTLE_MS;
  return outcome.verdict === 'human' && ageMs < BURST_MS;
}

function tell(hit: Evidence, outcome: Outcome, bench: Bench): Verdict {
  const { id } = hit;
  const { verdict, strength, actor, unknowable, reasons } = outcome;
  const { ruleset } = bench;
  const provisional = isProvisional(hit, outcome, bench.asOfMs);
  const told: Verdict =
    id === undefined
      ? { verdict, strength, actor, unknowable, reasons, ruleset, provisional }
      : { id, verdict, strength, actor, unknowable, reasons, ruleset, provisional };
  return bench.view === 'balanced' ? told : seenBy(bench.view, told);
}
