/** Puts beside a hit's evidence how it compares with what the scanner of its recipient's domain usually does. */
import type { Evidence } from '@waxwing/verdict';
import { type KnownHabits, knownHabits, noHabits } from '../habits/index.ts';
import type { Tx } from '../platform/database.ts';

export interface Learner {
  readonly accountId: string;
  readonly settings: { readonly learnScannerHabits: boolean };
  /** What was looked up before the transaction; absent: it is looked up inside, so ask before taking locks. */
  readonly preparedHabits?: KnownHabits | undefined;
}

/** What is known now; nothing where the account has switched learning off. */
export async function habitsOf(tx: Tx, account: Learner, now: Date): Promise<KnownHabits> {
  if (!account.settings.learnScannerHabits) return noHabits;
  return account.preparedHabits ?? knownHabits(tx, account.accountId, now);
}

export function withHabit(evidence: Evidence, domainId: number, habits: KnownHabits): Evidence {
  const habit = habits.compare(domainId, evidence);
  return habit === undefined ? evidence : { ...evidence, habit };
}

/** What a hit was compared with when it came stays; only where its delivery was not known yet is it compared late. */
export const withLateHabit = (was: Evidence, is: Evidence, domainId: number, habits: KnownHabits): Evidence =>
  was.sinceDeliveryMs === undefined && is.sinceDeliveryMs !== undefined ? withHabit(is, domainId, habits) : is;
