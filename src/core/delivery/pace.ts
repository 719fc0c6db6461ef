/**
 * Decides how many copies a destination gets at once, by its answers: one more for each round that it takes, half when it
 * says that this is too much or lets us wait for nothing, none for a while when even one was too much, and few while it is
 * not known to answer at all. It knows no clock but what it is told.
 */
import type { AttemptEnd } from './outcome.ts';

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
  /** When it answered last, whatever it said. */
  readonly heardAtMs: number;
}

export interface PaceLimits {
  /** At first, and never more than `most`. */
  readonly start: number;
  readonly most: number;
}

/**
 * What an attempt says of the destination itself, whatever it says of the recipient. `failed`: no answer came, and that
 * was soon known; `silent`: it was waited for.
 */
export type PaceAnswer = 'took' | 'throttled' | 'other' | 'failed' | 'silent';

const cutEveryMs = 1_000;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;
const smoothing = 0.1;
const firstGuessMs = 250;
/** Healthy servers answer sooner, also those that make a client wait for their greeting a little. */
const silentAfterMs = 10_000;
const slowFromMs = 200;
const heardForMs = 300_000;
const unheardSlots = 4;

export const newPace = ({ start, most }: PaceLimits): Pace => ({
  slots: Math.min(start, most),
  pausedUntilMs: 0,
  pauses: 0,
  cutAtMs: Number.NEGATIVE_INFINITY,
  copyMs: firstGuessMs,
  heardAtMs: Number.NEGATIVE_INFINITY,
});

/**
 * RFC 5321 §3.8: 421 ends the service for now. RFC 3463 §3.8: X.7.x is about policy, and temporary ones are how large
 * receivers say "slower"; X.4.5 is mail-system congestion; X.3.2 that the system takes nothing now.
 */
export function paceAnswerOf(attempt: {
  readonly reply: { readonly code: number; readonly text: string } | null;
  readonly end: AttemptEnd;
  readonly tookMs: number;
}): PaceAnswer {
  const { reply, end, tookMs } = attempt;
  if (reply === null) return isTimeout(end) || tookMs >= silentAfterMs ? 'silent' : 'failed';
  if (reply.code < 400) return 'took';
  if (reply.code === 421) return 'throttled';
  if (reply.code >= 500) return 'other';
  return /^\d{3}[ -]4\.(7\.\d|4\.5|3\.2)/.test(reply.text) ? 'throttled' : 'other';
}

const isTimeout = (end: AttemptEnd): boolean => end.kind === 'failed' && end.why === 'connection.timeout';

/** @param chance from 0 up to 1, so that processes do not come back together. */
export function afterAnswer(
  pace: Pace,
  answer: { readonly kind: PaceAnswer; readonly tookMs: number; readonly atMs: number; readonly chance: number },
  { most }: PaceLimits,
): Pace {
  const { kind, tookMs, atMs, chance } = answer;
  if (kind === 'silent') return afterSilence(pace, answer);
  const heardAtMs = kind === 'failed' ? pace.heardAtMs : Math.max(pace.heardAtMs, atMs);
  if (kind === 'throttled') return afterThrottle({ ...pace, heardAtMs }, atMs, chance);
  const isFirst = pace.heardAtMs === Number.NEGATIVE_INFINITY;
  const copyMs = isFirst ? tookMs : pace.copyMs + smoothing * (tookMs - pace.copyMs);
  if (kind !== 'took') return { ...pace, copyMs, heardAtMs };
  return { ...pace, copyMs, heardAtMs, pauses: 0, slots: Math.min(most, pace.slots + 1 / Math.max(1, pace.slots)) };
}

/** Others were answered meanwhile: it has too much to do. Nobody was: even one copy is too much. */
function afterSilence(pace: Pace, { tookMs, atMs, chance }: { tookMs: number; atMs: number; chance: number }): Pace {
  const wasHeardMeanwhile = pace.heardAtMs > atMs - tookMs;
  return afterThrottle(wasHeardMeanwhile ? pace : { ...pace, slots: 1 }, atMs, chance);
}

