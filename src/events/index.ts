/**
 * The door of the events area, the only writer of events, verdicts, recipient states and roll-ups. Others call it
 * inside their own transaction, so that what happened and what reports count move together.
 */
export { campaignNumber, dimensionIds, dimensionIndex, linkSetId, linksOf } from './dimensions.ts';
export { eraseDetails } from './erase-details.ts';
export type {
  AccountKeys,
  AnonymousHit,
  DeliveryDetail,
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
export { type HeldMessage, holdMessages } from './hold-messages.ts';
export { loadHits, loadSources, lockRecipients } from './load-hits.ts';
export { isFlip } from './opinion.ts';
export { placeRecipients } from './place-recipients.ts';
export { recordAccepted } from './record-accepted.ts';
export { recordDeliveries } from './record-deliveries.ts';
export { recordHits } from './record-hits.ts';
export { recordReturn } from './record-return.ts';
export { recordUnsubscribed } from './record-unsubscribed.ts';
export { foldOnce, startFold } from './worker.ts';
