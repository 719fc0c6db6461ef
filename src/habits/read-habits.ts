/** Shows an account what was learned of its recipient domains' scanners, and forgets it when asked to. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { ScannerHabit, ScannerHabitQuery } from '../contract/habits.ts';
import { Problem } from '../contract/problem.ts';
import { comparableAddress, domainOf } from '../core/message/index.ts';
import { type AccountKeys, dimensionIndex } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeHabit } from './describe-habit.ts';
import { aged, forgetMs, type Habit, isScannersOwn, ownBlockBounds, usedRanges } from './habit.ts';
import {
  countLonelyBlocks,
  deleteHabits,
  findDomainId,
  type HabitPlace,
  lockHabits,
  selectDomainNames,
  selectHabitPage,
  selectSharedBlocks,
} from './habit-store.ts';
import { mostDomains } from './learn-habits.ts';

export interface HabitPage {
  readonly isLearning: boolean;
  readonly habits: ScannerHabit[];
  readonly nextCursor: string | null;
}

type HabitWorld = Pick<World, 'db' | 'vault' | 'clock'>;

/** As CSV all of them, whatever the limit. */
export async function readHabits(world: HabitWorld, caller: Caller, query: ScannerHabitQuery): Promise<HabitPage> {
  const { accountId, actor } = caller;
  const account = { accountId, vault: await accountVault(world, accountId) };
  const limit = query.format === 'csv' ? mostDomains : query.limit;
  const after = placeOf(query.cursor);
  return world.db.asAccount(accountId, async (tx) => {
    const now = world.clock.now();
    const seenSince = new Date(now.getTime() - forgetMs);
    const rows = await selectHabitPage(tx, accountId, { after, limit: limit + 1, seenSince, least: 1 });
    const { learnScannerHabits: isLearning } = await readSettings(tx);
    const shown = rows.slice(0, limit);
    const habits = await described(tx, account, shown, isLearning, now);
    await record(tx, {
      at: now,
      actor,
      action: 'habits.read',
      object: { kind: 'scanner-habits' },
      detail: { habits: habits.length, format: query.format },
    });
    const last = shown.at(-1);
    return { isLearning, habits, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
  });
}

async function described(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  stored: readonly Habit[],
  isLearning: boolean,
  now: Date,
): Promise<ScannerHabit[]> {
  if (stored.length === 0) return [];
  const ids = stored.map((habit) => habit.domainId);
  const names = new Map((await selectDomainNames(tx, accountId, ids)).map(({ id, sealed }) => [id, sealed]));
  const bounds = ownBlockBounds(now);
  const lonely = await countLonelyBlocks(tx, accountId, ids, bounds);
  const lonelyBlocks = new Map(lonely.map(({ domainId, count }) => [domainId, count]));
  const shared = Map.groupBy(await selectSharedBlocks(tx, accountId, ids, bounds), (block) => block.domainId);
  return stored.flatMap((one) => {
    const sealed = names.get(one.domainId);
    if (sealed === undefined) return [];
    const habit = aged(one, now);
    const ranges = usedRanges(habit.tallies);
    const own = (shared.get(one.domainId) ?? []).filter((block) => isScannersOwn(block, ranges, now));
    const ownBlocks = own.length + (lonelyBlocks.get(one.domainId) ?? 0);
    const domain = vault.open('dimension.value', sealed).toString();
    return [describeHabit(habit, { domain, isLearning, ownBlocks })];
  });
}

/** Where the next page begins: how many copies the last habit had, and its domain's number. */
const cursorOf = ({ copies, domainId }: HabitPlace): string =>
  Buffer.from(`${copies} ${domainId}`).toString('base64url');

function placeOf(cursor: string | undefined): HabitPlace | undefined {
  if (cursor === undefined) return undefined;
  const [, copies, domainId] = /^(\d{1,9}) (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (copies === undefined || domainId === undefined) throw new Problem('request.bad_cursor');
  return { copies: Number(copies), domainId: Number(domainId) };
}

/** Without a domain: everything that was learned. */
export async function forgetHabits(world: HabitWorld, caller: Caller, domain: string | undefined): Promise<void> {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  await world.db.asAccount(accountId, async (tx) => {
    await lockHabits(tx, accountId);
    const domainId = domain === undefined ? null : await domainNumber(tx, { accountId, vault }, domain);
    const domains = await deleteHabits(tx, accountId, domainId);
    if (domain !== undefined && domains === 0) throw new Problem('habit.not_found');
    await record(tx, {
      at: world.clock.now(),
      actor,
      action: 'habits.forgotten',
      object: domainId === null ? { kind: 'scanner-habits' } : { kind: 'scanner-habits', id: String(domainId) },
      detail: { domains },
    });
  });
}

async function domainNumber(tx: Tx, { accountId, vault }: AccountKeys, domain: string): Promise<number> {
  const id = await findDomainId(
    tx,
    accountId,
    dimensionIndex(vault, 'domain', domainOf(comparableAddress(`any@${domain}`))),
  );
  if (id === undefined) throw new Problem('habit.not_found');
  return id;
}
