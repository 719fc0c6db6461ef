/** Everything that happened to a message, oldest first, each open and click with its verdict and reasons. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EventBody } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import type { VerdictBody } from '../contract/verdicts.ts';
import { type HitDetail, openDelivery } from '../events/index.ts';
import type { MessageKeys } from '../platform/message-seal.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { isHoneypotHit, type OpenRequest, requestOpener } from '../tracking/index.ts';
import { cursorsOf, pageOf } from './cursor.ts';
import { type EventRow, findMessage, isOnHold, listEventRows } from './message-store.ts';
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
  const answer = await world.db.readAccount(caller, async (tx) => {
    const message = await findMessage(tx, caller, messageId);
    if (message === undefined) throw new Problem('message.not_found');
    const after = cursors.read(query.cursor);
    const question = { accountId, messageId, recipientId: query.recipientId, after, rows: query.limit + 1 };
    const rows = await listEventRows(tx, question);
    const { shown, next } = pageOf(rows, query.limit, cursors, ({ occurredAt, id }) => ({ at: occurredAt, id }));
    const sealer = messageSealer(vault, message.keySealed);
    const keys = { account: vault, message: sealer };
    const links = openLinks(sealer, message);
    const times = shown.flatMap((row) => (isHit(row) ? [row.occurredAt] : []));
    const isHeld = times.length > 0 && (await isOnHold(tx, accountId, messageId));
    const openRequest = await requestOpener(tx, { vault, sealerOf: () => sealer }, times, now, { isHeld });
    const events = shown.map((row) => eventOf(row, { messageId, keys, links, openRequest }, now));
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

interface Opening {
  readonly messageId: string;
  readonly keys: MessageKeys;
  readonly links: readonly string[];
  readonly openRequest: OpenRequest;
}

const isHit = ({ type }: EventRow): boolean => type === 'opened' || type === 'clicked';

function eventOf(row: EventRow, opening: Opening, now: Date): EventBody {
  const { links } = opening;
  const verdict = verdictOf(row, now);
  const url = row.linkIndex === null ? undefined : links[row.linkIndex];
  return {
    id: row.id,
    type: row.type,
    recipientId: row.recipientId,
    occurredAt: row.occurredAt.toISOString(),
    ...(verdict === null ? {} : { verdict }),
    ...(row.linkIndex === null || url === undefined ? {} : { link: { index: row.linkIndex, url } }),
    ...detailOf(row, opening),
  };
}

function verdictOf(row: EventRow, now: Date): VerdictBody | null {
  const { verdict, strength, actor, unknowable, reasons, ruleset, settlesAt } = row;
  if (verdict === null || strength === null || actor === null || unknowable === null) return null;
  if (reasons === null || ruleset === null || settlesAt === null) return null;
  return { verdict, strength, actor, unknowable, reasons, ruleset, provisional: settlesAt > now };
}

/** Of a hit what asked, as far as that is kept; of a delivery who answered what. */
function detailOf(
  row: EventRow,
  { messageId, keys, openRequest }: Opening,
): Pick<EventBody, 'honeypot' | 'request' | 'delivery'> {
  if (row.detailSealed === null) return {};
  if (isHit(row)) {
    const hit = JSON.parse(keys.account.open('event.detail', row.detailSealed).toString()) as HitDetail;
    const { method, token } = hit.request;
    const request = { method, token, ...openRequest({ messageId, occurredAt: row.occurredAt, detail: hit }) };
    return isHoneypotHit(hit) ? { honeypot: true, request } : { request };
  }
  const { host, reply, why } = openDelivery(keys, row.detailSealed) ?? forgotten;
  return { delivery: { host, reply, why } };
}

/** Put back from a backup without the key that it ended with. */
const forgotten = { host: null, reply: null, why: 'Erased with its message.' };
