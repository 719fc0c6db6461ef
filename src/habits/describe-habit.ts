/** A scanner's habit for people to read: one sentence, and whether it is used. Pure. */
import type { Gateway } from '@waxwing/verdict';
import type { ScannerHabit } from '../contract/habits.ts';
import {
  type BurstLinks,
  burstLinksOf,
  countsOf,
  delaysOf,
  enough,
  gatewayOfHabit,
  type Habit,
  type Tallies,
  whyTooLittle,
} from './habit.ts';

const gatewayNames: Readonly<Record<Gateway, string>> = {
  proofpoint: 'Proofpoint',
  mimecast: 'Mimecast',
  barracuda: 'Barracuda',
  microsoft: 'Microsoft 365',
  google: 'Google',
  cisco: 'Cisco',
  broadcom: 'Broadcom',
  apple: 'Apple',
  yahoo: 'Yahoo',
};

/** What of a habit lies beside it: whether the account learns, and how many blocks are the scanner's own. */
export interface HabitContext {
  readonly domain: string;
  readonly isLearning: boolean;
  readonly ownBlocks: number;
}

export function describeHabit(habit: Habit, context: HabitContext): ScannerHabit {
  const { tallies, copies } = habit;
  const isTypical = copies >= enough.toShow;
  const whyNotUsed = whyNotUsedOf(habit, context);
  return {
    domain: context.domain,
    gateway: gatewayOfHabit(tallies),
    copies,
    sentence: sentenceOf(habit, context.domain),
    delay: isTypical ? (delayOf(tallies) ?? null) : null,
    burstLinks: isTypical ? (burstLinksOf(tallies) ?? null) : null,
    actors: countsOf(tallies, 'actor').map(([actor, of]) => ({ actor, copies: of })),
    networks: countsOf(tallies, 'network').map(([name, of]) => networkOf(name, of)),
    learnedBlocks: context.ownBlocks,
    isUsed: whyNotUsed === null,
    whyNotUsed,
    firstSeenAt: habit.firstSeenAt.toISOString(),
    lastSeenAt: habit.seenAt.toISOString(),
  };
}

/** Of clicks; of opens where the scanner follows no links. */
const delayOf = (tallies: Tallies) =>
  delaysOf(tallies, 'click', enough.toShow) ?? delaysOf(tallies, 'open', enough.toShow);

function networkOf(name: string, copies: number): ScannerHabit['networks'][number] {
  const space = name.indexOf(' ');
  return { class: name.slice(0, space), list: name.slice(space + 1), copies };
}

function whyNotUsedOf(habit: Habit, { isLearning, ownBlocks }: HabitContext): string | null {
  if (!isLearning) return 'The account has switched learnScannerHabits off.';
  const tooLittle = whyTooLittle(habit);
  if (tooLittle !== undefined) return tooLittle;
  return ownBlocks > 0 ? null : 'No network was seen for a day that the scanner alone uses.';
}

function sentenceOf({ tallies, copies }: Habit, domain: string): string {
  if (copies < enough.toShow) return `${domain}: ${whoScans(tallies)}, ${plural(copies, 'copy', 'copies')} so far`;
  return `${[`${domain}: ${whoScans(tallies)}`, howItComes(tallies)].filter((part) => part !== '').join(', ')}`;
}

function whoScans(tallies: Tallies): string {
  const gateway = gatewayOfHabit(tallies);
  return gateway === null ? 'a scanner' : gatewayNames[gateway];
}

function howItComes(tallies: Tallies): string {
  const burst = burstLinksOf(tallies);
  const click = delaysOf(tallies, 'click', enough.toShow);
  if (burst !== undefined) return `${linksText(burst)}${click === undefined ? '' : when(click.medianMs)}`;
  const open = delaysOf(tallies, 'open', enough.toShow);
  return open === undefined ? '' : `images loaded${when(open.medianMs)}`;
}

const linksText = ({ median }: BurstLinks): string => (median === 1 ? 'single links' : `bursts of ${median} links`);
const when = (delayMs: number): string => ` about ${duration(delayMs)} after delivery`;
const plural = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

/** Rounded as far as it is known. */
function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1.5) return '1 s';
  if (seconds < 10) return `${Math.round(seconds)} s`;
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
