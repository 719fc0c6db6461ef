/** Puts in line what somebody asks an endpoint to be told: a test, or what it was told before. It sends nothing itself. */
import { Problem } from '../contract/problem.ts';
import type { WebhookDelivery } from '../contract/webhooks.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import { existing, type ManagingWorld, write } from './manage-endpoints.ts';
import {
  countReplayable,
  type DeliveryRow,
  insertTest,
  listDeliveryRows,
  replayOne,
  replaySpan,
  wakeEndpoint,
} from './message-store.ts';
import { findEndpointRow } from './store.ts';

/** More at a time would keep the table busy for minutes: the range can be asked for in parts. */
const mostReplayed = 100_000;

export async function testEndpoint(world: ManagingWorld, caller: Caller, id: string): Promise<{ sequence: number }> {
  const at = world.clock.now();
  return world.db.asAccount(caller.accountId, async (tx) => {
    await enabled(tx, id);
    const sequence = await insertTest(tx, id, { eventId: newId(at), type: 'webhook.test', at });
    if (sequence === undefined) throw new Problem('webhook.disabled');
    await write(tx, caller, at, 'webhook.tested', id, { sequence });
    return { sequence };
  });
}

type ReplayWish = { readonly sequence: number } | { readonly since: string; readonly until: string };

export async function replay(
  world: ManagingWorld,
  caller: Caller,
  id: string,
  wish: ReplayWish,
): Promise<{ replayed: number }> {
  const at = world.clock.now();
  return world.db.asAccount(caller.accountId, async (tx) => {
    await enabled(tx, id);
    const replayed = 'sequence' in wish ? await one(tx, id, wish.sequence, at) : await span(tx, id, wish, at);
    await wakeEndpoint(tx, id, at);
    await write(tx, caller, at, 'webhook.replayed', id, { replayed });
    return { replayed };
  });
}

async function one(tx: Tx, id: string, sequence: number, at: Date): Promise<number> {
  if (!(await replayOne(tx, id, sequence, at))) throw new Problem('webhook.delivery_not_found');
  return 1;
}

async function span(
  tx: Tx,
  id: string,
  wish: { readonly since: string; readonly until: string },
  at: Date,
): Promise<number> {
  const range = { since: new Date(wish.since), until: new Date(wish.until) };
  const replayed = await countReplayable(tx, id, range, mostReplayed);
  if (replayed > mostReplayed) throw new Problem('webhook.range_too_large');
  await replaySpan(tx, id, range, at);
  return replayed;
}

async function enabled(tx: Tx, id: string): Promise<void> {
  if (!existing(await findEndpointRow(tx, id, true)).isEnabled) throw new Problem('webhook.disabled');
}

interface DeliveryQuery {
  readonly state?: 'waiting' | 'delivered' | 'given_up' | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listDeliveries(world: ManagingWorld, { accountId }: Caller, id: string, query: DeliveryQuery) {
  const before = placeOf(query.cursor);
  return world.db.readAccount(accountId, async (tx) => {
    existing(await findEndpointRow(tx, id));
    const { state, limit } = query;
    const rows = await listDeliveryRows(tx, { endpointId: id, state, before, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const nextCursor = rows.length > limit && last !== undefined ? String(last.sequence) : null;
    return { deliveries: page.map(describeDelivery), nextCursor };
  });
}

function placeOf(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  if (!/^\d{1,15}$/.test(cursor)) throw new Problem('request.bad_cursor');
  return Number(cursor);
}

const describeDelivery = ({ dueAt, occurredAt, attempts, ...row }: DeliveryRow): WebhookDelivery => ({
  ...row,
  occurredAt: occurredAt.toISOString(),
  nextTryAt: row.state === 'waiting' ? dueAt.toISOString() : null,
  attempts: attempts.map((one) => ({
    ...one,
    at: new Date(one.at).toISOString(),
    outcome: one.outcome as WebhookDelivery['attempts'][number]['outcome'],
  })),
});
