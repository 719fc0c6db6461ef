/** Decides how long to wait before the next attempt. The first retry is quick, the later ones hours apart. */

export interface RetryPolicy {
  /** The first wait; the others are multiples of it. */
  readonly baseMs: number;
  /** After this age a failing message bounces. */
  readonly expiryMs: number;
}

const dayMs = 86_400_000;
/** RFC 5321 §4.5.4.1: at least 4–5 days. */
export const defaultRetryPolicy: RetryPolicy = { baseMs: 15_000, expiryMs: 5 * dayMs };

/** With the default base: 15 s, 1, 5, 15, 30 minutes, 1, 2 and then every 4 hours. */
const multiples = [1, 4, 20, 60, 120, 240, 480, 960];
const spread = 0.2;

/** The wait after `attempts` failures, ± 20 % by `chance` (0 up to 1), so that a backlog does not come back at once. */
export function retryAfterMs(age: { readonly attempts: number; readonly chance: number }, policy: RetryPolicy): number {
  const step = Math.min(Math.max(age.attempts, 1), multiples.length) - 1;
  const waitMs = policy.baseMs * (multiples[step] ?? 1);
  return Math.round(waitMs * (1 - spread + 2 * spread * age.chance));
}
