/** Over which mail a run went, in words. */
import { dayOfMoment } from '../../../shared/format.ts';

interface Span {
  readonly since: string | null;
  readonly until: string | null;
}

/** `until` itself is no longer in it. */
const lastDay = (until: string, timeZone: string): string =>
  dayOfMoment(new Date(Date.parse(until) - 1).toISOString(), timeZone);

export function spanWords({ since, until }: Span, timeZone: string): string {
  if (since === null && until === null) return 'all mail';
  if (until === null) return `mail since ${dayOfMoment(since ?? '', timeZone)}`;
  if (since === null) return `mail until ${lastDay(until, timeZone)}`;
  return `mail of ${dayOfMoment(since, timeZone)} to ${lastDay(until, timeZone)}`;
}
