/**
 * Learns from settled copies what each recipient domain's scanner usually does. What a copy taught is kept for a month
 * and taken back before it teaches something else, so that no copy counts twice. Nothing is judged here.
 */
import { readSettings } from '../accounts/index.ts';
import type { AccountKeys } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { type CopyConsumer, mostHits, type SettledCopy } from '../settling/index.ts';
import { aged, agedBy, type Habit, type HabitBlock, mostRecipients, recipientBytes } from './habit.ts';
import {
  countHabits,
  halveBlocks,
  type LearnedCopy,
  lockHabits,
  selectBlocks,
  selectHabits,
  selectLessons,
  trimBlocks,
  upsertBlocks,
  upsertHabits,
  upsertLessons,
} from './habit-store.ts';
import { isSameLesson, type Lesson, lessonOf, noLesson, type ReadEvidence, tallied } from './lesson.ts';

/** A copy accepted longer ago teaches nothing any more, and what it taught stands. */
export const learnWithinMs = 30 * 86_400_000;
export const mostDomains = 10_000;
const blockBounds = { scanned: 64, peopleOnly: 128 };

/** @param readEvidence what was kept of a hit, as rules were shown it */
export const habitLearner = (readEvidence: ReadEvidence): CopyConsumer => ({
  name: 'scanner-habits',
  async onSettled(tx, account, copies, now) {
    const { learnScannerHabits } = await readSettings(tx);
    if (!learnScannerHabits) return;
    const young = copies.filter(
      ({ acceptedAt, hits }) => now.getTime() - acceptedAt.getTime() < learnWithinMs && hits.length <= mostHits,
    );
    const taught = young.map((copy) => ({ copy, is: lessonOf(copy, readEvidence, now) }));
    await lockHabits(tx, account.accountId);
    await learn(tx, account, taught, now);
  },
});

interface Taught {
  readonly copy: SettledCopy;
  readonly is: Lesson;
}

/** A copy with what it taught so far. */
interface Change extends Taught {
  readonly was: Lesson;
}

async function learn(tx: Tx, account: AccountKeys, taught: readonly Taught[], now: Date): Promise<void> {
  const { accountId } = account;
  const habits = await habitsToChange(tx, account, taught, now);
  const changes = await changesOf(
    tx,
    accountId,
    taught.filter(({ copy }) => habits.has(copy.domainId)),
  );
  if (changes.length === 0) return;
  const blocks = await blocksToChange(tx, accountId, changes);
  const before = blocks.size;
  for (const change of changes) {
    count(habits, blocks, change.copy, change.was, -1);
    count(habits, blocks, change.copy, change.is, 1);
  }
  const domainIds = new Set(changes.map(({ copy }) => copy.domainId));
  await upsertHabits(
    tx,
    accountId,
    [...domainIds].flatMap((id) => habits.get(id) ?? []),
  );
  if (blocks.size > 0) await upsertBlocks(tx, accountId, [...blocks.values()]);
  await upsertLessons(tx, accountId, changes.map(learnedCopy));
  if (blocks.size > before || changes.some(({ was }) => was !== noLesson))
    await trimBlocks(tx, accountId, [...domainIds], blockBounds);
}

const learnedCopy = ({ copy, is }: Change): LearnedCopy => ({
  domainId: copy.domainId,
  recipientId: copy.recipientId,
  acceptedAt: copy.acceptedAt,
  lesson: is,
});

/** Of the domains that have a scanner, or are now seen to have one; a domain of people alone is not kept. */
async function habitsToChange(
  tx: Tx,
  { accountId }: AccountKeys,
  taught: readonly Taught[],
  now: Date,
): Promise<Map<number, Habit>> {
  const stored = await selectHabits(tx, accountId, [...new Set(taught.map(({ copy }) => copy.domainId))]);
  const habits = new Map<number, Habit>();
  for (const habit of stored) {
    const times = agedBy(habit.halvedAt, now);
    if (times > 0) await halveBlocks(tx, accountId, habit.domainId, times);
    habits.set(habit.domainId, aged(habit, now));
  }
  const fresh = new Map(
    taught
      .filter(({ copy, is }) => is.isScanned && !habits.has(copy.domainId))
      .map(({ copy }) => [copy.domainId, copy]),
  );
  const room = fresh.size === 0 ? 0 : mostDomains - (await countHabits(tx, accountId));
  for (const [domainId, copy] of [...fresh].slice(0, Math.max(0, room))) habits.set(domainId, newHabit(copy, now));
  return habits;
}

