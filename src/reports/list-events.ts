/** Everything that happened to a message, oldest first, each open and click with its verdict and reasons. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EventBody } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import type { VerdictBody } from '../contract/verdicts.ts';
import type { DeliveryDetail, HitDetail } from '../events/index.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { cursorsOf, pageOf } from './cursor.ts';
import { type EventRow, findMessage, listEventRows } from './message-store.ts';
import { messageSealer, openLinks } from './open-message.ts';

export interface EventListQuery {
  readonly recipientId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export async function listEventsOfMessage(world: Needs, caller: Caller, messageId: string, query: EventListQuery) {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const cursors = cursorsOf(world.vault, accountId, `events ${messageId} ${query.recipientId ?? ''}`);
  const now = world.clock.now();
  const answer = await world.db.readAccount(accountId, async (tx) => {
    const message = await findMessage(tx, accountId, messageId);
    if (message === undefined) throw new Problem('message.not_found');
    const after = cursors.read(query.cursor);
    const question = { accountId, messageId, recipientId: query.recipientId, after, rows: query.limit + 1 };
    const rows = await listEventRows(tx, question);
    const { shown, next } = pageOf(rows, query.limit, cursors, ({ occurredAt, id }) => ({ at: occurredAt, id }));
    const links = openLinks(messageSealer(vault, message.keySealed), message);
    const events = shown.map((row) => eventOf(row, vault, links, now));
    return next === null ? { events } : { events, nextCursor: next };
  });
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: now,
      actor,
      action: 'message.read',
      object: { kind: 'message', id: messageId },
      detail: { what: 'events' },
    }),
  );
  return answer;
}

function eventOf(row: EventRow, vault: AccountVault, links: readonly string[], now: Date): EventBody {
  const verdict = verdictOf(row, now);
  const url = row.linkIndex === null ? undefined : links[row.linkIndex];
  return {
    id: row.id,
    type: row.type,
    recipientId: row.recipientId,
    occurredAt: row.occurredAt.toISOString(),
    ...(verdict === null ? {} : { verdict }),
    ...(row.linkIndex === null || url === undefined ? {} : { link: { index: row.linkIndex, url } }),
    ...detailOf(row, vault),
  };
}

function verdictOf(row: EventRow, now: Date): VerdictBody | null {
  const { verdict, strength, actor, unknowable, reasons, ruleset, settlesAt } = row;
  if (verdict === null || strength === null || actor === null || unknowable === null) return null;
  if (reasons === null || ruleset === null || settlesAt === null) return null;
  return { verdict, strength, actor, unknowable, reasons, ruleset, provisional: settlesAt > now };
}

/** Of a hit what asked, of a delivery who answered what. */
function detailOf(row: EventRow, vault: AccountVault): Pick<EventBody, 'request' | 'delivery'> {
  if (row.detailSealed === null) return {};
  const detail: unknown = JSON.parse(vault.open('event.detail', row.detailSealed).toString());
  if (row.type === 'opened' || row.type === 'clicked') {
    const { method, token, ip, userAgent } = (detail as HitDetail).request;
    return { request: { method, token, ip, userAgent } };
  }
  const { host, reply, why } = detail as DeliveryDetail;
  return { delivery: { host, reply, why } };
}
