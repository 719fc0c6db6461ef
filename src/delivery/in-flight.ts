/** Counts what is under way, and lets a loop wait until there is less of it. */

export interface WaitGauge {
  add(amount: number): void;
  level(): number;
  /** Resolves when the level is below `limit`, at the latest after `atMostMs`. */
  belowOrAfter(limit: number, atMostMs: number): Promise<void>;
}

export function newGauge(): WaitGauge {
  let level = 0;
  const waiting = new Set<{ readonly limit: number; readonly go: () => void }>();
  return {
    level: () => level,
    add(amount) {
      level += amount;
      if (amount < 0) for (const one of waiting) if (level < one.limit) one.go();
    },
    belowOrAfter(limit, atMostMs) {
      if (level < limit) return Promise.resolve();
      return new Promise((resolve) => {
        const one = {
          limit,
          go: () => {
            clearTimeout(timer);
            waiting.delete(one);
            resolve();
          },
        };
        const timer = setTimeout(one.go, atMostMs);
        waiting.add(one);
      });
    },
  };
}