const newHabit = ({ domainId, acceptedAt }: SettledCopy, now: Date): Habit => ({
  domainId,
  copies: 0,
  someRecipients: Buffer.alloc(0),
  tallies: {},
  firstSeenAt: acceptedAt,
  seenAt: acceptedAt,
  halvedAt: now,
});

async function changesOf(tx: Tx, accountId: string, taught: readonly Taught[]): Promise<Change[]> {
  if (taught.length === 0) return [];
  const lessons = await selectLessons(
    tx,
    accountId,
    taught.map(({ copy }) => copy),
  );
  return taught
    .map((one) => ({ ...one, was: lessons.get(one.copy.recipientId) ?? noLesson }))
    .filter(({ is, was }) => !isSameLesson(is, was));
}

type Blocks = Map<string, HabitBlock>;
const blockName = (domainId: number, block: string): string => `${domainId} ${block}`;
const blocksIn = ({ machineBlocks, people }: Lesson): string[] => [...machineBlocks, ...Object.keys(people)];

async function blocksToChange(tx: Tx, accountId: string, changes: readonly Change[]): Promise<Blocks> {
  const named = changes.flatMap(({ copy: { domainId }, is, was }) =>
    [...blocksIn(is), ...blocksIn(was)].map((block) => ({ domainId, block })),
  );
  if (named.length === 0) return new Map();
  const once = new Map(named.map((one) => [blockName(one.domainId, one.block), one]));
  const blocks = await selectBlocks(tx, accountId, [...once.values()]);
  return new Map(blocks.map((block) => [blockName(block.domainId, block.block), block]));
}

/** Counts a lesson once more, or takes it back. What was forgotten since is not taken back again. */
function count(habits: Map<number, Habit>, blocks: Blocks, copy: SettledCopy, lesson: Lesson, by: 1 | -1): void {
  const { domainId } = copy;
  const habit = habits.get(domainId);
  if (habit !== undefined && lesson.isScanned) habits.set(domainId, counted(habit, copy, lesson, by));
  for (const block of lesson.machineBlocks) countBlock(blocks, copy, block, [], by, 1);
  for (const [block, times] of Object.entries(lesson.people)) countBlock(blocks, copy, block, times, by, 0);
}

function counted(habit: Habit, copy: SettledCopy, lesson: Lesson, by: 1 | -1): Habit {
  const tallies = tallied(habit.tallies, lesson.tallies, by);
  const copies = Math.max(0, habit.copies + by);
  if (by === -1) return { ...habit, tallies, copies };
  return {
    ...habit,
    tallies,
    copies,
    someRecipients: withRecipient(habit.someRecipients, copy.addressIndex),
    firstSeenAt: earlier(habit.firstSeenAt, copy.acceptedAt),
    seenAt: later(habit.seenAt, seenAtOf(copy)),
  };
}

function countBlock(
  blocks: Blocks,
  copy: SettledCopy,
  block: string,
  times: readonly string[],
  by: 1 | -1,
  machines: 0 | 1,
): void {
  const { domainId } = copy;
  const at = seenAtOf(copy);
  const fresh = { domainId, block, machineCopies: 0, people: {}, firstSeenAt: null, seenAt: at, personSeenAt: null };
  const known = blocks.get(blockName(domainId, block)) ?? (by === 1 ? fresh : undefined);
  if (known === undefined) return;
  const isScannedNow = by === 1 && machines === 1;
  blocks.set(blockName(domainId, block), {
    ...known,
    machineCopies: Math.max(0, known.machineCopies + by * machines),
    people: tallied(known.people, times, by),
    firstSeenAt: isScannedNow ? earlier(known.firstSeenAt ?? at, at) : known.firstSeenAt,
    seenAt: later(known.seenAt, at),
    personSeenAt: by === 1 && times.length > 0 ? later(known.personSeenAt ?? at, at) : known.personSeenAt,
  });
}

const seenAtOf = ({ hits, acceptedAt }: SettledCopy): Date => hits.at(-1)?.occurredAt ?? acceptedAt;
const earlier = (one: Date, other: Date): Date => (one < other ? one : other);
const later = (one: Date, other: Date): Date => (one > other ? one : other);

function withRecipient(some: Buffer, addressIndex: Buffer): Buffer {
  if (some.length >= mostRecipients * recipientBytes) return some;
  const own = addressIndex.subarray(0, recipientBytes);
  for (let at = 0; at < some.length; at += recipientBytes)
    if (some.subarray(at, at + recipientBytes).equals(own)) return some;
  return Buffer.concat([some, own]);
}
