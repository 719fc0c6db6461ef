/** Tells what waits, by destination: counted up to a bound, with what the delivering processes saw lately. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { reasons, type Why } from '../core/delivery/reasons.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  countedAtMost,
  type DestinationRow,
  type HoldRow,
  type PaceSeen,
  readDestinations,
  readHolds,
  readNames,
  readPaces,
} from './queue-store.ts';

/** What was seen longer ago says nothing of the rate now. */
const liveForMs = 15_000;

export async function listQueue(world: World, caller: Caller, page: { limit: number; cursor?: string | undefined }) {
  const now = world.clock.now();
  const after = page.cursor === undefined ? 0 : readCursor(page.cursor);
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const rows = await readDestinations(tx, after, page.limit, now);
    const holds = await readHolds(tx);
    const domainIds = rows.map(({ domainId }) => domainId);
    const paces = Map.groupBy(await readPaces(tx, domainIds), ({ domainId }) => domainId);
    const sealed = await readNames(tx, [...domainIds, ...holds.map((one) => one.domainId || one.campaignId)]);
    const nameOf = (id: number): string => {
      const name = sealed.get(id);
      return name === undefined ? '' : vault.open('dimension.value', name).toString();
    };
    await record(tx, {
      at: now,
      actor: caller.actor,
      action: 'queue.listed',
      object: { kind: 'queue' },
      detail: { destinations: rows.length },
    });
    return {
      destinations: rows.map((row) => ({
        domain: nameOf(row.domainId),
        ...counts(row),
        heldBackSince: holds.find(({ domainId }) => domainId === row.domainId)?.placedAt.toISOString() ?? null,
        ...paceBody(paces.get(row.domainId) ?? [], now),
      })),
      holds: withoutRepeats(holds.map((one) => holdBody(one, nameOf))),
      nextCursor: rows.length < page.limit ? null : String(domainIds.at(-1)),
    };
  });
}

function readCursor(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw new Problem('request.bad_cursor');
  return Number(cursor);
}

const counts = ({ queued, due, inFlight, deferred, scheduled, held, oldestAt }: DestinationRow) => ({
  ...{ due, inFlight, deferred, scheduled, held },
  queued: Math.min(queued, countedAtMost),
  isMore: queued > countedAtMost,
  oldestAt: oldestAt?.toISOString() ?? null,
});

/** @param seen by each process, the latest first. */
function paceBody(seen: readonly PaceSeen[], now: Date) {
  const [last] = seen;
  const live = seen.filter(({ seenAt }) => now.getTime() - seenAt.getTime() < liveForMs);
  const pausedUntil = live.find((one) => one.pausedUntil !== null && one.pausedUntil > now)?.pausedUntil ?? null;
  return {
    deliveredPerMinute: live.reduce((sum, one) => sum + one.deliveredPerMinute, 0),
    atMost: live.length === 0 ? null : live.reduce((sum, one) => sum + one.atMost, 0),
    pausedUntil: pausedUntil?.toISOString() ?? null,
    last:
      last === undefined
        ? null
        : {
            outcome: last.lastOutcome,
            why: reasons[last.lastWhy as Why],
            replyCode: last.lastReplyCode,
            at: last.seenAt.toISOString(),
          },
  };
}

interface HoldBody {
  readonly destination: string | null;
  readonly campaign: string | null;
  readonly since: string;
}

const holdBody = ({ domainId, campaignId, placedAt }: HoldRow, nameOf: (id: number) => string): HoldBody => ({
  destination: domainId === 0 ? null : nameOf(domainId),
  campaign: campaignId === 0 ? null : nameOf(campaignId),
  since: placedAt.toISOString(),
});

/** A campaign is held once for each department that sends it; people see it once. */
const withoutRepeats = (holds: readonly HoldBody[]): HoldBody[] => [
  ...new Map(holds.map((one) => [`${one.destination} ${one.campaign}`, one])).values(),
];
