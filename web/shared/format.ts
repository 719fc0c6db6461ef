/** How the console writes numbers, shares and moments. A missing value is an en dash, never a zero. */

const locale = 'en-US';
const whole = new Intl.NumberFormat(locale);
const oneDigit = new Intl.NumberFormat(locale, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

export const missing = '–';

export const count = (value: number | null): string => (value === null ? missing : whole.format(value));

/** `0.3124` → `31.2%`; a share that would round to nothing, or to all, says so. */
export function percent(share: number | null): string {
  if (share === null) return missing;
  if (share > 0 && share < 0.0005) return '<0.1%';
  if (share < 1 && share >= 0.9995) return '>99.9%';
  return oneDigit.format(share);
}

/** Null where there is nothing to divide by. */
export const shareOf = (part: number | null, all: number): number | null =>
  part === null || all === 0 ? null : part / all;

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const style = (timeZone: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { timeZone, ...options });

const moments = new Map<string, Intl.DateTimeFormat>();
function formatter(kind: string, timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${kind} ${timeZone}`;
  const known = moments.get(key) ?? style(timeZone, options);
  moments.set(key, known);
  return known;
}

const clockTime = { hour: 'numeric', minute: '2-digit' } as const;
const calendarDay = { year: 'numeric', month: 'short', day: 'numeric' } as const;

export const moment = (instant: string, timeZone: string): string =>
  formatter('moment', timeZone, { ...calendarDay, ...clockTime }).format(new Date(instant));

/** With seconds, for timelines where they matter. */
export const exactMoment = (instant: string, timeZone: string): string =>
  formatter('exact', timeZone, { ...calendarDay, ...clockTime, second: '2-digit' }).format(new Date(instant));

export const dayOfMoment = (instant: string, timeZone: string): string =>
  formatter('day', timeZone, calendarDay).format(new Date(instant));

export const hourOfMoment = (instant: string, timeZone: string): string =>
  formatter('hour', timeZone, { month: 'short', day: 'numeric', hour: 'numeric' }).format(new Date(instant));

/** Where the day stands above it. */
export const clockOfMoment = (instant: string, timeZone: string): string =>
  formatter('clock', timeZone, clockTime).format(new Date(instant));

/** A calendar day such as `2026-11-22`, which has no zone of its own. */
export const day = (date: string | null): string =>
  date === null ? missing : formatter('date', 'UTC', calendarDay).format(new Date(`${date}T00:00:00Z`));

export function dayRange(first: string | null, last: string | null): string {
  if (first === null || last === null || first === last) return day(first ?? last);
  return formatter('date', 'UTC', calendarDay).formatRange(
    new Date(`${first}T00:00:00Z`),
    new Date(`${last}T00:00:00Z`),
  );
}

const units = [
  { ms: 86_400_000, one: 'day' },
  { ms: 3_600_000, one: 'hour' },
  { ms: 60_000, one: 'minute' },
  { ms: 1000, one: 'second' },
] as const;

/** How long after `start` something happened: `43 seconds later`. */
export function later(start: string, end: string): string {
  const spanMs = Date.parse(end) - Date.parse(start);
  if (spanMs < 0) return 'before';
  const unit = units.find((candidate) => spanMs >= candidate.ms * (candidate.one === 'second' ? 1 : 2));
  if (unit === undefined) return 'at once';
  const amount = Math.floor(spanMs / unit.ms);
  return `${plural(amount, unit.one)} later`;
}
