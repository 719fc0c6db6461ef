/** Turns the activity of a report into the bars of a chart: no gaps in time, one label each. */
import type { z } from 'zod';
import type { activityPoint } from '../../../src/contract/reports.ts';
import { dayOfMoment, hourOfMoment } from '../../shared/format.ts';

type Point = z.infer<typeof activityPoint>;
export type Step = 'hour' | 'day';
export type Kind = 'opens' | 'clicks';

export interface Bar {
  readonly label: string;
  readonly people: number;
  readonly machines: number;
  readonly [key: string]: unknown;
}

const stepMs = { hour: 3_600_000, day: 86_400_000 } as const;
/** More bars than this cannot be told apart; the hours without events are then left out. */
const mostBars = 400;

const labelOf = (step: Step, instant: string, timeZone: string): string =>
  step === 'hour' ? hourOfMoment(instant, timeZone) : dayOfMoment(instant, timeZone);

/** Days begin at local midnight, so twelve hours are added to stay within the day when the clocks change. */
function labelsBetween(first: string, last: string, step: Step, timeZone: string): string[] {
  const shiftMs = step === 'day' ? stepMs.hour * 12 : 0;
  const labels: string[] = [];
  for (
    let atMs = Date.parse(first);
    atMs <= Date.parse(last) + shiftMs && labels.length < mostBars;
    atMs += stepMs[step]
  )
    labels.push(labelOf(step, new Date(atMs + shiftMs).toISOString(), timeZone));
  return [...new Set(labels)];
}

export function barsOf(points: readonly Point[], kind: Kind, step: Step, timeZone: string): Bar[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [];
  const byLabel = new Map(points.map((point) => [labelOf(step, point.at, timeZone), point]));
  const spanMs = Date.parse(last.at) - Date.parse(first.at);
  const labels = spanMs / stepMs[step] < mostBars ? labelsBetween(first.at, last.at, step, timeZone) : byLabel.keys();
  return [...labels].map((label) => {
    const point = byLabel.get(label);
    return { label, people: point?.people[kind] ?? 0, machines: point?.machines[kind] ?? 0 };
  });
}

/** Hours tell the story of the first days, days that of the weeks after. */
export const isBetterByDay = (points: readonly Point[]): boolean => {
  const first = points[0];
  const last = points.at(-1);
  return first !== undefined && last !== undefined && Date.parse(last.at) - Date.parse(first.at) > 5 * stepMs.day;
};
