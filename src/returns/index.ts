/** The door of returns: the SMTP listener that takes mail that comes back, and the loop that forgets it in time. */
export { startIntake } from './smtp-intake.ts';
export { startForgettingReturns } from './worker.ts';
