/** A range of the log as it is asked for: instants, or days of UTC. */
import { Problem } from '../contract/problem.ts';

const dayMs = 86_400_000;

export interface RangeQuery {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface Range {
  readonly since: Date | null;
  /** Not meant itself. */
  readonly until: Date | null;
}

/** Throws report.range_invalid. */
export function rangeOf(query: RangeQuery): Range {
  const since = boundOf(query.since, 0);
  const until = boundOf(query.until, dayMs);
  if (since !== null && until !== null && since >= until) throw new Problem('report.range_invalid');
  return { since, until };
}

/** An instant, or a day of UTC: its beginning, or for the end of a range the beginning of the next. */
function boundOf(text: string | undefined, dayAddsMs: number): Date | null {
  if (text === undefined) return null;
  return new Date(Date.parse(text) + (text.length === 'yyyy-mm-dd'.length ? dayAddsMs : 0));
}
