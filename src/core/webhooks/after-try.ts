/**
 * Decides what follows a try to tell an endpoint of something: done, again later, never again, or the endpoint is switched
 * off. It also says when the endpoint as a whole is left alone, so that an outage keeps the order of what waits.
 */

export type TryOutcome =
  | 'delivered'
  | 'gone'
  | 'busy'
  | 'redirected'
  | 'refused'
  | 'timed_out'
  | 'unreachable'
  | 'tls_failed'
  | 'address_refused';

/** Standard Webhooks, "Webhook endpoints": 2xx is success; 410 ends it; 429 and 502–504 ask for less; 3xx is not followed. */
export function outcomeOfStatus(status: number): TryOutcome {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  if (status === 429 || status === 503) return 'busy';
  return status >= 300 && status < 400 ? 'redirected' : 'refused';
}

export interface Tried {
  readonly outcome: TryOutcome;
  readonly at: Date;
  /** What the answer asked for; undefined: nothing. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 up to 1, so that what failed together does not come back together. */
  readonly chance: number;
}

export interface Standing {
  /** Of what was told, this try not counted. */
  readonly tries: number;
  readonly firstTriedAt: Date | null;
  /** Of the endpoint, in a row, this one not counted. */
  readonly failures: number;
  readonly failingSince: Date | null;
}

export type AfterTry =
  /** `endsOutage`: what was set aside meanwhile is due at once. */
  | { readonly kind: 'delivered'; readonly endsOutage: boolean }
  /** `pauseUntil` null: it is set aside, and the next is tried. */
  | { readonly kind: 'again'; readonly dueAt: Date; readonly pauseUntil: Date | null }
  | { readonly kind: 'given_up'; readonly pauseUntil: Date | null }
  | { readonly kind: 'disabled'; readonly because: 'gone' | 'failing' };

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** So long something is tried, and so long an endpoint may fail. */
export const patienceMs = 72 * hourMs;
/** One failure may be of what was told; two in a row are of the endpoint. */
const outageFailures = 2;

const waitsMs = [
  5 * secondMs,
  30 * secondMs,
  2 * minuteMs,
  10 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
];
/** Of an endpoint: it should be found soon when it is back. */
const longestPauseMs = 15 * minuteMs;
const longestAskedMs = 24 * hourMs;
const spread = 0.2;

function waitMs(failures: number, chance: number): number {
  const wait = waitsMs[Math.min(failures, waitsMs.length) - 1] ?? 0;
  return Math.round(wait * (1 - spread + 2 * spread * chance));
}

export const isOutage = (failures: number): boolean => failures >= outageFailures;

export function afterTry(tried: Tried, { tries, firstTriedAt, failures, failingSince }: Standing): AfterTry {
  const { outcome, at, chance } = tried;
  if (outcome === 'delivered') return { kind: 'delivered', endsOutage: isOutage(failures) };
  if (outcome === 'gone') return { kind: 'disabled', because: 'gone' };
  if (isOver(failingSince, at)) return { kind: 'disabled', because: 'failing' };
  const pauseUntil = pauseOf(tried, failures + 1);
  if (isOver(firstTriedAt, at)) return { kind: 'given_up', pauseUntil };
  const dueAt = new Date(Math.max(at.getTime() + waitMs(tries + 1, chance), pauseUntil?.getTime() ?? 0));
  return { kind: 'again', dueAt, pauseUntil };
}

const isOver = (since: Date | null, at: Date): boolean =>
  since !== null && at.getTime() - since.getTime() >= patienceMs;

function pauseOf({ outcome, at, retryAfterMs, chance }: Tried, failures: number): Date | null {
  const asked = outcome === 'busy' ? Math.min(retryAfterMs ?? 0, longestAskedMs) : 0;
  if (outcome !== 'busy' && !isOutage(failures)) return null;
  return new Date(at.getTime() + Math.max(asked, Math.min(waitMs(failures, chance), longestPauseMs)));
}

/** RFC 9110 §10.2.3: seconds, or a date. Undefined: neither. */
export function retryAfterOf(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * secondMs;
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now.getTime());
}
