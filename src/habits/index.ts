/** The door of the habits area: what is learned from settled verdicts of the scanners before the recipients' mailboxes. */
export { startForgetting } from './forget-old.ts';
export { type KnownHabits, knownHabits, noHabits, prepareHabits } from './known-habits.ts';
export { habitLearner } from './learn-habits.ts';
export { habitRoutes } from './routes.ts';
