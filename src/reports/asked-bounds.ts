/** The bounds of a report's range, or the refusal of an empty one. */
import { Problem } from '../contract/problem.ts';
import type { Bounds } from '../core/report/days.ts';
import { type AskedRange, boundsOf } from '../core/report/range.ts';

export function askedBounds(timeZone: string, asked: AskedRange): Bounds {
  const bounds = boundsOf(timeZone, asked);
  if (bounds === null) throw new Problem('report.range_invalid');
  return bounds;
}
