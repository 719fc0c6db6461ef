/** How signs add up to a verdict, and who is named as its actor. The rules' findings come in; nothing else is looked at. */
import type { Evidence } from './evidence.ts';
import { NETWORK_ACTORS } from './network-facts.ts';
import type { Family, Finding, Strength, Support } from './rules/rule.ts';
import type { Reason, Verdict } from './verdict.ts';

export interface MachineSign {
  readonly rule: string;
  readonly family: Family;
  readonly finding: Finding;
}

export interface PersonSign {
  readonly rule: string;
  readonly support: Support;
}

/** All that the rules see in one hit. */
export interface Signs {
  readonly machine: readonly MachineSign[];
  readonly person: readonly PersonSign[];
}

export interface Outcome {
  readonly verdict: Verdict['verdict'];
  readonly strength: Verdict['strength'];
  readonly actor: string;
  readonly unknowable: boolean;
  readonly reasons: readonly Reason[];
}

const FAMILIES_TO_BE_A_MACHINE = 3;
const FAMILIES_TO_BE_SUSPECTED = 2;
const RANK: Readonly<Record<Strength, number>> = { certain: 0, probable: 1, weak: 2 };
const NOTHING_SEEN: readonly Reason[] = [
  { rule: 'no-machine-signs', text: 'Nothing about this request points to a machine.' },
];

/** Any certain sign → automated; else any probable one; else weak signs of three families; of two → human, but suspected. */
export function combine(hit: Evidence, signs: Signs): Outcome {
  if (signs.machine.length === 0) return human(hit, humanStrength(0, signs.person), signs.machine, signs.person);
  const machine = standing(signs);
  const weakFamilies = new Set(machine.filter((sign) => sign.finding.strength === 'weak').map((sign) => sign.family))
    .size;
  const strongest = machine[0]?.finding.strength ?? 'weak';
  if (strongest !== 'weak') return automated(hit, strongest, machine, signs.person);
  if (weakFamilies >= FAMILIES_TO_BE_A_MACHINE) return automated(hit, 'probable', machine, signs.person);
  return human(hit, humanStrength(weakFamilies, signs.person), machine, signs.person);
}

/** The machine signs that are neither shielded nor cancelled, strongest first. */
function standing(signs: Signs): readonly MachineSign[] {
  const left = signs.machine.filter((sign) => !signs.person.some(({ support }) => isVoid(sign, support)));
  return left.length < 2 ? left : left.sort((one, other) => RANK[one.finding.strength] - RANK[other.finding.strength]);
}

function isVoid(sign: MachineSign, support: Support): boolean {
  const isWeak = sign.finding.strength === 'weak';
  if (support.cancelsWeak === true && isWeak) return true;
  if (support.shieldsWeakOnly === true && !isWeak) return false;
  return support.shields?.includes(sign.family) === true;
}

function humanStrength(weakFamilies: number, person: readonly PersonSign[]): Verdict['strength'] {
  if (weakFamilies >= FAMILIES_TO_BE_SUSPECTED) return 'suspected';
  return person.some((sign) => sign.support.cancelsWeak === true) ? 'certain' : 'probable';
}

function automated(
  hit: Evidence,
  strength: Exclude<Strength, 'weak'>,
  machine: readonly MachineSign[],
  person: readonly PersonSign[],
): Outcome {
  const reasons = machine.map((sign) => ({ rule: sign.rule, text: sign.finding.text }));
  const isUnknowable = machine.some((sign) => sign.finding.unknowable === true);
  // What a person did later is worth telling beside a prefetch that could not know.
  const proof = isUnknowable ? person.filter((sign) => sign.rule === 'later-human-click') : [];
  return {
    verdict: 'automated',
    strength,
    actor: machineActor(hit, machine),
    unknowable: isUnknowable,
    reasons: [...reasons, ...proof.map((sign) => ({ rule: sign.rule, text: sign.support.text }))],
  };
}

function human(
  hit: Evidence,
  strength: Verdict['strength'],
  machine: readonly MachineSign[],
  person: readonly PersonSign[],
): Outcome {
  const told = machine.length + person.length;
  const reasons =
    told === 0
      ? NOTHING_SEEN
      : [
          ...person.map((sign) => ({ rule: sign.rule, text: sign.support.text })),
          ...machine.map((sign) => ({ rule: sign.rule, text: sign.finding.text })),
        ];
  return { verdict: 'human', strength, actor: personActor(hit), unknowable: false, reasons };
}

const PERSON_ACTORS: Readonly<Partial<Record<Evidence['client']['kind'], string>>> = {
  'gmail-actions': 'gmail-actions',
  'mail-client': 'mail-client',
  browser: 'browser',
};

function personActor(hit: Evidence): string {
  if (hit.client.kind === 'display-proxy') return hit.client.family;
  return PERSON_ACTORS[hit.client.kind] ?? (hit.method === 'one-click' ? 'mail-provider' : 'unknown');
}

const GATEWAY_ACTORS: Readonly<Partial<Record<NonNullable<Evidence['gateway']>, string>>> = {
  proofpoint: 'proofpoint',
  mimecast: 'mimecast',
  barracuda: 'barracuda',
  microsoft: 'microsoft-safelinks',
  cisco: 'cisco',
};

/** What a rule says that cannot name anybody; any other rule's word goes before it. */
const UNKNOWN_ACTOR = 'unknown';

/** Who says so itself, else whose network it is, else whose gateway stands before the mailbox, else an unnamed scanner. */
function machineActor(hit: Evidence, machine: readonly MachineSign[]): string {
  const named = machine.filter((sign) => sign.finding.actor !== undefined);
  const known = (named.find((sign) => sign.finding.actor !== UNKNOWN_ACTOR) ?? named[0])?.finding.actor;
  if (known !== undefined) return known;
  if (hit.client.kind === 'display-proxy') return hit.client.family;
  const network =
    hit.kind === 'click' ? hit.networks.find((match) => NETWORK_ACTORS[match.class] !== undefined) : undefined;
  if (network !== undefined) return NETWORK_ACTORS[network.class] ?? 'scanner';
  return (hit.gateway === undefined ? undefined : GATEWAY_ACTORS[hit.gateway]) ?? 'scanner';
}
