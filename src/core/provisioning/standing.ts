/** Decides from the groups that somebody is in which role and department they have, and whether they may come in at all. */

/** Strongest first. */
const strength = ['owner', 'admin', 'compliance', 'sender', 'viewer'] as const;
type Role = (typeof strength)[number];

export interface Mapped {
  readonly role: Role | null;
  readonly departmentId: string | null;
}

export interface Person {
  readonly role: Role;
  readonly departmentId: string | null;
  /** What groups gave last; null: the role is from elsewhere. */
  readonly roleGiven: Role | null;
  readonly isActive: boolean;
  /** It was losing the last group that deactivated them, and nobody else. */
  readonly isOutByGroups: boolean;
}

export interface Fallback {
  readonly role: Role;
  readonly isOut: boolean;
}

export interface Standing {
  readonly role: Role;
  readonly roleGiven: Role | null;
  readonly departmentId: string | null;
  readonly change: 'none' | 'deactivate' | 'reactivate';
  readonly why: 'strongest_group' | 'owner_by_hand' | 'left_last_group' | 'no_group';
}

/** `mapped`: the mappings of the groups that the person is in, oldest group first. */
export function standingOf(person: Person, mapped: readonly Mapped[], fallback: Fallback): Standing {
  const departmentId = mapped.find((one) => one.departmentId !== null)?.departmentId ?? person.departmentId;
  const strongest = strength.find((role) => mapped.some((one) => one.role === role));
  const { role, roleGiven } = person;
  if (strongest !== undefined) {
    const change = person.isOutByGroups && !person.isActive ? 'reactivate' : 'none';
    // Whom the console made an owner no group makes less: the account must not depend on its directory alone.
    if (role === 'owner' && roleGiven !== 'owner')
      return { role, roleGiven, departmentId, change, why: 'owner_by_hand' };
    return { role: strongest, roleGiven: strongest, departmentId, change, why: 'strongest_group' };
  }
  if (roleGiven === null || role !== roleGiven)
    return { role, roleGiven: null, departmentId, change: 'none', why: 'no_group' };
  const change = fallback.isOut && person.isActive ? 'deactivate' : 'none';
  return { role: fallback.role, roleGiven: null, departmentId, change, why: 'left_last_group' };
}
