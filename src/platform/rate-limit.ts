/** Counts tries per caller in a sliding window, in memory. It forgets everybody when the process ends. */
import QuickLRU from 'quick-lru';

export interface RateLimit {
  /** Milliseconds until the next try is allowed; 0: this one is. */
  waitMs(who: string): number;
}

const maxRemembered = 10_000;

export function rateLimit(options: { readonly tries: number; readonly windowMs: number }): RateLimit {
  const tries = new QuickLRU<string, number[]>({ maxSize: maxRemembered });
  return {
    waitMs(who) {
      const nowMs = performance.now();
      const recent = (tries.get(who) ?? []).filter((atMs) => nowMs - atMs < options.windowMs);
      const [oldest] = recent;
      if (oldest !== undefined && recent.length >= options.tries) return Math.ceil(oldest + options.windowMs - nowMs);
      tries.set(who, [...recent, nowMs]);
      return 0;
    },
  };
}
