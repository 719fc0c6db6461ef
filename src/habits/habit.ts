/**
 * What is known of one recipient domain's scanner: counts, how they age, and when there are enough to be shown or used.
 * Pure: nothing is read here and nothing learned.
 */
import type { Gateway } from '@waxwing/verdict';
import { type DelayRange, type Histogram, isFarOff, quantileOf, rangeOf, totalOf } from './delays.ts';

/** Copies by what was seen of them: `click:21`, `open:9` (bins of delay), `links:6`, `actor:…`, `network:…`, `gateway:…`. */
export type Tallies = Readonly<Record<string, number>>;
export type TallyKind = 'click' | 'open' | 'links' | 'actor' | 'network' | 'gateway';

export interface Habit {
  readonly domainId: number;
  readonly copies: number;
  /** Four bytes of each of the first few recipients, side by side. */
  readonly someRecipients: Buffer;
  readonly tallies: Tallies;
  readonly firstSeenAt: Date;
  readonly seenAt: Date;
  readonly halvedAt: Date;
}

/** One /24 or /48 of a domain's hits, under its keyed hash. */
export interface HabitBlock {
  readonly domainId: number;
  readonly block: string;
  readonly machineCopies: number;
  /** Copies that people used from there, by `click:bin`, `open:bin` or `unknown`. */
  readonly people: Tallies;
  /** With a scanner; null: only people so far. */
  readonly firstSeenAt: Date | null;
  readonly seenAt: Date;
  readonly personSeenAt: Date | null;
}

const dayMs = 86_400_000;
export const halvingMs = 30 * dayMs;
export const forgetMs = 180 * dayMs;

export const enough = {
  toShow: 5,
  copies: 10,
  recipients: 5,
  /** Of one kind, before a range of delays means something. */
  delays: 10,
  copiesOfBlock: 3,
} as const;
export const recipientBytes = 4;
export const mostRecipients = 8;

/** People who share a block with a scanner get this long to show themselves before the block is used. */
const provingMs = dayMs;

/** What of isScannersOwn a database can tell: where all of it holds and nobody else was seen, the block is the scanner's. */
export const ownBlockBounds = (now: Date) => ({
  copies: enough.copiesOfBlock,
  scannedBefore: new Date(now.getTime() - provingMs),
  peopleSince: new Date(now.getTime() - forgetMs),
});

export const agedBy = (halvedAt: Date, now: Date): number =>
  Math.max(0, Math.floor((now.getTime() - halvedAt.getTime()) / halvingMs));

export const halved = (count: number, times: number): number => Math.floor(count / 2 ** times);

/** As it counts now, however long ago it was written. */
export function aged(habit: Habit, now: Date): Habit {
  const times = agedBy(habit.halvedAt, now);
  if (times === 0) return habit;
  const tallies = Object.entries(habit.tallies)
    .map(([key, count]) => [key, halved(count, times)] as const)
    .filter(([, count]) => count > 0);
  return {
    ...habit,
    copies: halved(habit.copies, times),
    tallies: Object.fromEntries(tallies),
    halvedAt: new Date(habit.halvedAt.getTime() + times * halvingMs),
  };
}

/** What was counted of one kind, by its value. */
export const countsOf = (tallies: Tallies, kind: TallyKind): [value: string, count: number][] =>
  Object.entries(tallies)
    .filter(([key]) => key.startsWith(`${kind}:`))
    .map(([key, count]): [string, number] => [key.slice(kind.length + 1), count])
    .sort(([oneName, one], [otherName, other]) => other - one || (oneName < otherName ? -1 : 1));

export const histogramOf = (tallies: Tallies, kind: 'click' | 'open' | 'links'): Histogram =>
  new Map(countsOf(tallies, kind).map(([value, count]) => [Number(value), count]));

export function delaysOf(tallies: Tallies, kind: 'click' | 'open', least: number): DelayRange | undefined {
  const histogram = histogramOf(tallies, kind);
  return totalOf(histogram) < least ? undefined : rangeOf(histogram);
}

export interface BurstLinks {
  readonly median: number;
  readonly most: number;
}

export function burstLinksOf(tallies: Tallies): BurstLinks | undefined {
  const links = histogramOf(tallies, 'links');
  return links.size === 0 ? undefined : { median: quantileOf(links, 0.5), most: Math.max(...links.keys()) };
}

/** The gateway that most copies' MX named. */
export const gatewayOfHabit = (tallies: Tallies): Gateway | null =>
  (countsOf(tallies, 'gateway')[0]?.[0] as Gateway | undefined) ?? null;

export interface Ranges {
  readonly click: DelayRange | undefined;
  readonly open: DelayRange | undefined;
}

export const usedRanges = (tallies: Tallies): Ranges => ({
  click: delaysOf(tallies, 'click', enough.delays),
  open: delaysOf(tallies, 'open', enough.delays),
});

/** Why a habit is not used as evidence yet; undefined: it has what it takes. */
export function whyTooLittle(habit: Habit): string | undefined {
  if (habit.copies < enough.copies) return `Fewer than ${enough.copies} copies were handled by a scanner for certain.`;
  if (habit.someRecipients.length < enough.recipients * recipientBytes)
    return `Fewer than ${enough.recipients} recipients' mail was handled by a scanner for certain.`;
  const { click, open } = usedRanges(habit.tallies);
  if (click === undefined && open === undefined) return 'The time of delivery is known of too few copies.';
  return undefined;
}

/**
 * Whether nothing but the scanner seems to live in a block. A single scan that nobody can tell from a person comes when
 * the scanner usually comes; a person shows by coming at another time.
 */
export function isScannersOwn(block: HabitBlock, ranges: Ranges, now: Date): boolean {
  if (block.machineCopies < enough.copiesOfBlock || block.firstSeenAt === null) return false;
  if (now.getTime() - block.firstSeenAt.getTime() < provingMs) return false;
  const people = isForgotten(block.personSeenAt, now) ? [] : Object.entries(block.people);
  return doubtfulCopies(people) < block.machineCopies && !people.some(([when]) => isPersonsTime(when, ranges));
}

/** At least so many copies: one that was opened and clicked is counted under both. */
function doubtfulCopies(people: readonly (readonly [when: string, count: number])[]): number {
  const copies = (kind: string): number =>
    people.reduce((sum, [when, count]) => (when.startsWith(kind) ? sum + count : sum), 0);
  return Math.max(copies('open:'), copies('click:'));
}

/** A scanner that is known by its clicks loads an image at about the same time, and the other way round. */
function isPersonsTime(when: string, { click, open }: Ranges): boolean {
  const [kind, bin] = when.split(':');
  if (kind !== 'click' && kind !== 'open') return true;
  const range = kind === 'click' ? (click ?? open) : (open ?? click);
  return range === undefined || isFarOff(range, Number(bin));
}

export const isForgotten = (seenAt: Date | null, now: Date): boolean =>
  seenAt === null || now.getTime() - seenAt.getTime() > forgetMs;
