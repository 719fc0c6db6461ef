/** Decides who is told of an alert. It knows ids and roles, no address. */

export interface Person {
  readonly id: string;
  readonly role: string;
}

export interface AlertFacts {
  readonly what: string;
  /** Whom it is about. */
  readonly userId: string | null;
}

/** Everybody once. Of emergency access those who review it, which is never whoever opened it as long as there is another. */
export function whomToTell({ what, userId }: AlertFacts, people: readonly Person[]): string[] {
  const having = (role: string): string[] => people.filter((one) => one.role === role).map(({ id }) => id);
  const owners = having('owner');
  if (what.startsWith('emergency_')) {
    const others = (ids: readonly string[]): string[] => ids.filter((id) => id !== userId);
    return [others(having('compliance')), others(owners), owners].find((ids) => ids.length > 0) ?? [];
  }
  const self = people.filter(({ id }) => id === userId).map(({ id }) => id);
  return [...new Set([...self, ...owners])];
}
