/** How long the address and program of a hit stay readable, in words. Null is as long as the event, 0 not at all. */
import { plural } from '../../shared/format.ts';

export type KeepDays = number | null;
export type Life = 'event' | 'days' | 'none';

export const mostDays = 3650;
export const daysAtFirst = 30;

export const lifeOf = (days: KeepDays): Life => (days === null ? 'event' : days === 0 ? 'none' : 'days');

export function lifeSentence(days: KeepDays): string {
  if (days === null)
    return 'You can still see, months later, from where and with what a message was opened. Choose it if you investigate incidents.';
  if (days === 0) return 'Both are dropped before anything is stored in the database.';
  return `Both can be read for ${plural(days, 'day')}, then their key is destroyed and nobody can read them again.`;
}

/** A shorter life holds for the past too, so it asks once more. */
export const isShorter = (wanted: KeepDays, now: KeepDays): boolean =>
  (wanted ?? Number.POSITIVE_INFINITY) < (now ?? Number.POSITIVE_INFINITY);

/** A whole number of days that the server takes, or null. */
export function daysFrom(text: string | number): number | null {
  const days = typeof text === 'number' ? text : Number(text.trim() === '' ? Number.NaN : text);
  return Number.isInteger(days) && days >= 1 && days <= mostDays ? days : null;
}
