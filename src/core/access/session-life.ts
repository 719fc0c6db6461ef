/** Decides how long a session lasts: the strictest of what its user's role and department say. */
export interface SessionLimits {
  readonly idleMinutes: number;
  readonly absoluteMinutes: number;
}

export const usualLimits: SessionLimits = { idleMinutes: 30, absoluteMinutes: 720 };

/** Null: nothing is said. */
interface Sayings {
  readonly roleIdle: number | null;
  readonly roleAbsolute: number | null;
  readonly departmentIdle: number | null;
  readonly departmentAbsolute: number | null;
}

/** A role's own limits take the place of the usual ones; a department's only shorten them. */
export const limitsOf = (said: Sayings): SessionLimits => ({
  idleMinutes: strictest(said.roleIdle ?? usualLimits.idleMinutes, said.departmentIdle),
  absoluteMinutes: strictest(said.roleAbsolute ?? usualLimits.absoluteMinutes, said.departmentAbsolute),
});

const strictest = (first: number, second: number | null): number => Math.min(first, second ?? first);