function afterThrottle(pace: Pace, atMs: number, chance: number): Pace {
  if (atMs - pace.cutAtMs < cutEveryMs || atMs < pace.pausedUntilMs) return pace;
  if (pace.slots >= 2) return { ...pace, slots: pace.slots / 2, cutAtMs: atMs };
  const pauseMs = Math.min(firstPauseMs * 2 ** pace.pauses, longestPauseMs) * (0.8 + 0.4 * chance);
  return { ...pace, slots: 1, cutAtMs: atMs, pauses: pace.pauses + 1, pausedUntilMs: atMs + pauseMs };
}

export const slotsOf = (pace: Pace, { most }: PaceLimits): number =>
  Math.max(1, Math.min(Math.floor(pace.slots), most));

/** `silent`: copies are under way there, and nothing was heard for long. `unheard`: nobody knows yet whether it answers. */
export type Standing = 'heard' | 'unheard' | 'silent';

export interface UnderWay {
  readonly inFlight: number;
  /** Since when something is under way without a word; null: nothing is. */
  readonly waitingSinceMs: number | null;
}

export function standingOf({ heardAtMs }: Pace, { waitingSinceMs }: UnderWay, nowMs: number): Standing {
  if (waitingSinceMs !== null && nowMs - waitingSinceMs >= silentAfterMs) return 'silent';
  return nowMs - heardAtMs < heardForMs ? 'heard' : 'unheard';
}

/**
 * Why a copy under way need keep no place from others: its destination has been silent since it began, or takes so much
 * longer than healthy ones that its copies would fill the places, each with little to do but wait.
 */
export function reasonAside(
  pace: Pace,
  under: UnderWay,
  { beganMs, nowMs }: { readonly beganMs: number; readonly nowMs: number },
): 'silent' | 'slow' | null {
  const standing = standingOf(pace, under, nowMs);
  if (standing === 'silent') return nowMs - beganMs >= silentAfterMs ? 'silent' : null;
  return standing === 'heard' && pace.copyMs >= slowFromMs ? 'slow' : null;
}

/** How many at once, whatever is under way. */
export const placesOf = (pace: Pace, limits: PaceLimits, standing: Standing): number =>
  standing === 'unheard' ? Math.min(unheardSlots, slotsOf(pace, limits)) : slotsOf(pace, limits);

/** `crowded`: all who are not known to answer hold what they may hold of a process's places together. */
export type Admission = 'go' | 'paused' | 'full' | 'silent' | 'crowded';

/** Whether one more copy may set out now. */
export function admissionOf(
  pace: Pace,
  limits: PaceLimits,
  at: UnderWay & { readonly nowMs: number; readonly isCrowded: boolean },
): Admission {
  if (at.nowMs < pace.pausedUntilMs) return 'paused';
  const standing = standingOf(pace, at, at.nowMs);
  if (standing === 'silent') return 'silent';
  if (at.inFlight >= placesOf(pace, limits, standing)) return 'full';
  return standing === 'unheard' && at.isCrowded ? 'crowded' : 'go';
}

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
  at: UnderWay & { readonly nowMs: number; readonly lastTurnMs: number; readonly chance: number },
): number {
  const first = Math.max(at.nowMs + soonestMs, pace.pausedUntilMs, at.nowMs + silentMs(pace, at));
  const turnMs = Math.max(first, at.lastTurnMs) + pace.copyMs / slotsOf(pace, limits) / headroom;
  return turnMs - at.nowMs <= furthestMs ? turnMs : at.nowMs + furthestMs * (0.5 + 0.5 * at.chance);
}

/** Whoever was silent so long is not waited for sooner than after as long again. */
function silentMs(pace: Pace, at: UnderWay & { readonly nowMs: number }): number {
  if (at.waitingSinceMs === null || standingOf(pace, at, at.nowMs) !== 'silent') return 0;
  return Math.min(at.nowMs - at.waitingSinceMs, longestPauseMs);
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
