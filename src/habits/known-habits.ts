/**
 * What is known of the scanners of an account's recipient domains, in memory for judging: read once a minute and never
 * for a single hit. It turns knowledge into evidence and judges nothing.
 */
import type { Evidence } from '@waxwing/verdict';
import QuickLRU from 'quick-lru';
import type { Tx } from '../platform/database.ts';
import { isUsual } from './delays.ts';
import {
  aged,
  enough,
  forgetMs,
  type Habit,
  type HabitBlock,
  isScannersOwn,
  type Ranges,
  usedRanges,
  whyTooLittle,
} from './habit.ts';
import { selectHabitPage, selectScannedBlocks } from './habit-store.ts';
import { ownBlock } from './lesson.ts';

/** How a hit compares with what the scanner of its recipient's domain usually does. */
export interface HabitEvidence {
  /** Copies from which it was learned. */
  readonly copies: number;
  /** The hit comes from where nothing but that scanner was seen. */
  readonly fitsNetwork: boolean;
  /** It comes when that scanner usually comes. */
  readonly fitsDelay: boolean;
}

export interface KnownHabits {
  /** Undefined where too little is known, or nothing of it fits. */
  compare(domainId: number, hit: Evidence): HabitEvidence | undefined;
}

interface UsedHabit {
  readonly copies: number;
  readonly ranges: Ranges;
  readonly blocks: ReadonlySet<string>;
}

export const noHabits: KnownHabits = { compare: () => undefined };

const refreshMs = 60_000;
/** The domains with most scanned copies; what a process keeps in memory for one account. */
const mostDomains = 2_000;
const remembered = new QuickLRU<string, { readonly readAtMs: number; readonly habits: KnownHabits }>({ maxSize: 500 });

export async function knownHabits(tx: Tx, accountId: string, now: Date): Promise<KnownHabits> {
  const known = remembered.get(accountId);
  if (known !== undefined && Math.abs(now.getTime() - known.readAtMs) < refreshMs) return known.habits;
  const habits = await readHabits(tx, accountId, now);
  remembered.set(accountId, { readAtMs: now.getTime(), habits });
  return habits;
}

async function readHabits(tx: Tx, accountId: string, now: Date): Promise<KnownHabits> {
  const seenSince = new Date(now.getTime() - forgetMs);
  const page = { after: undefined, limit: mostDomains, seenSince, least: enough.copies };
  const stored = (await selectHabitPage(tx, accountId, page)).map((habit) => aged(habit, now));
  const habits = stored.filter((habit) => whyTooLittle(habit) === undefined);
  if (habits.length === 0) return noHabits;
  const ids = habits.map((habit) => habit.domainId);
  const blocks = Map.groupBy(
    await selectScannedBlocks(tx, accountId, ids, enough.copiesOfBlock),
    (block) => block.domainId,
  );
  return usedHabits(habits, blocks, now);
}

function usedHabits(
  habits: readonly Habit[],
  blocks: ReadonlyMap<number, readonly HabitBlock[]>,
  now: Date,
): KnownHabits {
  const used = new Map<number, UsedHabit>();
  for (const { domainId, copies, tallies } of habits) {
    const ranges = usedRanges(tallies);
    const own = (blocks.get(domainId) ?? []).filter((block) => isScannersOwn(block, ranges, now));
    if (own.length > 0) used.set(domainId, { copies, ranges, blocks: new Set(own.map((block) => block.block)) });
  }
  return {
    compare(domainId, hit) {
      const habit = used.get(domainId);
      return habit === undefined ? undefined : compared(habit, hit);
    },
  };
}

function compared({ copies, ranges, blocks }: UsedHabit, hit: Evidence): HabitEvidence | undefined {
  const block = ownBlock(hit);
  if (block === undefined || !blocks.has(block)) return undefined;
  const range = ranges[hit.kind];
  const fitsDelay =
    range !== undefined && hit.sinceDeliveryMs !== undefined && isUsual(range, Math.max(0, hit.sinceDeliveryMs));
  return { copies, fitsNetwork: true, fitsDelay };
}
