/**
 * Days of an account's time zone: which day an instant falls on, when a day begins, and how a range splits into whole
 * days and the ragged ends beside them. Days are `YYYY-MM-DD`; a day may have 23, 24 or 25 hours.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone, made);
  return made;
}

/** The wall clock of a zone, written as if it were UTC: only differences and its day mean anything. */
function wallClockMs(timeZone: string, atMs: number): number {
  const wholeSecondsMs = Math.floor(atMs / 1000) * 1000;
  const part: Partial<Record<string, number>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(wholeSecondsMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (atMs - wholeSecondsMs);
}

const dayMs = 86_400_000;
const dayText = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

export const dayOf = (timeZone: string, at: Date): string => dayText(wallClockMs(timeZone, at.getTime()));

const hourMs = 3_600_000;

/** The start of the zone's own hour: half past by UTC where the zone is half an hour off. */
export const startOfHour = (timeZone: string, at: Date): Date =>
  new Date(at.getTime() - (wallClockMs(timeZone, at.getTime()) % hourMs));

export const nextDay = (day: string): string => dayText(Date.parse(`${day}T00:00:00Z`) + dayMs);

/**
 * The first instant of a day. Where the clock skips midnight (daylight saving in some zones) it is the first instant
 * that exists; where midnight comes twice it is the first of the two.
 */
export function startOfDay(timeZone: string, day: string): Date {
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  const offsets = [-dayMs, 0, dayMs].map((shift) => wallClockMs(timeZone, midnightMs + shift) - (midnightMs + shift));
  const candidates = [...new Set(offsets)].map((offset) => midnightMs - offset).sort((a, b) => a - b);
  const exact = candidates.find((atMs) => wallClockMs(timeZone, atMs) === midnightMs);
  if (exact !== undefined) return new Date(exact);
  return new Date(firstInstantOf(timeZone, midnightMs, candidates[0] ?? midnightMs));
}

/** Midnight does not exist: the day begins where the wall clock jumps over it. */
function firstInstantOf(timeZone: string, midnightMs: number, nearMs: number): number {
  let before = nearMs - dayMs / 4;
  let after = nearMs + dayMs / 4;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClockMs(timeZone, middle) < midnightMs) before = middle;
    else after = middle;
  }
  return after;
}

/** From `from` up to, but not including, `to`; null is unbounded. */
export interface DayRange {
  readonly from: string | null;
  readonly to: string | null;
}

export interface InstantRange {
  readonly from: Date;
  readonly to: Date;
}

/** Whole days can be read from roll-ups; the ragged ends only recipient by recipient. */
export interface SplitRange {
  /** Null when the range holds no whole day. */
  readonly days: DayRange | null;
  readonly ends: readonly InstantRange[];
}

export type Bounds = { readonly since: Date | null; readonly until: Date | null };

export function splitRange(timeZone: string, { since, until }: Bounds): SplitRange {
  const first = since === null ? null : roundUp(timeZone, since);
  const last = until === null ? null : roundDown(timeZone, until);
  const days = { from: first?.day ?? null, to: last?.day ?? null };
  if (since !== null && until !== null && first !== null && last !== null && first.at > last.at) {
    return { days: null, ends: [{ from: since, to: until }] };
  }
  const isEmpty = first !== null && last !== null && first.day === last.day;
  const ends = [
    ...(since !== null && first !== null && since < first.at ? [{ from: since, to: first.at }] : []),
    ...(until !== null && last !== null && last.at < until ? [{ from: last.at, to: until }] : []),
  ];
  return { days: isEmpty ? null : days, ends };
}

interface DayStart {
  readonly day: string;
  readonly at: Date;
}

function roundDown(timeZone: string, at: Date): DayStart {
  const day = dayOf(timeZone, at);
  return { day, at: startOfDay(timeZone, day) };
}

function roundUp(timeZone: string, at: Date): DayStart {
  const floor = roundDown(timeZone, at);
  if (floor.at.getTime() === at.getTime()) return floor;
  const day = nextDay(floor.day);
  return { day, at: startOfDay(timeZone, day) };
}
