/**
 * The door of the events area, the only writer of events, verdicts, recipient states and roll-ups. Others call it
 * inside their own transaction, so that what happened and what reports count move together.
 */
export { dimensionIds, dimensionIndex, linkSetId, linksOf } from './dimensions.ts';
export type {
  AcceptedMessage,
  AccountKeys,
  AnonymousHit,
  DeliveryDetail,
  DeliveryOutcome,
  DimensionKind,
  DimensionValue,
  Hit,
  HitDetail,
  HitVerdict,
  JudgedHit,
  LockedRecipient,
  LockedRecipients,
  Revision,
  SourceHit,
} from './event.ts';
export { loadHits, loadSources, lockRecipients } from './load-hits.ts';
export { recordAccepted } from './record-accepted.ts';
export { type RecordedDeliveries, recordDeliveries } from './record-deliveries.ts';
export { type HitBatch, type RecordedHits, recordHits } from './record-hits.ts';
export { foldOnce, startFold } from './worker.ts';
