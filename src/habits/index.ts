/**
 * The door of the habits area: settling, on which everything hangs that must wait for a settled verdict, and what is
 * learned from settled verdicts of the scanners before the recipients' mailboxes.
 */
export { announceHits } from './announce-hits.ts';
export { startForgetting } from './forget-old.ts';
export { type KnownHabits, knownHabits, noHabits, prepareHabits } from './known-habits.ts';
export { habitLearner } from './learn-habits.ts';
export { habitRoutes } from './routes.ts';
export { type Consumer, settleOnce, startSettling } from './settle.ts';
