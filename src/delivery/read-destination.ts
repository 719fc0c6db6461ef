/** One destination of the queue: what waits there, its pace, and what it said within a day. It changes nothing but the audit log. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { comparableAddress, domainOf } from '../core/message/index.ts';
import { dimensionIndex } from '../events/index.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeDestination, slotBodies, wordsOf } from './describe-destination.ts';
import { listed } from './list-queue.ts';
import { type Looks, rememberLooks } from './look-on.ts';
import { findDomain, readDestinations, readHolds, readPaces } from './queue-store.ts';
import { readSaid, readSlots, repliesKeptForMs } from './reply-store.ts';

const mostKinds = 50;
const hourMs = 3_600_000;
/** No mail ever went there. */
const unknown = -1;

export async function readDestination(world: World, caller: Caller, wished: string, looks: Looks = rememberLooks()) {
  const now = world.clock.now();
  const since = new Date(now.getTime() - repliesKeptForMs);
  const domain = comparableDomain(wished);
  const vault = await accountVault(world, caller.accountId);
  const isKnown = looks.goesOn(caller, now);
  const told = await world.db.asAccount(caller, async (tx) => {
    const domainId = (await findDomain(tx, dimensionIndex(vault, 'domain', domain))) ?? unknown;
    const [found] = await readDestinations(tx, domainId - 1, 1, now);
    const holds = await readHolds(tx);
    const day = await readSlots(tx, [domainId], since);
    const replies = await readSaid(tx, domainId, since, mostKinds);
    const destination = describeDestination(
      {
        domain,
        row: found?.domainId === domainId ? found : undefined,
        heldBackSince: holds.find((one) => one.domainId === domainId)?.placedAt,
        seen: await readPaces(tx, [domainId]),
        slots: day.filter(({ slotAt }) => now.getTime() - slotAt.getTime() < hourMs),
      },
      now,
    );
    if (!isKnown) await record(tx, listed(caller, now, 1));
    return {
      destination,
      day: slotBodies(day),
      replies: replies.map(({ outcome, why, replyCode, times, lastAt }) => ({
        ...{ outcome, times, why: wordsOf(why) },
        replyCode: replyCode === 0 ? null : replyCode,
        lastAt: lastAt.toISOString(),
      })),
    };
  });
  if (!isKnown) looks.noted(caller, now);
  return told;
}

/** As recipients' domains are compared. */
export const comparableDomain = (wished: string): string => domainOf(comparableAddress(`any@${wished}`));
