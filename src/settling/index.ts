/** The door of the settling area, on which everything hangs that must wait for a settled verdict. */
export { announceHits } from './announce-hits.ts';
export { type Consumer, type CopyConsumer, mostHits, type SettledCopy, settleOnce, startSettling } from './settle.ts';
