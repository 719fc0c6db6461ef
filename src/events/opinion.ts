/** When one opinion on a hit is another: a flip is told and kept, a restatement only follows the ruleset. Decides only. */
import type { HitVerdict } from './event.ts';

/** Whether who reads the verdict is told something else. Other reasons or another ruleset for the same are no flip. */
export const isFlip = (was: HitVerdict, becomes: HitVerdict): boolean =>
  was.verdict !== becomes.verdict ||
  was.strength !== becomes.strength ||
  was.actor !== becomes.actor ||
  was.unknowable !== becomes.unknowable;

/** Whether anything of it is to be written. When it was formed and when it settles does not matter alone. */
export const differs = (was: HitVerdict, becomes: HitVerdict): boolean =>
  isFlip(was, becomes) || was.ruleset !== becomes.ruleset || !areSame(was.reasons, becomes.reasons);

const areSame = (some: HitVerdict['reasons'], others: HitVerdict['reasons']): boolean =>
  some.length === others.length &&
  some.every(({ rule, text }, place) => others[place]?.rule === rule && others[place]?.text === text);

/** What a change keeps of the opinion before and of the one after. */
export const keptOpinion = ({ verdict, strength, actor, unknowable, reasons, ruleset }: HitVerdict) => ({
  verdict,
  strength,
  actor,
  unknowable,
  reasons: reasons.map(({ rule, text }) => ({ rule, text })),
  ruleset,
});
