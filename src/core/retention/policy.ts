/** Whether times that things are kept go together. Decides only. */

export interface KeptDays {
  readonly messageDays: number | null;
  readonly eventDays: number | null;
  readonly minimumDays: number | null;
}

export type PolicyJudgement = { readonly kind: 'sound' } | { readonly kind: 'contradictory'; readonly why: string };

/** The shortest time that messages are kept is never undercut by what erases by itself. */
export function judgePolicy({ messageDays, eventDays, minimumDays }: KeptDays): PolicyJudgement {
  if (minimumDays === null) return { kind: 'sound' };
  if (messageDays !== null && messageDays < minimumDays)
    return { kind: 'contradictory', why: 'messages would go before the shortest time that they are kept' };
  if (eventDays !== null && eventDays < minimumDays)
    return { kind: 'contradictory', why: 'events would go before the shortest time that messages are kept' };
  return { kind: 'sound' };
}
