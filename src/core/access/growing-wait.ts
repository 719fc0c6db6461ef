/** Decides how long somebody waits who failed to sign in: nothing at first, then twice as long each time, to a bound. */
const freeFailures = 5;
const firstWaitMs = 2_000;
const longestWaitMs = 15 * 60_000;

/** Milliseconds from the last failure until the next try is taken. */
export const waitAfterMs = (failures: number): number =>
  failures < freeFailures ? 0 : Math.min(firstWaitMs * 2 ** Math.min(failures - freeFailures, 30), longestWaitMs);
