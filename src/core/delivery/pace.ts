/**
 * Decides how many copies a destination gets at once, by its answers: one more for each round that it takes, half when it
 * says that this is too much, none for a while when even one was too much. It knows no clock but what it is told.
 */

export interface Pace {
  /** Copies at once; whole ones count. */
  readonly slots: number;
  /** Until then nothing is tried; 0: now. */
  readonly pausedUntilMs: number;
  /** Pauses in a row without an answer that took a copy. */
  readonly pauses: number;
  /** Halved at most once in a while: copies that were under way together are one complaint. */
  readonly cutAtMs: number;
  /** How long a copy takes there, smoothed. */
  readonly copyMs: number;
}

export interface PaceLimits {
  /** At first, and never more than `most`. */
  readonly start: number;
  readonly most: number;
}

/** What an attempt says of the destination itself, whatever it says of the recipient. */
export type PaceAnswer = 'took' | 'throttled' | 'other';

const cutEveryMs = 1_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;
const smoothing = 0.1;
const firstGuessMs = 250;

export const newPace = ({ start, most }: PaceLimits): Pace => ({
  slots: Math.min(start, most),
  pausedUntilMs: 0,
  pauses: 0,
  cutAtMs: Number.NEGATIVE_INFINITY,
  copyMs: firstGuessMs,
});

/**
 * RFC 5321 §3.8: 421 ends the service for now. RFC 3463 §3.8: X.7.x is about policy, and temporary ones are how large
 * receivers say "slower"; X.4.5 is mail-system congestion; X.3.2 that the system takes nothing now.
 */
export function paceAnswerOf(reply: { readonly code: number; readonly text: string } | null): PaceAnswer {
  if (reply === null) return 'other';
  if (reply.code < 400) return 'took';
  if (reply.code === 421) return 'throttled';
  if (reply.code >= 500) return 'other';
  return /^\d{3}[ -]4\.(7\.\d|4\.5|3\.2)/.test(reply.text) ? 'throttled' : 'other';
}

/** @param chance from 0 up to 1, so that processes do not come back together. */
export function afterAnswer(
  pace: Pace,
  answer: { readonly kind: PaceAnswer; readonly tookMs: number; readonly atMs: number; readonly chance: number },
  { most }: PaceLimits,
): Pace {
  if (answer.kind === 'throttled') return afterThrottle(pace, answer.atMs, answer.chance);
  const copyMs = pace.copyMs + smoothing * (answer.tookMs - pace.copyMs);
  if (answer.kind === 'other') return { ...pace, copyMs };
  return { ...pace, copyMs, pauses: 0, slots: Math.min(most, pace.slots + 1 / Math.max(1, pace.slots)) };
}

function afterThrottle(pace: Pace, atMs: number, chance: number): Pace {
  if (atMs - pace.cutAtMs < cutEveryMs || atMs < pace.pausedUntilMs) return pace;
  if (pace.slots >= 2) return { ...pace, slots: pace.slots / 2, cutAtMs: atMs };
  const pauseMs = Math.min(firstPauseMs * 2 ** pace.pauses, longestPauseMs) * (0.8 + 0.4 * chance);
  return { ...pace, slots: 1, cutAtMs: atMs, pauses: pace.pauses + 1, pausedUntilMs: atMs + pauseMs };
}

export const slotsOf = (pace: Pace, { most }: PaceLimits): number =>
  Math.max(1, Math.min(Math.floor(pace.slots), most));

/** A little faster than it was measured, or it could never get faster. */
const headroom = 1.25;
const soonestMs = 200;
const furthestMs = 3_600_000;

/**
 * When the turn comes of a copy that finds all slots taken, behind those that were told theirs (`lastTurnMs`). Beyond
 * an hour nobody knows; those come back spread over the second half of it.
 */
export function turnAfter(
  pace: Pace,
  limits: PaceLimits,
  at: { readonly nowMs: number; readonly lastTurnMs: number; readonly chance: number },
): number {
  const first = Math.max(at.nowMs + soonestMs, pace.pausedUntilMs);
  const turnMs = Math.max(first, at.lastTurnMs) + pace.copyMs / slotsOf(pace, limits) / headroom;
  return turnMs - at.nowMs <= furthestMs ? turnMs : at.nowMs + furthestMs * (0.5 + 0.5 * at.chance);
}

/**
 * Many names, one destination: hosts under one registered name belong together. Two labels, or three below a country
 * that sells names under `co`, `com` and the like; an address stands for itself.
 */
export function destinationGroup(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (/^[\d.]+$|:/.test(name)) return name;
  const labels = name.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  const kept = top.length === 2 && second.length <= 3 && labels.length > 2 ? 3 : 2;
  return labels.slice(-kept).join('.');
}
