/** Turns the judge's verdict into the opinion that is kept of a hit, and tells when it is another one. It judges nothing. */
import type { Verdict } from '@waxwing/verdict';
import type { HitVerdict, JudgedHit } from '../events/index.ts';

const settleMs = 15 * 60_000;
/** A burst that would speak against a person's own browser shows within this. */
const burstMs = 5_000;

/** Settled at once when certain, else a quarter of an hour after the hit. */
export function opinion(verdict: Verdict | undefined, occurredAt: Date, now: Date): HitVerdict {
  if (verdict === undefined) throw new Error('the judge left a hit out');
  const { strength, actor, unknowable, ruleset } = verdict;
  const afterMs = strength !== 'certain' ? settleMs : verdict.verdict === 'human' ? burstMs : 0;
  return {
    verdict: verdict.verdict,
    strength,
    actor,
    unknowable,
    ruleset,
    reasons: [...verdict.reasons],
    judgedAt: now,
    settlesAt: new Date(occurredAt.getTime() + afterMs),
  };
}

const erasedReason = { rule: 'message-erased', text: 'The message had been deleted before this request.' };

/** The same opinion for one more reason is no revision: a person who opens a mail ten times would rewrite ten verdicts. */
export const isAnotherOpinion = (was: HitVerdict, becomes: HitVerdict): boolean =>
  was.verdict !== becomes.verdict ||
  was.strength !== becomes.strength ||
  was.actor !== becomes.actor ||
  was.unknowable !== becomes.unknowable ||
  was.ruleset !== becomes.ruleset;

/** What was true of the request when it came stays beside any later opinion. */
export const revised = (hit: JudgedHit, verdict: HitVerdict): HitVerdict =>
  hit.verdict.reasons.some((reason) => reason.rule === erasedReason.rule) ? withErased(verdict) : verdict;

export const withErased = (verdict: HitVerdict): HitVerdict => ({
  ...verdict,
  reasons: [...verdict.reasons, erasedReason],
});
