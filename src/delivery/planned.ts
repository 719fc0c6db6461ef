/** Mail that waits for a time of its own: the list of it, and moving it while nothing of it has begun to go out. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { PlannedBody } from '../contract/planned.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readDueAt } from './due-at.ts';
import { isMessageOf, lockPlanned, moveDeliveries, type PlannedPlace, selectPlanned } from './planned-store.ts';
import { readNames } from './queue-store.ts';

const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export async function listPlannedMessages(
  world: World,
  caller: Caller,
  page: { limit: number; cursor?: string | undefined },
) {
  const now = world.clock.now();
  const after = page.cursor === undefined ? { at: now, id: lastId } : readCursor(page.cursor);
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const rows = await selectPlanned(tx, after, page.limit);
    const own = rows.filter(({ departmentId }) => isReached(caller, departmentId));
    const sealed = await readNames(
      tx,
      own.map(({ campaignId }) => campaignId),
    );
    const messages = own.map((row): PlannedBody => {
      const campaign = sealed.get(row.campaignId);
      const { id, departmentId, recipients, held } = row;
      return {
        ...{ id, departmentId, recipients, held },
        sendAt: row.at.toISOString(),
        acceptedAt: row.acceptedAt.toISOString(),
        campaign: campaign === undefined ? null : vault.open('dimension.value', campaign).toString() || null,
        class: row.isMarketing ? 'marketing' : 'transactional',
      };
    });
    const object = { kind: 'queue' } as const;
    const detail = { messages: messages.length };
    await record(tx, { at: now, actor: caller.actor, action: 'planned.listed', object, detail });
    const last = rows.length < page.limit ? undefined : rows.at(-1);
    return { messages, nextCursor: last === undefined ? null : writeCursor(last) };
  });
}

const isReached = ({ departments }: Caller, departmentId: string | null): boolean =>
  departments === undefined || (departmentId !== null && departments.includes(departmentId));

/** A time and an id: it names nobody, and opens nothing that the caller may not see. */
const writeCursor = ({ at, id }: PlannedPlace): string =>
  Buffer.from(`${at.toISOString()} ${id}`).toString('base64url');

function readCursor(cursor: string): PlannedPlace {
  const found = /^(\S{24}) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const at = new Date(found?.[1] ?? '');
  if (
    found === null ||
    Number.isNaN(at.getTime()) ||
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(found[2] ?? '')
  )
    throw new Problem('request.bad_cursor');
  return { at, id: found[2] ?? '' };
}

/** Either it moves whole, or something of it goes out and nothing moves: rows that a worker takes are waited for. */
export async function planMessageAnew(world: World, caller: Caller, id: string, sendAt: string | null) {
  return world.db.asAccount(caller, async (tx) => {
    if (!(await isMessageOf(tx, caller, id))) throw new Problem('message.not_found');
    const { waiting, hasBegun } = await lockPlanned(tx, id, world.clock.now());
    if (waiting === 0 || hasBegun) throw new Problem('message.not_planned');
    const now = world.clock.now();
    const dueAt = readDueAt(sendAt, now);
    const isPlanned = dueAt > now;
    await moveDeliveries(tx, id, dueAt, isPlanned);
    const object = { kind: 'message', id } as const;
    const detail = { recipients: waiting };
    await record(tx, { at: now, actor: caller.actor, action: 'message.planned_anew', object, detail });
    return { id, sendAt: isPlanned ? dueAt.toISOString() : null, recipients: waiting };
  });
}
