/**
 * The `since` and `until` of a question as instants. An instant is itself; a day means the whole of it in the account's
 * time zone, as first or as last day, as people say it.
 */
import { type Bounds, nextDay, startOfDay } from './days.ts';

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** No mail is older or newer; beyond them calendars and databases disagree about years. */
const earliestMs = Date.parse('1970-01-01T00:00:00Z');
const latestMs = Date.parse('9000-01-01T00:00:00Z');

function boundOf(timeZone: string, text: string | undefined, day: (text: string) => string): Date | null {
  if (text === undefined) return null;
  const at = isDay(text) ? startOfDay(timeZone, day(text)) : new Date(text);
  return new Date(Math.min(Math.max(at.getTime(), earliestMs), latestMs));
}

export interface AskedRange {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** The instant `since` is in the range, the instant `until` is not; both days are. Null: the range is empty or reversed. */
export function boundsOf(timeZone: string, asked: AskedRange): Bounds | null {
  const since = boundOf(timeZone, asked.since, (first) => first);
  const until = boundOf(timeZone, asked.until, nextDay);
  return since !== null && until !== null && since >= until ? null : { since, until };
}
