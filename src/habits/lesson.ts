/**
 * What one copy teaches about its domain's scanner, from verdicts that have settled. Pure. It leans on certain verdicts
 * only, and never on what was itself concluded from a habit.
 */
import { type Evidence, gatewayOf } from '@waxwing/verdict';
import type { JudgedHit } from '../events/index.ts';
import type { SettledCopy } from '../settling/index.ts';
import { binOf } from './delays.ts';
import type { Tallies } from './habit.ts';

export interface Lesson {
  /** Handled by a scanner for certain. */
  readonly isScanned: boolean;
  /** What is counted once more in the domain's tallies. */
  readonly tallies: readonly string[];
  readonly machineBlocks: readonly string[];
  /** Where people used the copy from, and when: block → times as in a block's tallies. */
  readonly people: Readonly<Record<string, readonly string[]>>;
}

export const noLesson: Lesson = { isScanned: false, tallies: [], machineBlocks: [], people: {} };

export type ReadEvidence = (hit: JudgedHit) => Evidence;

/** The rule that leans on habits: what it concludes must not teach it. */
export const habitRule = 'learned-scanner';
const blocksPerCopy = 8;
const mostLinks = 64;
const clockSkewMs = 60_000;

interface SeenHit {
  readonly hit: JudgedHit;
  readonly evidence: Evidence;
}

export function lessonOf(copy: SettledCopy, readEvidence: ReadEvidence, now: Date): Lesson {
  const seen = copy.hits
    .filter((hit) => hit.verdict.settlesAt <= now)
    .map((hit) => ({ hit, evidence: readEvidence(hit) }));
  const scans = seen.filter(isScan);
  const people = peopleIn(seen.filter(isPerson), copy.deliveredAt);
  if (scans.length === 0) return { ...noLesson, people };
  const blocks = [...new Set(scans.flatMap(({ evidence }) => ownBlock(evidence) ?? []))];
  return {
    isScanned: true,
    tallies: talliesOf(copy, scans),
    machineBlocks: blocks.slice(0, blocksPerCopy).sort(),
    people,
  };
}

/** A prefetch that may hide a person, and a preview of mail that a person passed on, are no scanner's work. */
const isScan = ({ hit, evidence }: SeenHit): boolean =>
  hit.verdict.verdict === 'automated' &&
  hit.verdict.strength === 'certain' &&
  !hit.verdict.unknowable &&
  hit.verdict.reasons[0]?.rule !== habitRule &&
  evidence.client.kind !== 'link-preview';

const isPerson = ({ hit }: SeenHit): boolean => hit.verdict.verdict === 'human' && hit.verdict.strength !== 'suspected';

function talliesOf(copy: SettledCopy, scans: readonly SeenHit[]): string[] {
  const links = new Set(scans.flatMap(({ hit }) => (hit.kind === 'click' ? (hit.linkIndex ?? []) : []))).size;
  const gateway = copy.gatewayMx === null ? undefined : gatewayOf(copy.gatewayMx);
  const networks = scans.flatMap(({ evidence }) => evidence.networks.map((match) => `${match.class} ${match.list}`));
  return [
    ...firstDelay('click', scans, copy.deliveredAt),
    ...firstDelay('open', scans, copy.deliveredAt),
    ...(links === 0 ? [] : [`links:${Math.min(links, mostLinks)}`]),
    ...each(
      'actor',
      scans.map(({ hit }) => hit.verdict.actor),
    ),
    ...each('network', networks),
    ...(gateway === undefined ? [] : [`gateway:${gateway}`]),
  ];
}

const each = (kind: string, values: readonly string[]): string[] =>
  [...new Set(values)].sort().map((value) => `${kind}:${value}`);

function firstDelay(kind: 'click' | 'open', scans: readonly SeenHit[], deliveredAt: Date | null): string[] {
  const first = scans.find(({ hit }) => hit.kind === kind);
  const bin = first === undefined ? undefined : delayBin(first.hit, deliveredAt);
  return bin === undefined ? [] : [`${kind}:${bin}`];
}

/** Undefined where the delivery is unknown, or lies behind the hit by more than clocks differ. */
function delayBin(hit: JudgedHit, deliveredAt: Date | null): number | undefined {
  if (deliveredAt === null) return undefined;
  const delayMs = hit.occurredAt.getTime() - deliveredAt.getTime();
  return delayMs < -clockSkewMs ? undefined : binOf(Math.max(0, delayMs));
}

function peopleIn(seen: readonly SeenHit[], deliveredAt: Date | null): Lesson['people'] {
  const times = new Map<string, Set<string>>();
  for (const { hit, evidence } of seen) {
    const block = ownBlock(evidence);
    if (block === undefined || (!times.has(block) && times.size >= blocksPerCopy)) continue;
    const bin = delayBin(hit, deliveredAt);
    const when = times.get(block) ?? new Set<string>();
    times.set(block, when.add(bin === undefined ? 'unknown' : `${hit.kind}:${bin}`));
  }
  return Object.fromEntries([...times].sort().map(([block, when]) => [block, [...when].sort()]));
}

const imageLoaders = new Set<string>(['google', 'microsoft', 'microsoft-mail', 'apple-egress']);
const fetchedForOthers = new Set<string>(['display-proxy', 'gmail-prefetch', 'gmail-actions', 'link-preview']);

/** The block of whoever asked; undefined where a provider asked in somebody's place, which tells nothing of theirs. */
export function ownBlock(evidence: Evidence): string | undefined {
  if (fetchedForOthers.has(evidence.client.kind)) return undefined;
  if (evidence.kind === 'open' && evidence.networks.some((match) => imageLoaders.has(match.class))) return undefined;
  return evidence.keys.block;
}

export const isSameLesson = (one: Lesson, other: Lesson): boolean => inOrder(one) === inOrder(other);

/** A database gives an object's names in an order of its own. */
const inOrder = ({ isScanned, tallies, machineBlocks, people }: Lesson): string =>
  JSON.stringify([isScanned, tallies, machineBlocks, Object.entries(people).sort()]);

/** Tallies with each key counted `by` more; what comes to nothing is gone. */
export function tallied(tallies: Tallies, keys: readonly string[], by: 1 | -1): Tallies {
  const counts: Record<string, number> = { ...tallies };
  for (const key of keys) {
    const count = (counts[key] ?? 0) + by;
    if (count > 0) counts[key] = count;
    else delete counts[key];
  }
  return counts;
}
