/** Judges a batch of observations: sorts them into copies, counts how many recipients a source reached, and judges each copy. */
import { builtInLists } from './data/networks.ts';
import { type Evidence, gather, type Located } from './evidence.ts';
import { type Bench, benchOf, type JudgeOptions, judgeAlone, judgeCopy } from './judge.ts';
import { buildNetworks, type NetworkList, type Networks } from './networks.ts';
import type { Observation } from './observation.ts';
import { recipientsBySource } from './recipients-by-source.ts';
import type { Verdict } from './verdict.ts';

/** The facts that come with the ruleset, ready for look-up. */
export const builtInNetworks: Networks = buildNetworks(builtInLists);

/** Refreshed lists take the place of built-in ones of the same name; the other built-in ones stay. */
export function withBuiltIn(lists: readonly NetworkList[]): readonly NetworkList[] {
  const names = new Set(lists.map((list) => list.name));
  return [...builtInLists.filter((list) => !names.has(list.name)), ...lists];
}

/** Verdicts in the order of the observations. Those of one message and recipient are one sequence; others are judged alone. */
export function judge(observations: readonly Observation[], options: JudgeOptions = {}): Verdict[] {
  const bench = benchOf(options);
  const networks = options.networks ?? builtInNetworks;
  if (observations.length === 1) return [judgeAlone(gather(fieldsOf(observations[0]), networks, undefined), bench)];
  const readable = observations.map(fieldsOf);
  const known = new Map<string, Located>();
  const gathered = readable.map((observation) => gather(observation, networks, asIs, known));
  return judgeCopies(readable, recipientsBySource(readable, gathered), bench);
}

/** Evidence of a batch is gone with the call, so its keys need not hide anything. */
const asIs = (text: string): string => text;

const NOTHING: Observation = { kind: 'open' };

/** Whatever a log's line was, it is an object from here on. */
function fieldsOf(observation: unknown): Observation {
  return typeof observation === 'object' && observation !== null ? (observation as Observation) : NOTHING;
}

/** One text for each pair of names; whatever else stands in their place is told apart by its JSON. */
function copyKey(message: unknown, recipient: unknown): string {
  if (typeof message !== 'string' || typeof recipient !== 'string') return JSON.stringify([message, recipient]);
  return `${message.length} ${message}${recipient}`;
}

function judgeCopies(observations: readonly Observation[], evidence: readonly Evidence[], bench: Bench): Verdict[] {
  const verdicts = new Array<Verdict>(evidence.length);
  for (const members of copiesOf(observations)) {
    if (members.length === evidence.length) return judgeCopy(evidence, bench);
    const hits: Evidence[] = [];
    for (const index of members) {
      const hit = evidence[index];
      if (hit !== undefined) hits.push(hit);
    }
    const judged = judgeCopy(hits, bench);
    members.forEach((index, position) => {
      const verdict = judged[position];
      if (verdict !== undefined) verdicts[index] = verdict;
    });
  }
  return verdicts;
}

/** Indexes of the observations of each copy. Without both message and recipient an observation is a copy of its own. */
function copiesOf(observations: readonly Observation[]): Iterable<readonly number[]> {
  const copies = new Map<unknown, number[]>();
  let last: { readonly observation: Observation; readonly members: number[] } | undefined;
  observations.forEach((observation, index) => {
    // Hits of one copy often come one after the other.
    if (last !== undefined && isSameCopy(last.observation, observation)) {
      last.members.push(index);
      return;
    }
    const { message, recipient } = observation;
    const key = message && recipient ? copyKey(message, recipient) : index;
    const members = copies.get(key) ?? [];
    if (members.length === 0) copies.set(key, members);
    members.push(index);
    last = { observation, members };
  });
  return copies.values();
}

function isSameCopy(one: Observation, other: Observation): boolean {
  if (typeof one.message !== 'string' || typeof one.recipient !== 'string') return false;
  if (one.message === '' || one.recipient === '') return false;
  return one.message === other.message && one.recipient === other.recipient;
}
