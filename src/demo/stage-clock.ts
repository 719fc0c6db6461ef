/** The demonstration's clock: a day passes in a minute, because it is set from act to act. It never runs backwards. */
import type { Clock } from '../platform/world.ts';

export interface StageClock extends Clock {
  /** Moves on to an instant; one that has passed already changes nothing. */
  advanceTo(instant: Date): void;
  /** From now on this is the real clock. */
  release(): void;
}

export function startStageClock(start: Date): StageClock {
  let lagMs = Date.now() - start.getTime();
  return {
    now: () => new Date(Date.now() - lagMs),
    advanceTo: (instant) => {
      lagMs = Math.max(0, Math.min(lagMs, Date.now() - instant.getTime()));
    },
    release: () => {
      lagMs = 0;
    },
  };
}
