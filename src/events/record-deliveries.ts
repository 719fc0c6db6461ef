/**
 * What attempts came to: an event each, the recipient's status and the roll-ups. It decides which news still counts: a
 * recipient who has the message is never waiting for it again, and the same end is told once.
 */

import type { RecipientStatus } from '../contract/values.ts';
import { CellLedger, estimateCells, estimateCounts, recipientCells, recipientCounts } from '../core/report/cells.ts';
import { maskOf } from '../core/report/kinds.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { sealDelivery } from './delivery-detail.ts';
import type { AccountKeys, DeliveryOutcome, LockedRecipient, LockedRecipients } from './event.ts';
import { insertEvents } from './event-store.ts';
import { lockRecipients } from './load-hits.ts';
import { gatewayName, sealHost } from './mail-hosts.ts';
import { type DeliveryMove, insertDeltas, moveDeliveries } from './state-store.ts';

/** Which outcomes made an event; the others were told before, or came too late to be true. */
export interface RecordedDeliveries {
  readonly recorded: readonly DeliveryOutcome[];
  readonly stale: readonly DeliveryOutcome[];
  /** Recipients who were hit before this news came: their verdicts may lean on it. */
  readonly hitBefore: readonly string[];
}

type News = Omit<RecordedDeliveries, 'hitBefore'>;

export async function recordDeliveries(
  tx: Tx,
  account: AccountKeys,
  outcomes: readonly DeliveryOutcome[],
): Promise<RecordedDeliveries> {
  const recipients = await lockRecipients(
    tx,
    account,
    outcomes.map((outcome) => outcome.recipientId),
  );
  const news = sortOut(recipients, outcomes);
  if (news.recorded.length === 0) return { ...news, hitBefore: [] };
  await insertEvents(
    tx,
    account.accountId,
    news.recorded.map((outcome) => deliveryEvent(account, recipients, outcome)),
  );
  const moves = movesOf(recipients, news.recorded);
  await moveDeliveries(tx, account.accountId, moves);
  const deltas = deltasOf(recipients, moves);
  if (deltas.length > 0) await insertDeltas(tx, account.accountId, deltas);
  return { ...news, hitBefore: moves.map((move) => move.recipientId).filter((id) => wasHit(lockedOf(recipients, id))) };
}

const wasHit = ({ opens, clicks }: LockedRecipient): boolean => [...opens, ...clicks].some((count) => count > 0);

/** `delivered` may still become `bounced`: a receiving server can take a message and return it later (RFC 5321 §4.5.5). */
function isNews(now: RecipientStatus, kind: DeliveryOutcome['kind']): boolean {
  if (now === 'queued' || now === 'deferred') return true;
  return kind !== 'deferred' && kind !== now;
}

function sortOut(recipients: LockedRecipients, outcomes: readonly DeliveryOutcome[]): News {
  const recorded: DeliveryOutcome[] = [];
  const stale: DeliveryOutcome[] = [];
  const statuses = new Map<string, RecipientStatus>();
  for (const outcome of outcomes) {
    const now = statuses.get(outcome.recipientId) ?? recipients.get(outcome.recipientId)?.status;
    if (now !== undefined && isNews(now, outcome.kind)) {
      statuses.set(outcome.recipientId, outcome.kind);
      recorded.push(outcome);
    } else stale.push(outcome);
  }
  return { recorded, stale };
}

const deliveryEvent = ({ vault }: AccountKeys, recipients: LockedRecipients, outcome: DeliveryOutcome) => ({
  id: newId(outcome.at),
  occurredAt: outcome.at,
  recordedAt: outcome.at,
  type: outcome.kind,
  messageId: lockedOf(recipients, outcome.recipientId).messageId,
  recipientId: outcome.recipientId,
  linkIndex: null,
  sourceKey: null,
  detailSealed: sealDelivery(vault, outcome.sealer, outcome.detail),
});

/** One move a recipient, where its last news leaves it. */
function movesOf(recipients: LockedRecipients, recorded: readonly DeliveryOutcome[]): DeliveryMove[] {
  const moves = new Map<string, DeliveryMove>();
  for (const outcome of recorded) {
    const before = moves.get(outcome.recipientId);
    moves.set(outcome.recipientId, moveOf(lockedOf(recipients, outcome.recipientId), outcome, before));
  }
  return [...moves.values()];
}

function moveOf(recipient: LockedRecipient, outcome: DeliveryOutcome, before: DeliveryMove | undefined): DeliveryMove {
  const isFirstDelivery =
    outcome.kind === 'delivered' && recipient.deliveredAt === null && (before?.deliveredAt ?? null) === null;
  return {
    recipientId: recipient.recipientId,
    status: outcome.kind,
    deliveredAt: isFirstDelivery ? outcome.at : (before?.deliveredAt ?? null),
    deliveredVia: isFirstDelivery ? (outcome.via ?? null) : (before?.deliveredVia ?? null),
    deliveredBySealed: isFirstDelivery
      ? sealHost(outcome.sealer, outcome.detail.host)
      : (before?.deliveredBySealed ?? null),
    ...gatewayIn(outcome, before),
  };
}

function gatewayIn(
  { gatewayMx, sealer }: DeliveryOutcome,
  before: DeliveryMove | undefined,
): Pick<DeliveryMove, 'gatewayMx' | 'gatewayMxSealed' | 'gatewayMxSource'> {
  if (gatewayMx === undefined) {
    const { gatewayMx: name = null, gatewayMxSealed = null, gatewayMxSource = null } = before ?? {};
    return { gatewayMx: name, gatewayMxSealed, gatewayMxSource };
  }
  const { host, source } = gatewayMx;
  return { gatewayMx: gatewayName(host), gatewayMxSealed: sealHost(sealer, host), gatewayMxSource: source };
}

function deltasOf(recipients: LockedRecipients, moves: readonly DeliveryMove[]) {
  const ledger = new CellLedger();
  for (const { recipientId, status } of moves) {
    const recipient = lockedOf(recipients, recipientId);
    const masks = { opens: maskOf(recipient.opens), clicks: maskOf(recipient.clicks) };
    const [was, is] = [
      { status: recipient.status, ...masks },
      { status, ...masks },
    ];
    for (const cell of recipientCells(recipient)) ledger.move(cell, recipientCounts(was), recipientCounts(is));
    const isPrefetched = recipient.prefetches > 0;
    const [before, after] = [estimateCounts(was, isPrefetched), estimateCounts(is, isPrefetched)];
    for (const cell of estimateCells(recipient)) ledger.move(cell, before, after);
  }
  return ledger.deltas();
}

function lockedOf(recipients: LockedRecipients, recipientId: string): LockedRecipient {
  const recipient = recipients.get(recipientId);
  if (recipient === undefined) throw new Error('a recipient is used without its lock');
  return recipient;
}
