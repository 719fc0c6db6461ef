/** How long the address and agent of a hit may be read. Days are those of UTC; decides only, keeps nothing. */

/** Null: as long as the event; 0: not at all. */
export type KeepDays = number | null;

const dayMs = 86_400_000;

export const requestDay = (at: Date): string => at.toISOString().slice(0, 10);

export const stricterDays = (one: KeepDays, other: KeepDays): KeepDays =>
  one === null ? other : other === null ? one : Math.min(one, other);

/** To the millisecond; the key itself goes when the last hit of its day has come that far. */
export const isReadable = (at: Date, keepDays: KeepDays, now: Date): boolean =>
  keepDays === null || (keepDays > 0 && now.getTime() < at.getTime() + keepDays * dayMs);
