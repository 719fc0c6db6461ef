/**
 * Judges: evidence of one copy in, verdicts out. Every hit is first looked at among its neighbours, then once more in the light of
 * the people found. The order in which hits are handed in never matters, and no clock is read.
 */
import { combine, type MachineSign, type Outcome, type PersonSign, type Signs } from './combine.ts';
import type { Evidence } from './evidence.ts';
import type { Networks } from './networks.ts';
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
  readonly asOfMs: number | undefined;
  readonly view: View;
}

type RulesByKind = Readonly<Record<Kind, readonly Rule[]>>;

const NO_RULES: ReadonlySet<string> = new Set();
const ALL_RULES = rulesOf(NO_RULES);

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

export function benchOf(options: JudgeOptions): Bench {
  const disabled = options.disabledRules === undefined ? NO_RULES : new Set(options.disabledRules);
  const asOfMs = options.asOf === undefined ? Number.NaN : Date.parse(options.asOf);
  return {
    ...(disabled.size === 0 ? ALL_RULES : rulesOf(disabled)),
    isEnabled: (rule) => !disabled.has(rule),
    asOfMs: Number.isNaN(asOfMs) ? undefined : asOfMs,
    view: options.view ?? 'balanced',
  };
}

/** Verdicts for all hits of one recipient's copy, in the order they came in. */
export function judgeSequence(evidence: readonly Evidence[], options: JudgeOptions = {}): Verdict[] {
  return judgeCopy(evidence, benchOf(options));
}

export function judgeCopy(evidence: readonly Evidence[], bench: Bench): Verdict[] {
  const only = evidence[0];
  if (only === undefined) return [];
  if (evidence.length === 1) return [judgeAlone(only, bench)];
  const { hits, keyOf } = inOrder(evidence);
  const together = hits.slice(0, SEQUENCE_LIMIT);
  const verdicts = new Map<string, Verdict>();
  judgeTogether(together, bench).forEach((verdict, index) => {
    const hit = together[index];
    if (hit !== undefined) verdicts.set(keyOf(hit), verdict);
  });
  return evidence.map((hit) => {
    const verdict = verdicts.get(keyOf(hit));
    if (verdict === undefined) return { ...judgeAlone(hit, bench), judgedAlone: true };
    return verdict;
  });
}

/** One hit by itself: no neighbours, no bursts, no taint. */
export function judgeAlone(hit: Evidence, bench: Bench): Verdict {
  return tell(hit, combine(hit, signsOf(hit, ALONE, bench.alone)), bench);
}

/**
 * Hits in order of time, and each only once: the same id, kind, time and link is one hit that was handed in twice. Ties are broken
 * by content, so that the order of arrival cannot matter.
 */
function inOrder(evidence: readonly Evidence[]): { hits: readonly Evidence[]; keyOf: (hit: Evidence) => string } {
  const keys = new Map<Evidence, string>(evidence.map((hit) => [hit, identityOf(hit)]));
  const keyOf = (hit: Evidence): string => keys.get(hit) ?? identityOf(hit);
  const once = new Map<string, Evidence>();
  for (const hit of evidence) {
    const key = keyOf(hit);
    const known = once.get(key);
    if (known === undefined || JSON.stringify(hit) < JSON.stringify(known)) once.set(key, hit);
  }
  const hits = [...once.values()].sort((one, other) => {
    const apart = (one.atMs ?? Number.MAX_VALUE) - (other.atMs ?? Number.MAX_VALUE);
    if (apart !== 0) return apart;
    return keyOf(one) < keyOf(other) ? -1 : 1;
  });
  return { hits, keyOf };
}

/** Without an id a hit is its whole content: two alike in everything are judged alike anyway. */
function identityOf(hit: Evidence): string {
  return hit.id === undefined ? JSON.stringify(hit) : `${hit.id}\n${hit.kind}\n${hit.atMs}\n${hit.link}`;
}

function judgeTogether(hits: readonly Evidence[], bench: Bench): Verdict[] {
  const scene = sceneOf(hits, bench.isEnabled);
  const signs = hits.map((hit) => signsOf(hit, scene, bench.together));
  const first = hits.map((hit, index) => combine(hit, signs[index] ?? NO_SIGNS));
  const people = hits.filter((hit, index) => isSettledPerson(hit, first[index], bench.asOfMs));
  if (people.length === 0) return hits.map((hit, index) => tell(hit, first[index] ?? combine(hit, NO_SIGNS), bench));
  const peopled: Scene = { ...scene, people };
  return hits.map((hit, index) => {
    const more = signsOf(hit, peopled, bench.settled);
    const all = { machine: signs[index]?.machine ?? [], person: [...(signs[index]?.person ?? []), ...more.person] };
    return tell(hit, combine(hit, all), bench);
  });
}

const NO_SIGNS: Signs = { machine: [], person: [] };

function signsOf(hit: Evidence, scene: Scene, byKind: RulesByKind): Signs {
  const machine: MachineSign[] = [];
  const person: PersonSign[] = [];
  for (const rule of byKind[hit.kind]) {
    if (rule.says === 'machine') {
      const finding = rule.find(hit, scene);
      if (finding !== undefined) machine.push({ rule: rule.id, family: rule.family, finding });
    } else {
      const support = rule.find(hit, scene);
      if (support !== undefined) person.push({ rule: rule.id, support });
    }
  }
  return { machine, person };
}

/** Plainly human, not merely suspected, and past the time in which later hits could still show a machine. */
function isSettledPerson(hit: Evidence, outcome: Outcome | undefined, asOfMs: number | undefined): boolean {
  if (outcome?.verdict !== 'human' || outcome.strength === 'suspected') return false;
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
  const verdict: Verdict = {
    ...(hit.id === undefined ? {} : { id: hit.id }),
    verdict: outcome.verdict,
    strength: outcome.strength,
    actor: outcome.actor,
    unknowable: outcome.unknowable,
    reasons: outcome.reasons,
    ruleset: RULESET,
    provisional: isProvisional(hit, outcome, bench.asOfMs),
  };
  return bench.view === 'balanced' ? verdict : seenBy(bench.view, verdict);
}
