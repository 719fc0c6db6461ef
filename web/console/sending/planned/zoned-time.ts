/** Moments as a clock on the wall of a time zone shows them, `2026-11-25T09:00`, and back. */

const formatters = new Map<string, Intl.DateTimeFormat>();
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const two = '2-digit';
  const made = new Intl.DateTimeFormat('en-GB', {
    ...{
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
    },
  } as Intl.DateTimeFormatOptions);
  formatters.set(timeZone, made);
  return made;
}

export function wallTime(at: Date, timeZone: string): string {
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`;
}

/**
 * The moment at which that clock shows it; of two, the first. Null: it never does, as it is no time at all or one that is
 * skipped when clocks go forward.
 */
export function momentOfWall(wall: string, timeZone: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(wall)) return null;
  const asUtc = Date.parse(`${wall}:00Z`);
  if (Number.isNaN(asUtc)) return null;
  const shift = (at: number): number => Date.parse(`${wallTime(new Date(at), timeZone)}:00Z`) - at;
  // No zone is further than a day from UTC, and the two sides of a change are all there is.
  const moments = [asUtc - 86_400_000, asUtc + 86_400_000]
    .map((at) => asUtc - shift(at))
    .filter((at) => wallTime(new Date(at), timeZone) === wall);
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}
