/** The shape of a verdict, and what the strict, balanced and lenient views make of a stored one. Never judges. */

/** One sentence for people beside the rule that said it. Texts carry figures, never addresses, agents or URLs. */
export interface Reason {
  readonly rule: string;
  readonly text: string;
}

export interface Verdict {
  readonly id?: string;
  readonly verdict: 'human' | 'automated';
  readonly strength: 'certain' | 'probable' | 'suspected';
  readonly actor: string;
  /** A prefetch that hides whether a person also looked. */
  readonly unknowable: boolean;
  readonly reasons: readonly Reason[];
  readonly ruleset: string;
  readonly provisional: boolean;
  /** Set when the sequence was too long to judge together and this hit was judged by itself. */
  readonly judgedAlone?: true;
}

export type View = 'strict' | 'balanced' | 'lenient';

/** The four classes of which every view is a cut. */
export type VerdictClass = 'human' | 'human-suspected' | 'automated-probable' | 'automated-certain';

/** The class of a stored (balanced) verdict. */
export function classOf(verdict: Pick<Verdict, 'verdict' | 'strength'>): VerdictClass {
  if (verdict.verdict === 'human') return verdict.strength === 'suspected' ? 'human-suspected' : 'human';
  return verdict.strength === 'certain' ? 'automated-certain' : 'automated-probable';
}

const HUMAN_CLASSES: Readonly<Record<View, readonly VerdictClass[]>> = {
  strict: ['human'],
  balanced: ['human', 'human-suspected'],
  lenient: ['human', 'human-suspected', 'automated-probable'],
};

/** What a stored (balanced) verdict counts as in a view. */
export function countsAs(view: View, verdict: Pick<Verdict, 'verdict' | 'strength'>): 'human' | 'automated' {
  return HUMAN_CLASSES[view].includes(classOf(verdict)) ? 'human' : 'automated';
}

/** The same verdict as a view would tell it: where the view differs from the balanced one, the strength is `suspected`. */
export function seenBy(view: View, verdict: Verdict): Verdict {
  const seen = countsAs(view, verdict);
  return seen === verdict.verdict ? verdict : { ...verdict, verdict: seen, strength: 'suspected' };
}
