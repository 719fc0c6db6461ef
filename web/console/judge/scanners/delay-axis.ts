/** The axis of delays: by powers, because a scanner's second and a scanner's hour must both be seen. Pure. */
import type { Tick } from '../../elements/tick.ts';

const secondMs = 1000;
const dayMs = 86_400_000;

/** A share of the axis from one second to one day. */
export const placeOf = (delayMs: number): number =>
  Math.min(1, Math.max(0, Math.log(delayMs / secondMs) / Math.log(dayMs / secondMs)));

export const ticks: readonly Tick[] = [
  { at: placeOf(secondMs), label: '1 s' },
  { at: placeOf(10 * secondMs), label: '10 s' },
  { at: placeOf(60 * secondMs), label: '1 min' },
  { at: placeOf(600 * secondMs), label: '10 min' },
  { at: placeOf(3600 * secondMs), label: '1 h' },
  { at: placeOf(dayMs), label: '1 day' },
];

/** No finer than it is known. */
export function delayWords(delayMs: number): string {
  const seconds = delayMs / 1000;
  if (seconds < 1.5) return '1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
