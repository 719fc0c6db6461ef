/** Puts every judge before the same labelled hits: overall, by actor and by rule. Reads no file and prints nothing. */
import { judge, rules } from '../src/index.ts';
import { type Case, hitsOf, type LabelledHit } from './corpus.ts';
import { BALANCED, judges } from './judges.ts';
import { type Rate, type Rates, ratesOf, type Tally, tallyOf, wilson } from './tally.ts';

export interface OverallRow extends Tally, Rates {
  readonly table: 'overall';
  readonly hits: string;
  readonly judge: string;
}

/** What every judge makes of the hits of one actor, as Waxwing names it. */
export interface ActorRow {
  readonly table: 'actor';
  readonly actor: string;
  readonly machines: number;
  readonly people: number;
  readonly byJudge: Readonly<Record<string, Tally>>;
}

export interface RuleRow {
  readonly table: 'rule';
  readonly rule: string;
  readonly says: 'machine' | 'person';
  readonly onMachines: number;
  readonly onPeople: number;
  /** How often it was on the right side. A weak sign on a person is wrong here and loses nobody. */
  readonly right: Rate;
  /** Hits that are held to be another's without it. */
  readonly decides: number;
}

export interface Measured {
  readonly overall: readonly OverallRow[];
  readonly actors: readonly ActorRow[];
  readonly rules: readonly RuleRow[];
  /** Names of the cases in which a person labelled certain was taken for a machine (balanced view). */
  readonly lostForCertain: readonly string[];
}

interface JudgedHit extends LabelledHit {
  readonly actor: string;
  readonly told: readonly string[];
  readonly heldMachineBy: ReadonlySet<string>;
}

export function measure(cases: readonly Case[]): Measured {
  const hits = cases.flatMap(judgedHits);
  const lost = hits.filter((hit) => hit.isCertain && !hit.isMachine && hit.heldMachineBy.has(BALANCED));
  return {
    overall: subsetsOf(hits).flatMap(([name, some]) => judges.map((one) => overallRow(name, one.name, some))),
    actors: actorRows(hits),
    rules: ruleRows(cases, hits),
    lostForCertain: [...new Set(lost.map((hit) => hit.caseName))],
  };
}

function judgedHits(entry: Case): JudgedHit[] {
  const verdicts = judge(entry.observations);
  const opinions = judges.map((one) => ({ name: one.name, machines: one.findMachines(entry.observations) }));
  return hitsOf(entry).map((hit, index) => ({
    ...hit,
    actor: verdicts[index]?.actor ?? '',
    told: verdicts[index]?.reasons.map((reason) => reason.rule) ?? [],
    heldMachineBy: new Set(opinions.filter((opinion) => opinion.machines[index]).map((opinion) => opinion.name)),
  }));
}

function subsetsOf(hits: readonly JudgedHit[]): [string, readonly JudgedHit[]][] {
  return [
    ['all', hits],
    ['labelled certain', hits.filter((hit) => hit.isCertain)],
    ['cited', hits.filter((hit) => hit.origin === 'cited')],
    ['partly cited', hits.filter((hit) => hit.origin === 'partly')],
    ['composed', hits.filter((hit) => hit.origin === 'composed')],
  ];
}

const tallyBy = (name: string, hits: readonly JudgedHit[]): Tally =>
  tallyOf(hits.map(({ isMachine, heldMachineBy }) => ({ isMachine, isHeldMachine: heldMachineBy.has(name) })));

function overallRow(hits: string, name: string, some: readonly JudgedHit[]): OverallRow {
  const tally = tallyBy(name, some);
  return { table: 'overall', hits, judge: name, ...tally, ...ratesOf(tally) };
}

function actorRows(hits: readonly JudgedHit[]): ActorRow[] {
  const actors = [...new Set(hits.map((hit) => hit.actor))].sort();
  return actors.map((actor) => {
    const some = hits.filter((hit) => hit.actor === actor);
    const { machines, people } = tallyBy(BALANCED, some);
    const byJudge = Object.fromEntries(judges.map((one) => [one.name, tallyBy(one.name, some)]));
    return { table: 'actor', actor, machines, people, byJudge };
  });
}

function ruleRows(cases: readonly Case[], hits: readonly JudgedHit[]): RuleRow[] {
  return rules.map(({ id, says }) => {
    const told = hits.filter((hit) => hit.told.includes(id));
    const onMachines = told.filter((hit) => hit.isMachine).length;
    const right = says === 'machine' ? onMachines : told.length - onMachines;
    return {
      table: 'rule',
      rule: id,
      says,
      onMachines,
      onPeople: told.length - onMachines,
      right: wilson(right, told.length),
      decides: flipsWithout(id, cases),
    };
  });
}

function flipsWithout(rule: string, cases: readonly Case[]): number {
  return cases.reduce((sum, entry) => {
    const before = judge(entry.observations);
    const after = judge(entry.observations, { disabledRules: [rule] });
    return sum + before.filter((verdict, index) => verdict.verdict !== after[index]?.verdict).length;
  }, 0);
}
