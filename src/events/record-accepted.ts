/** A message was accepted: an event and a state for each recipient, and the roll-ups that count them. */

import { CellLedger, recipientCells } from '../core/report/cells.ts';
import { dayOf } from '../core/report/days.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { AcceptedMessage } from './event.ts';
import { insertEvents } from './event-store.ts';
import { insertDeltas, insertStates } from './state-store.ts';

export async function recordAccepted(tx: Tx, message: AcceptedMessage): Promise<void> {
  const { accountId, recipients } = message;
  if (recipients.length === 0) return;
  const acceptedDay = dayOf(message.timeZone, message.acceptedAt);
  await insertStates(tx, { ...message, acceptedDay }, recipients);
  await insertEvents(
    tx,
    accountId,
    recipients.map(({ recipientId }) => acceptedEvent(message, recipientId)),
  );
  await insertDeltas(tx, accountId, acceptedDeltas(message, acceptedDay));
}

const acceptedEvent = ({ messageId, acceptedAt }: AcceptedMessage, recipientId: string) => ({
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

function acceptedDeltas(message: AcceptedMessage, acceptedDay: string) {
  const ledger = new CellLedger();
  const queued = { status: 'queued', opens: 0, clicks: 0 } as const;
  for (const { domainId } of message.recipients) {
    ledger.add(recipientCells({ ...message, acceptedDay, domainId }, queued), 1);
  }
  return ledger.deltas();
}
