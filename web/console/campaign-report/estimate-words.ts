/** Writes an interval of rates no finer than it is known. */
import { percent } from '../../shared/format.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly openRate: number;
}

/** Below it whole points would make the ends of the interval one number. */
const narrow = 0.05;

const whole = (share: number): string => `${Math.round(share * 100)}%`;

/** The ends are rounded outwards, so that what is written holds no less than what is known. */
export function intervalWords({ low, high, openRate }: Interval): { low: string; high: string; guess: string } {
  if (high - low < narrow) return { low: percent(low), high: percent(high), guess: percent(openRate) };
  return {
    low: `${Math.floor(low * 100 + 1e-9)}%`,
    high: `${Math.ceil(high * 100 - 1e-9)}%`,
    guess: whole(openRate),
  };
}
