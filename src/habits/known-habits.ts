/**
 * What is known of the scanners of an account's recipient domains, in memory for judging: read once a minute at most,
 * beside whoever judges. It turns knowledge into evidence and judges nothing.
 */
import type { Evidence } from '@waxwing/verdict';
import type { Tx } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import { isUsual } from './delays.ts';
import {
  aged,
  enough,
  forgetMs,
  type Habit,
  isScannersOwn,
  ownBlockBounds,
  type Ranges,
  usedRanges,
  whyTooLittle,
} from './habit.ts';
import { type HabitPlace, selectHabitPage, selectLonelyBlocks, selectSharedBlocks } from './habit-store.ts';
import { ownBlock } from './lesson.ts';
import { RememberedHabits } from './remembered-habits.ts';

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
  /** How much memory it takes, in blocks. */
  readonly blocks: number;
  /** Undefined where too little is known, or nothing of it fits. */
  compare(domainId: number, hit: Evidence): HabitEvidence | undefined;
}

interface UsedHabit {
  readonly copies: number;
  readonly ranges: Ranges;
  /** Side by side: a Set of sixty texts takes thirty times the memory, and is asked no faster. */
  readonly packedBlocks: Buffer;
}

export const noHabits: KnownHabits = { blocks: 0, compare: () => undefined };

/** The domains with most scanned copies; what a process keeps in memory for one account. */
const mostDomains = 2_000;
const domainsAtOnce = 250;
/** 16 bytes each, over all accounts of a process. */
const mostBlocks = 2_000_000;
const blockBytes = 16;

const remembered = new RememberedHabits<KnownHabits>(mostBlocks);

/** Of all these accounts, before a transaction is open: it waits only where nothing is known that is younger than a minute. */
export async function prepareHabits(
  { db, clock }: Pick<World, 'db' | 'clock'>,
  accountIds: Iterable<string>,
): Promise<ReadonlyMap<string, KnownHabits>> {
  const prepared = new Map<string, KnownHabits>();
  for (const accountId of accountIds) {
    const now = clock.now();
    const read = (): Promise<KnownHabits> => db.readAccount(accountId, (tx) => readHabits(tx, accountId, now));
    prepared.set(accountId, await remembered.fresh(accountId, now, read));
  }
  return prepared;
}

/** The same where a transaction is open already: what no batch has read lately is read in it, so ask before taking locks. */
export async function knownHabits(tx: Tx, accountId: string, now: Date): Promise<KnownHabits> {
  const known = remembered.find(accountId, now);
  if (known !== undefined) return known;
  const habits = await readHabits(tx, accountId, now);
  remembered.keep(accountId, now, habits);
  return habits;
}

/** Page by page: the thread does other work between them. */
async function readHabits(tx: Tx, accountId: string, now: Date): Promise<KnownHabits> {
  const seenSince = new Date(now.getTime() - forgetMs);
  const used = new Map<number, UsedHabit>();
  let after: HabitPlace | undefined;
  for (let read = 0; read < mostDomains; read += domainsAtOnce) {
    const page = await selectHabitPage(tx, accountId, { after, limit: domainsAtOnce, seenSince, least: enough.copies });
    for (const [domainId, habit] of await usedHabits(tx, accountId, page, now)) used.set(domainId, habit);
    after = page.at(-1);
    if (page.length < domainsAtOnce) break;
  }
  return used.size === 0 ? noHabits : knownOf(used);
}

async function usedHabits(
  tx: Tx,
  accountId: string,
  stored: readonly Habit[],
  now: Date,
): Promise<Map<number, UsedHabit>> {
  const habits = stored.map((habit) => aged(habit, now)).filter((habit) => whyTooLittle(habit) === undefined);
  if (habits.length === 0) return new Map();
  const ids = habits.map((habit) => habit.domainId);
  const bounds = ownBlockBounds(now);
  const lonely = await selectLonelyBlocks(tx, accountId, ids, bounds);
  const lonelyBlocks = new Map(lonely.map(({ domainId, packed }) => [domainId, packed]));
  const shared = Map.groupBy(await selectSharedBlocks(tx, accountId, ids, bounds), (block) => block.domainId);
  const used = new Map<number, UsedHabit>();
  for (const { domainId, copies, tallies } of habits) {
    const ranges = usedRanges(tallies);
    const own = (shared.get(domainId) ?? []).filter((block) => isScannersOwn(block, ranges, now));
    const alone = lonelyBlocks.get(domainId) ?? Buffer.alloc(0);
    const packedBlocks = Buffer.concat([alone, ...own.map(({ block }) => unpacked(block))]);
    if (packedBlocks.length > 0) used.set(domainId, { copies, ranges, packedBlocks });
  }
  return used;
}

function knownOf(used: ReadonlyMap<number, UsedHabit>): KnownHabits {
  const bytes = [...used.values()].reduce((sum, { packedBlocks }) => sum + packedBlocks.length, 0);
  return {
    blocks: Math.ceil(bytes / blockBytes),
    compare(domainId, hit) {
      const habit = used.get(domainId);
      return habit === undefined ? undefined : compared(habit, hit);
    },
  };
}

const unpacked = (block: string): Buffer => Buffer.from(block, 'base64url');

function compared({ copies, ranges, packedBlocks }: UsedHabit, hit: Evidence): HabitEvidence | undefined {
  const block = ownBlock(hit);
  if (block === undefined || !isAmong(packedBlocks, unpacked(block))) return undefined;
  const range = ranges[hit.kind];
  const fitsDelay =
    range !== undefined && hit.sinceDeliveryMs !== undefined && isUsual(range, Math.max(0, hit.sinceDeliveryMs));
  return { copies, fitsNetwork: true, fitsDelay };
}

function isAmong(packedBlocks: Buffer, block: Buffer): boolean {
  if (block.length !== blockBytes) return false;
  let at = packedBlocks.indexOf(block);
  while (at % blockBytes > 0) at = packedBlocks.indexOf(block, at + 1); // it lay across two
  return at >= 0;
}
