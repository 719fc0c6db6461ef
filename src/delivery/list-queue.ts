/** Tells what waits, by destination: counted up to a bound, with what the delivering processes saw lately. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeDestination } from './describe-destination.ts';
import { type Looks, rememberLooks } from './look-on.ts';
import { type HoldRow, readDestinations, readHolds, readNames, readPaces } from './queue-store.ts';
import { readSlots } from './reply-store.ts';

const shownForMs = 3_600_000;

/** @param looks a page that is kept fresh asks every few seconds: one entry is enough for all of it. */
export async function listQueue(
  world: World,
  caller: Caller,
  page: { limit: number; cursor?: string | undefined },
  looks: Looks = rememberLooks(),
) {
  const now = world.clock.now();
  const after = page.cursor === undefined ? 0 : readCursor(page.cursor);
  const vault = await accountVault(world, caller.accountId);
  const isKnown = looks.goesOn(caller, now);
  const told = await world.db.asAccount(caller, async (tx) => {
    const rows = await readDestinations(tx, after, page.limit, now);
    const holds = await readHolds(tx);
    const domainIds = rows.map(({ domainId }) => domainId);
    const paces = Map.groupBy(await readPaces(tx, domainIds), ({ domainId }) => domainId);
    const sealed = await readNames(tx, [...domainIds, ...holds.map((one) => one.domainId || one.campaignId)]);
    const nameOf = (id: number): string => {
      const name = sealed.get(id);
      return name === undefined ? '' : vault.open('dimension.value', name).toString();
    };
    const slots = Map.groupBy(
      await readSlots(tx, domainIds, new Date(now.getTime() - shownForMs)),
      ({ domainId }) => domainId,
    );
    if (!isKnown) await record(tx, listed(caller, now, rows.length));
    return {
      destinations: rows.map((row) =>
        describeDestination(
          {
            ...{ row, domain: nameOf(row.domainId) },
            heldBackSince: holds.find(({ domainId }) => domainId === row.domainId)?.placedAt,
            seen: paces.get(row.domainId) ?? [],
            slots: slots.get(row.domainId) ?? [],
          },
          now,
        ),
      ),
      holds: withoutRepeats(holds.map((one) => holdBody(one, nameOf))),
      nextCursor: rows.length < page.limit ? null : String(domainIds.at(-1)),
    };
  });
  if (!isKnown) looks.noted(caller, now);
  return told;
}

export const listed = ({ actor }: Caller, at: Date, destinations: number) => ({
  ...{ at, actor, action: 'queue.listed' as const },
  ...{ object: { kind: 'queue' as const }, detail: { destinations } },
});

function readCursor(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw new Problem('request.bad_cursor');
  return Number(cursor);
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
