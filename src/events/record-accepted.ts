/** Messages were accepted: an event and a state for each recipient, and the roll-ups that count them. */
import { CellLedger, recipientCells, recipientCounts } from '../core/report/cells.ts';
import { dayOf } from '../core/report/days.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { AcceptedMessage } from './event.ts';
import { insertEvents } from './event-store.ts';
import { insertDeltas, insertStates, type NewState } from './state-store.ts';

/** Messages of one account. Three statements for all of them, because many are accepted in one transaction. */
export async function recordAccepted(tx: Tx, ...messages: readonly AcceptedMessage[]): Promise<void> {
  const states = messages.flatMap(statesOf);
  const accountId = messages[0]?.accountId;
  if (states.length === 0 || accountId === undefined) return;
  await insertStates(tx, accountId, states);
  await insertEvents(tx, accountId, states.map(acceptedEvent));
  const ledger = new CellLedger();
  const queued = recipientCounts({ status: 'queued', opens: 0, clicks: 0 });
  for (const state of states) for (const cell of recipientCells(state)) ledger.add(cell, queued, 1);
  await insertDeltas(tx, accountId, ledger.deltas());
}

function statesOf(message: AcceptedMessage): NewState[] {
  const { messageId, acceptedAt, campaignId, senderId, linkSetId } = message;
  const acceptedDay = dayOf(message.timeZone, acceptedAt);
  const shared = { messageId, acceptedAt, acceptedDay, campaignId, senderId, linkSetId };
  return message.recipients.map(({ recipientId, domainId }) => ({ ...shared, recipientId, domainId }));
}

const acceptedEvent = ({ messageId, recipientId, acceptedAt }: NewState) => ({
  id: newId(acceptedAt),
  occurredAt: acceptedAt,
  recordedAt: acceptedAt,
  type: 'accepted' as const,
  messageId,
  recipientId,
  linkIndex: null,
  sourceKey: null,
  detailSealed: null,
});
