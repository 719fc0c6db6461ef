/**
 * The door of the events area, the only writer of events, verdicts, recipient states and roll-ups. Others call it
 * inside their own transaction, so that what happened and what reports count move together.
 */

export { openDelivery } from './delivery-detail.ts';
export { campaignNumber, dimensionIds, dimensionIndex, linkSetId, linksOf } from './dimensions.ts';
export { eraseDetails } from './erase-details.ts';
export type {
  AccountKeys,
  AnonymousHit,
  DeliveryOutcome,
  DimensionKind,
  HitDetail,
  HitVerdict,
  JudgedHit,
  LockedRecipient,
  LockedRecipients,
  Revision,
} from './event.ts';
export { accountsWithFeed, type FedEvent, feedErased, feedHits, takeFeed, wishForEvents } from './feed-store.ts';
export { holdKeyedMessages, holdMessages, type KeyedMessage } from './hold-messages.ts';
export { loadHits, loadSources, lockRecipients } from './load-hits.ts';
export { openHost } from './mail-hosts.ts';
export { messageSealers, type SealerOf } from './message-sealers.ts';
export { isFlip } from './opinion.ts';
export { placeRecipients } from './place-recipients.ts';
export { recordAccepted } from './record-accepted.ts';
export { recordDeliveries } from './record-deliveries.ts';
export { recordHits } from './record-hits.ts';
export { recordReturn } from './record-return.ts';
export { recordUnsubscribed } from './record-unsubscribed.ts';
export { foldOnce, startFold } from './worker.ts';
